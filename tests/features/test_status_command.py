"""``distributor status`` on a data folder that nothing has run in yet."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from distributor.service import template_database
from tests.running import Service


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service that was never started."""
    return Service(tmp_path_factory.mktemp("status") / "new")


@pytest.fixture(scope="module")
def document(ours: Service) -> Any:
    return ours.json("status")


def test_status_works_before_the_first_start_and_names_what_is_missing(
    ours: Service, document: Any
) -> None:
    assert document["releases"] == []
    assert document["services"]["database"] == "ok"
    assert document["services"]["redis"] != "ok"
    gone = ours.cli("status", "0192f0c1", code=1)
    assert len(gone.stderr.strip().splitlines()) == 1


def test_the_first_command_begins_with_the_tables_that_another_made(
    document: Any, tmp_path: Path
) -> None:
    made = template_database.path()
    kept = tmp_path / "cache" / made.parent.name / made.name
    kept.parent.mkdir(parents=True)
    with (
        closing(sqlite3.connect(f"file:{made}?mode=ro", uri=True)) as before,
        closing(sqlite3.connect(kept)) as marked,
    ):
        before.backup(marked)
        marked.execute("CREATE TABLE mark (x)")
    other = Service(tmp_path / "other")
    other.environ["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    other.cli("status")
    with closing(sqlite3.connect(other.data_dir / "distributor.sqlite3")) as found:
        assert found.execute("SELECT name FROM sqlite_master WHERE name = 'mark'").fetchall()
