"""On PostgreSQL nothing that is issued slips past a pause, or past its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.postgres import Postgres


@pytest.fixture
def server() -> Iterator[Postgres]:
    # Not below pytest's own folder, which each of its processes closes to other users.
    with tempfile.TemporaryDirectory(prefix="distributor-turns-") as folder:
        running = Postgres(Path(folder, "postgres"))
        yield running
        running.stop()


@pytest.mark.long
def test_whoever_issues_and_whoever_pauses_take_turns(server: Postgres, tmp_path: Path) -> None:
    base = {name: value for name, value in os.environ.items() if "DISTRIBUTOR_" not in name}
    options = {
        "DJANGO_SETTINGS_MODULE": "distributor.service.settings",
        "DISTRIBUTOR_DATABASE__URL": server.database("turns"),
        "DISTRIBUTOR_SITE__DATA_DIR": str(tmp_path / "data"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.pausing_turns"],
        env=base | options,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "issue pause": {"waited": True, "held": True},
        "pause issue": {"waited": True, "held": True},
        "issue resume": {"waited": True, "held": False},
        "resume issue": {"waited": True, "held": False},
    }
