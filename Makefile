# Everything that a developer, an operator who tries it, and CI need. Each target sets up what it
# uses, once, and notices when that is stale; any of them may be interrupted and repeated.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# uv asks the registry that pip asks, where that is not the common one.
UV := VIRTUAL_ENV="$(CURDIR)/$(VENV)" \
    UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}}" \
    $(BIN)/uv
STAMPS := $(VENV)/stamps
# Where Python may not keep what it compiled, each of hundreds of processes compiles it again.
unexport PYTHONDONTWRITEBYTECODE
# More than there are cores: many tests wait for something.
WORKERS ?= 4

.PHONY: demo run test faults bench check lock clean browser

demo: $(STAMPS)/run
	$(BIN)/distributor demo

run: $(STAMPS)/run
	$(BIN)/distributor up --catch-mail

test: $(STAMPS)/dev browser
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/simulation tests/faults tests/integration/test_service_up.py tests/features tests/integration tests/browser tests/golden tests/unit -m "not long"
	DISTRIBUTOR_TEST_POSTGRES=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/integration -m "django_db and not long"

faults: $(STAMPS)/dev
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/simulation tests/faults tests/integration/test_service_up.py tests/browser --timeout 600
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/features tests/integration --ignore tests/integration/test_service_up.py -m long --timeout 600
	DISTRIBUTOR_TEST_POSTGRES=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile tests/features -m "django_db and not long and not screens"

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
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 \
	    || $(PYTHON) -m venv --clear --without-pip $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null \
	    || $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check uv \
	    || { echo "Python has no pip: install it (Debian: apt install python3-venv) and run make again"; exit 1; }
	@mkdir -p $(STAMPS)
	@touch $@

# Whoever has the development set keeps it: it holds the other.
$(STAMPS)/run: requirements.lock requirements-dev.lock pyproject.toml $(STAMPS)/uv
	$(call install,$(if $(wildcard $(STAMPS)/dev),requirements-dev.lock,requirements.lock))

$(STAMPS)/dev: requirements-dev.lock pyproject.toml $(STAMPS)/uv
	$(call install,requirements-dev.lock)

define install
@echo "Setting up $(VENV) from $(1) …"
@$(UV) pip install --quiet --compile-bytecode --require-hashes -r $(1)
@$(UV) pip install --quiet --no-deps --editable .
@$(BIN)/python -m compileall -q distributor
@touch $@
endef
