"""A feed and its entries, for tests of feeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedgen.feed
from lxml import etree

from distributor.channels.feeds import Entry, Feed, build, entry
from tests.samples import sample_release, sample_site

SITE = sample_site()
BORN = datetime(2023, 1, 1, 12, 0, tzinfo=UTC)
FIRST = datetime(2023, 11, 15, 9, 30, tzinfo=UTC)
FORMATS = ("rss", "atom", "json")


def sample_feed(**changes: Any) -> Feed:
    feed = Feed(
        name="sv/all",
        id="tag:press.ekvik.example,2023:feed/sv/all",
        title="Ekviks kommun: nyheter & pressmeddelanden",
        description="Allt som Ekviks kommun skickar ut på svenska.",
        language="sv",
        url="https://press.ekvik.example/feeds/sv/all",
        page_url="https://press.ekvik.example/",
        born=BORN,
        hub="https://press.ekvik.example/feeds/hub",
    )
    return replace(feed, **changes)


def sample_entry(**changes: Any) -> Entry:
    """The sample release, with changes to the release."""
    release = replace(sample_release(), **changes)
    return entry(release, SITE, published=FIRST, updated=release.updated_at or FIRST)


def sample_entries(count: int) -> list[Entry]:
    """``count`` entries, an hour apart, the oldest first."""
    made = []
    for number in range(count):
        moment = FIRST + timedelta(hours=number)
        release = replace(
            sample_release("en" if number % 5 == 4 else "sv"),
            uri=f"tag:press.ekvik.example,2023:release/{number:04}",
            url=f"https://press.ekvik.example/2023/nyhet-{number}/",
            title=f"Nyhet {number} om R&D, 5 < 10 och <pilot> 🎉",
            lead=f"Ingress {number}: R&D & <pilot>, 5 < 10, ”citat” och 🎉.",
        )
        made.append(entry(release, SITE, published=moment, updated=moment))
    return made


def plain(*, entries: int = 1, dated: bool = True) -> Any:
    """A feed as the manual of feedgen makes one."""
    feed = feedgen.feed.FeedGenerator()
    feed.id("tag:press.example,2023:feed")
    feed.title("T")
    feed.description("D")
    feed.link(href="https://press.example/", rel="alternate")
    if dated:
        feed.updated(FIRST)
    for number in range(entries):
        entry = feed.add_entry()
        entry.id(f"tag:press.example,2023:{number}")
        entry.title(f"Entry {number}")
        entry.link(href=f"https://press.example/{number}")
        entry.content("<p>text</p>", type="html")
        entry.published(FIRST)
        entry.updated(FIRST)
    return feed


def ours(*entries: Any, **feed: Any) -> dict[str, Any]:
    documents = build(sample_feed(**feed), entries or [sample_entry()], SITE).documents
    return {format: etree.fromstring(documents[format]) for format in ("rss", "atom")}


def read(content: bytes) -> Any:
    return etree.fromstring(content)
