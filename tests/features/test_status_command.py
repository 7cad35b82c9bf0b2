"""``distributor status`` on a data folder that nothing has run in, and how it names releases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from distributor.service import template_database
from distributor.service.cli import distributor, main
from tests.fanning import issue
from tests.running import Service

TWINS = ("01939f3a-1b2c-7000-8000-000000000001", "01939f3a-1b2d-7000-8000-000000000002")
"""Releases of one minute, where an id begins with the time."""


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


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        distributor.main(arguments, standalone_mode=False)
        return capsys.readouterr().out

    return call


@pytest.mark.django_db
def test_the_list_shows_as_much_of_an_id_as_tells_releases_apart(said: Callable[..., str]) -> None:
    for number, ident in enumerate(TWINS):
        issue(id=ident, title=f"Bron {number}")
    other = str(issue().release_id)
    said("sending", TWINS[1], "--pause")
    listed = said("status")
    assert f"\nsending   {TWINS[1][:13]} is paused" in listed
    shown = [line.split()[0] for line in listed.split("\n\n")[1].splitlines() if "publis" in line]
    assert sorted(shown) == sorted((TWINS[0][:13], TWINS[1][:13], other[:8]))
    assert (
        listed.index("title\n") - listed.index("release  ") <= 82
    )  # where there is no room, it goes
    for number, ident in enumerate(TWINS):
        (short,) = [text for text in shown if ident.startswith(text)]
        assert said("status", short).startswith(f"Bron {number}\n")


@pytest.mark.django_db
def test_an_id_in_short_that_may_mean_several_is_refused_and_they_are_named(
    said: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    for number, ident in enumerate(TWINS):
        issue(id=ident, title=f"Bron {number}")
    for command in (["status"], ["sending", "--pause"], ["undo"], ["redeliver", "--channel=email"]):
        with pytest.raises(SystemExit) as ended:
            main([command[0], TWINS[0][:8], *command[1:]])
        assert ended.value.code == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith(
            f"{TWINS[0][:8]} begins 2 releases; say which: {TWINS[1]} (Bron 1), {TWINS[0]} (Bron 0)"
        )
    for number in range(3, 8):
        issue(id=f"01939f3a-1b2e-7000-8000-00000000000{number}")
    with pytest.raises(SystemExit):
        main(["status", "01939f3a"])
    said_of_all = capsys.readouterr().err
    assert said_of_all.strip().endswith("(Bron öppnar) and 2 more")
    assert said_of_all.count("-7000-") == 5
