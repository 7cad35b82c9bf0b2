"""``distributor status`` on a data folder that nothing has run in yet."""

from __future__ import annotations

from pathlib import Path

from tests.running import Service


def test_status_works_before_the_first_start_and_names_what_is_missing(
    tmp_path: Path,
) -> None:
    ours = Service(tmp_path / "new")
    document = ours.json("status")
    assert document["releases"] == []
    assert document["services"]["database"] == "ok"
    assert document["services"]["redis"] != "ok"
    gone = ours.cli("status", "0192f0c1", code=1)
    assert len(gone.stderr.strip().splitlines()) == 1
