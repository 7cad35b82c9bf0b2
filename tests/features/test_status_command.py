"""``distributor status`` on a data folder that nothing has run in yet."""

from __future__ import annotations

from tests.house import house


def test_status_works_before_the_first_start_and_names_what_is_missing() -> None:
    with house() as ours:
        document = ours.json("status")
        assert document["releases"] == []
        assert document["services"]["database"] == "ok"
        assert document["services"]["redis"] != "ok"
        gone = ours.run("status", "0192f0c1")
        assert gone.returncode == 1
        assert len(gone.stderr.strip().splitlines()) == 1
