"""A feed that would not be valid: what is out stays, one line says why, and the rest is owed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.running import Service, until

HUB = "https://näv.example/"
"""An address that no feed may name: it is not in ASCII."""


def refused(words: str) -> list[dict[str, str]]:
    """The lines of a log that tell of a refused feed."""
    return [json.loads(line) for line in words.splitlines() if '"feeds.refused"' in line]


def titles(service: Service, feed: str) -> list[str]:
    return [item["title"] for item in service.answer(f"/feeds/{feed}.json").json()["items"]]


def publish(service: Service, title: str) -> None:
    file = service.folder / "bron.md"
    file.write_text(f"# {title}\n\nIngress.\n\nText.\n", "utf-8")
    service.cli("publish", file, "--wait", "--timeout", "60")


@pytest.mark.long
def test_a_feed_that_is_refused_is_told_of_once_and_built_when_it_can_be(tmp_path: Path) -> None:
    ours = Service(tmp_path / "service")
    with ours:
        publish(ours, "Bron öppnar")
        until(lambda: titles(ours, "sv/all") == ["Bron öppnar"], 20, "the feed")
    ours.environ["DISTRIBUTOR_FEEDS__WEBSUB_HUB"] = HUB
    with ours:
        publish(ours, "Bron stänger")
        (newest, _) = ours.json("status")["releases"]
        assert newest["channels"]["feed"]["failed"] == 2
        assert titles(ours, "sv/all") == ["Bron öppnar"]
        added = ours.cli("topics", "add", "trafik", "Trafik").stderr
        until(lambda: len(refused(ours.words())) >= 2, 20, "those of the release")
        for _ in range(2):
            ours.cli("sweep")
            time.sleep(3)  # for what would be told once more
        told = refused(ours.words() + added)
        assert "Traceback" not in ours.words()
    assert sorted(line["feed"] for line in told) == ["all", "en/trafik", "sv/all", "sv/trafik"]
    for line in told:
        assert line["level"] == "error"
        assert HUB in line["reply"]
        assert "feeds.websub_hub" in line["remedy"]
    del ours.environ["DISTRIBUTOR_FEEDS__WEBSUB_HUB"]
    with ours:
        both = ["Bron stänger", "Bron öppnar"]
        until(lambda: titles(ours, "sv/all") == both, 20, "what it lacked")
        until(lambda: ours.answer("/feeds/sv/trafik.json").ok, 20, "the new feed")
