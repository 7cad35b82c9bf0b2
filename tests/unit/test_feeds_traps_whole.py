"""What feedgen 1.0.0 gets wrong, and that our documents have it right: media, namespaces, checks.

A test named ``feedgen`` that fails after an upgrade says what may go from ``generator.py``.
"""

from __future__ import annotations

import locale
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import feedgen.feed
import pytest

from distributor.channels.feeds import build, tombstone
from distributor.errors import Refused
from tests.samples import sample_release
from tests.unit.feeds_samples import (
    FIRST,
    SITE,
    ours,
    plain,
    read,
    sample_entries,
    sample_entry,
    sample_feed,
)

ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def test_feedgen_media_makes_groups_fails_on_numbers_and_has_no_alt() -> None:
    feed = plain()
    feed.load_extension("media")
    entry = feed.entry()[0]
    entry.media.content(url="https://press.example/1", type="image/png", width="1")
    assert read(feed.rss_str()).find(f".//item/{MEDIA}group/{MEDIA}content") is not None
    assert not hasattr(entry.media, "description")
    entry.media.content(url="https://press.example/2", type="image/png", width=1)
    with pytest.raises(TypeError):
        feed.rss_str()


def test_our_media_stand_alone_with_alt_and_credit() -> None:
    for document in ours().values():
        image, attachment = document.findall(f".//{MEDIA}content")
        assert document.find(f".//{MEDIA}group") is None
        assert dict(image.attrib) == {
            "url": "https://press.ekvik.example/media/images/biblioteket.original.jpg",
            "type": "image/jpeg",
            "medium": "image",
            "fileSize": "1843200",
            "width": "3000",
            "height": "2000",
        }
        assert image.findtext(f"{MEDIA}title").startswith("Ljusgården är husets mitt.")
        assert image.findtext(f"{MEDIA}description").startswith("Tre våningar")
        assert image.find(f"{MEDIA}credit").get("role") == "photographer"
        assert image.findtext(f"{MEDIA}credit") == "Ture Ekman"
        assert attachment.findtext(f"{MEDIA}title") == "Öppettider och regler"
        assert attachment.get("width") is None


def locales_set(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    called: list[Any] = []
    original = locale.setlocale
    with monkeypatch.context() as patch:
        patch.setattr(locale, "setlocale", lambda *args: called.append(args) or original(*args))
        work()
    return called


def test_feedgen_sets_the_locale_for_each_date(monkeypatch: pytest.MonkeyPatch) -> None:
    assert locales_set(lambda: feedgen.util.formatRFC2822(FIRST), monkeypatch)


def test_no_build_of_ours_sets_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = sample_entries(5)
    assert locales_set(lambda: build(sample_feed(), entries, SITE), monkeypatch) == []


class _Probe(feedgen.ext.base.BaseExtension):
    seen: list[str] = []

    def extend_ns(self) -> dict[str, str]:
        return {"x": "https://press.example/ns"}

    def extend_rss(self, feed: Any) -> Any:
        self.seen.append(feed.tag)
        return feed

    def extend_atom(self, feed: Any) -> Any:
        self.seen.append(feed.tag)
        return feed


def test_feedgen_hands_extensions_bare_atom_and_the_root_of_rss() -> None:
    feed = plain(entries=0)
    feed.register_extension("probe", _Probe, None)
    _Probe.seen.clear()
    atom, rss = feed.atom_str(), feed.rss_str()
    assert _Probe.seen == ["feed", "rss"]
    for content in (atom, rss):
        assert b'xmlns:x="https://press.example/ns"' in content
    assert b"xmlns:content" in rss


def test_our_namespaces_are_those_in_use() -> None:
    def declared(content: bytes) -> set[str | None]:
        return set(read(content).nsmap)

    empty = build(sample_feed(), [], SITE).documents
    assert declared(empty["rss"]) == {"atom"}
    assert declared(empty["atom"]) == {None}
    bare = build(sample_feed(), [sample_entry(body=())], SITE).documents
    assert declared(bare["rss"]) == {"atom", "content", "dc"}
    assert declared(bare["atom"]) == {None}
    full = build(sample_feed(), [sample_entry(), tombstone(gone(), SITE)], SITE).documents
    assert declared(full["rss"]) == {"atom", "content", "dc", "media"}
    assert declared(full["atom"]) == {None, "at", "media"}
    for content in (full["rss"], full["atom"]):
        assert b"ns0" not in content
        assert content.count(b"xmlns") == len(declared(content))


def gone() -> Any:
    return replace(
        sample_release(),
        act="release.withdrawn",
        status="canceled",
        reason="Fel siffror.",
        updated_at=FIRST + timedelta(days=1),
    )


def test_feedgen_signs_with_its_version_and_has_no_instruction() -> None:
    content = plain().atom_str()
    assert b"xml-stylesheet" not in content
    generator = read(content).find(f"{ATOM}generator")
    assert (generator.text, generator.get("version")) == ("python-feedgen", "1.0.0")


def test_our_documents_have_stylesheet_tombstone_and_language() -> None:
    documents = build(
        sample_feed(name="all"), [*sample_entries(5), tombstone(gone(), SITE)], SITE
    ).documents
    for format in ("rss", "atom"):
        second = documents[format].split(b"\n")[1]
        assert second == (
            b'<?xml-stylesheet type="text/css" '
            b'href="https://press.ekvik.example/feeds/style-sv.css"?>'
        )
        assert b"feedgen" not in documents[format]
        assert b"1.0.0" not in documents[format]
    atom = read(documents["atom"])
    assert atom.findtext(f"{ATOM}generator") == "Distributor"
    assert [entry.get(XML_LANG) for entry in atom.findall(f"{ATOM}entry")] == ["en"] + ["sv"] * 4
    deleted = atom.find("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert deleted.get("when") == "2023-11-16T09:30:01+00:00"
    assert deleted.getparent().index(deleted) < deleted.getparent().index(atom.find(f"{ATOM}entry"))
    narrow = read(build(sample_feed(), sample_entries(5), SITE).documents["atom"])
    assert [entry.get(XML_LANG) for entry in narrow.findall(f"{ATOM}entry")] == ["en"] + [None] * 4


def test_feedgen_checks_neither_ids_nor_authors_nor_languages() -> None:
    feed = plain(entries=2)
    feed.language("sv_SE")
    for entry in feed.entry():
        entry.id("twice, and no address")
    assert read(feed.atom_str()).find(f"{ATOM}entry/{ATOM}author") is None


def test_ours_are_checked() -> None:
    entry = sample_entry()
    with pytest.raises(Refused, match="two entries have the id") as caught:
        build(sample_feed(), [entry, replace(entry, title="Twin")], SITE)
    assert caught.value.about == "message"
    nobody = replace(entry, id=f"{entry.id}b", authors=())
    assert build(sample_feed(), [entry, nobody], SITE).left_out == (nobody.id,)
    with pytest.raises(Refused, match="sv_SE"):
        build(sample_feed(language="sv_SE"), [entry], SITE)


def python(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode


def test_feedgen_util_cannot_be_imported_first() -> None:
    assert python("import feedgen.util") == 1


def test_ours_can() -> None:
    assert python("import distributor.channels.feeds.generator") == 0
