"""What independent readers make of the three formats, and the grammar of Atom."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import atoma
import fastfeedparser
import feedparser
import feedparser_sgmllib
import lxml.html
import pytest
from lxml import etree

from distributor.channels.feeds import build, entry, notice, tombstone
from tests.samples import sample_invitation, sample_release
from tests.unit.feeds_samples import (
    FIRST,
    FORMATS,
    SITE,
    sample_entries,
    sample_entry,
    sample_feed,
)

# The copy of feedparser inside reader asks for this module under its old name.
sys.modules.setdefault("sgmllib", feedparser_sgmllib)
import reader  # noqa: E402

Read = list[tuple[str, str, str, datetime, datetime | None]]


def _feedparser(content: bytes, format: str) -> Read:
    parsed = feedparser.parse(content)
    assert not parsed.bozo
    return [
        (
            each.id,
            each.title,
            each.link,
            datetime(*each.published_parsed[:6], tzinfo=UTC),
            datetime(*each.updated_parsed[:6], tzinfo=UTC),
        )
        for each in parsed.entries
    ]


def _fastfeedparser(content: bytes, format: str) -> Read:
    return [
        (
            each.id,
            each.title,
            each.link,
            datetime.fromisoformat(each.published),
            datetime.fromisoformat(each.updated),
        )
        for each in fastfeedparser.parse(content).entries
    ]


def _atoma(content: bytes, format: str) -> Read:
    if format == "rss":
        items = atoma.parse_rss_bytes(content).items
        return [(each.guid, each.title, each.link, each.pub_date, None) for each in items]
    if format == "atom":
        return [
            (
                each.id_,
                each.title.value,
                next(link.href for link in each.links if link.rel == "alternate"),
                each.published,
                each.updated,
            )
            for each in atoma.parse_atom_bytes(content).entries
        ]
    items = atoma.parse_json_feed_bytes(content).items
    return [
        (each.id_, each.title, each.url, each.date_published, each.date_modified) for each in items
    ]


PARSERS: dict[str, tuple[Callable[[bytes, str], Read], Iterable[str]]] = {
    "feedparser": (_feedparser, ("rss", "atom")),
    "fastfeedparser": (_fastfeedparser, FORMATS),
    "atoma": (_atoma, FORMATS),
}


def words(markup: str) -> str:
    """Readers clean again; the words must be the same."""
    text: str = lxml.html.fragment_fromstring(markup, create_parent="div").text_content()
    return text


def polled(folder: Path, documents: dict[str, bytes]) -> dict[str, list[Any]]:
    """What reader holds after fetching each document from a file."""
    with reader.make_reader(":memory:", feed_root=str(folder)) as app:
        for format, content in documents.items():
            (folder / f"all.{format}").write_bytes(content)
            app.add_feed(f"all.{format}")
        app.update_feeds()
        for format in documents:
            assert app.get_feed(f"all.{format}").last_exception is None
        return {format: list(app.get_entries(feed=f"all.{format}")) for format in documents}


@pytest.mark.parametrize("count", [0, 1, 50])
@pytest.mark.parametrize("parser", PARSERS)
def test_parsers_read_the_same_in_every_format(parser: str, count: int) -> None:
    entries = sample_entries(count)
    if entries:
        moved = entries[0].updated + timedelta(days=9)
        entries[0] = replace(entries[0], updated=moved)
    documents = build(sample_feed(name="all"), entries, SITE).documents
    read, formats = PARSERS[parser]
    expected = [
        (each.id, each.title, each.url, each.published, each.updated) for each in entries[::-1]
    ]
    for format in formats:
        if parser == "fastfeedparser" and not count:
            continue  # it takes a feed without entries for no feed
        found = read(documents[format], format)
        assert [each[:4] for each in found] == [each[:4] for each in expected]
        for each, wanted in zip(found, expected, strict=True):
            assert each[4] in (None, wanted[4])


def test_reader_holds_every_entry_in_every_format(tmp_path: Path) -> None:
    entries = sample_entries(50)
    held = polled(tmp_path, build(sample_feed(), entries, SITE).documents)
    for found in held.values():
        assert sorted(each.id for each in found) == sorted(each.id for each in entries)
        by_id = {each.id: each for each in found}
        for wanted in entries:
            one = by_id[wanted.id]
            assert (one.title, one.link) == (wanted.title, wanted.url)
            assert (one.published, one.updated) == (wanted.published, wanted.updated)
            assert words(one.content[0].value) == words(wanted.html)
            assert [author.name for author in one.authors] == ["Ekviks kommun"]


def test_a_translation_does_not_become_the_link() -> None:
    documents = build(sample_feed(), [sample_entry()], SITE).documents
    for read, formats in PARSERS.values():
        for format in formats:
            assert read(documents[format], format)[0][2] == sample_release().url


def test_new_titles_and_addresses_make_no_second_item(tmp_path: Path) -> None:
    with reader.make_reader(":memory:", feed_root=str(tmp_path)) as app:
        for round in (1, 2):
            site = replace(SITE, url=f"https://press{round}.ekvik.example")
            release = replace(sample_release(), title=f"Titel {round}", url=f"{site.url}/{round}/")
            made = entry(release, site, published=FIRST, updated=FIRST + timedelta(hours=round))
            feed = sample_feed(title=f"Flöde {round}", url=f"{site.url}/feeds/sv/all")
            for format, content in build(feed, [made], site).documents.items():
                (tmp_path / f"all.{format}").write_bytes(content)
                app.add_feed(f"all.{format}", exist_ok=True)
                app.update_feed(f"all.{format}")
        for format in FORMATS:
            (held,) = app.get_entries(feed=f"all.{format}")
            assert held.title == "Titel 2"


def test_readers_hold_only_the_stub_of_what_was_withdrawn(tmp_path: Path) -> None:
    withdrawn = replace(
        sample_release(),
        act="release.withdrawn",
        status="canceled",
        reason="Uppgifterna om öppettider var fel.",
        version=2,
        updated_at=FIRST + timedelta(days=1),
    )
    stub = entry(withdrawn, SITE, published=FIRST, updated=FIRST + timedelta(days=1))
    with reader.make_reader(":memory:", feed_root=str(tmp_path)) as app:
        for entries in (
            [sample_entry()],
            [stub, notice(withdrawn, SITE), tombstone(withdrawn, SITE)],
        ):
            for format, content in build(sample_feed(), entries, SITE).documents.items():
                (tmp_path / f"all.{format}").write_bytes(content)
                app.add_feed(f"all.{format}", exist_ok=True)
                app.update_feed(f"all.{format}")
        for format in FORMATS:
            held = {each.id: each for each in app.get_entries(feed=f"all.{format}")}
            assert set(held) == {stub.id, f"{stub.id}/notice/2"}
            assert words(held[stub.id].content[0].value) == words(stub.html)
            assert held[stub.id].title.startswith("ÅTERKALLAT: ")
            assert "e-legitimation" not in repr(held)


GRAMMAR = etree.RelaxNG(etree.parse(Path(__file__).with_name("feeds_atom.rng")))


def valid(content: bytes) -> bool:
    good = GRAMMAR.validate(etree.fromstring(content))
    assert good, GRAMMAR.error_log
    return bool(good)


@pytest.mark.parametrize("count", [0, 1, 50])
def test_atom_follows_its_grammar(count: int) -> None:
    feed = sample_feed(
        name="all",
        prev_archive="https://press.ekvik.example/feeds/archive/sv/all/7",
        logo="https://press.ekvik.example/logo.png",
        favicon="https://press.ekvik.example/favicon.png",
        rights="CC BY 4.0",
    )
    invitation = replace(sample_invitation("en"), uri="tag:press.ekvik.example,2023:release/i")
    extra = entry(invitation, SITE, published=FIRST, updated=FIRST)
    gone = tombstone(sample_release(), SITE)
    assert valid(build(feed, [*sample_entries(count), extra, gone], SITE).documents["atom"])


def test_the_grammar_refuses_a_tombstone_after_an_entry() -> None:
    content = build(sample_feed(), [sample_entry(), tombstone(sample_release(), SITE)], SITE)
    root = etree.fromstring(content.documents["atom"])
    root.append(root.find("{http://purl.org/atompub/tombstones/1.0}deleted-entry"))
    assert not GRAMMAR.validate(root)


def test_json_feed_has_what_version_1_1_asks_for() -> None:
    feed = json.loads(build(sample_feed(), sample_entries(3), SITE).documents["json"])
    assert list(feed)[0] == "version"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        assert "author" not in item
        assert len({each["title"] for each in item["attachments"]}) == len(item["attachments"])
