# Everything that a developer, an operator who tries it, and CI need. Each target sets up what it
# uses, once, and notices when that is stale; any of them may be interrupted and repeated.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv
STAMPS := $(VENV)/stamps
WORKERS ?= 2

.PHONY: demo run test faults bench check lock clean browser

demo: $(STAMPS)/run
	$(BIN)/distributor demo

run: $(STAMPS)/run
	$(BIN)/distributor up --catch-mail

test: $(STAMPS)/dev browser
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup tests/unit tests/golden tests/integration tests/features tests/browser tests/faults -m "not long"

faults: $(STAMPS)/dev
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/faults --timeout 600

bench: $(STAMPS)/dev
	$(BIN)/python -m tests.benchmarks

check: $(STAMPS)/dev
	$(BIN)/python -m tests.check

# Pin the newest versions that pyproject.toml allows, with their hashes.
lock: $(STAMPS)/uv
	$(UV) pip compile --quiet --upgrade pyproject.toml --generate-hashes --universal --no-header \
	    --no-emit-index-url --no-emit-find-links --output-file requirements.lock
	$(UV) pip compile --quiet --upgrade pyproject.toml --group test --group check --generate-hashes --universal \
	    --no-header --no-emit-index-url --no-emit-find-links --constraint requirements.lock \
	    --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) dist

# The browser tests use a Chromium that is there, else try to install one, else say so.
browser: $(STAMPS)/dev
	@$(BIN)/python -m tests.browser

$(STAMPS)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	mkdir -p $(STAMPS)
	touch $@

# The development set holds the other: whoever has it does not go back.
$(STAMPS)/run: requirements.lock pyproject.toml $(STAMPS)/uv
	test -f $(STAMPS)/dev || $(UV) pip install --quiet --require-hashes -r requirements.lock
	test -f $(STAMPS)/dev || $(UV) pip install --quiet --no-deps --editable .
	touch $@

$(STAMPS)/dev: requirements-dev.lock pyproject.toml $(STAMPS)/uv
	$(UV) pip install --quiet --require-hashes -r requirements-dev.lock
	$(UV) pip install --quiet --no-deps --editable .
	touch $@
