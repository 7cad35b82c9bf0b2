"""What feedgen 1.0.0 gets wrong, and that our documents have it right: links, order, times, text.

A test named ``feedgen`` that fails after an upgrade says what may go from ``generator.py``.
"""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from distributor.channels.feeds import build
from distributor.channels.feeds.generator import Generator, whole_second
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
CONTENT = "{http://purl.org/rss/1.0/modules/content/}"
DC = "{http://purl.org/dc/elements/1.1/}"


def hrefs(parent: Any, rel: str) -> list[str]:
    return [link.get("href") for link in parent.findall(f"{ATOM}link") if link.get("rel") == rel]


def test_feedgen_links_of_entries_lose_all_but_their_address() -> None:
    feed = plain()
    feed.entry()[0].link(href="https://press.example/f", rel="enclosure", type="image/png")
    links = read(feed.atom_str()).findall(f"{ATOM}entry/{ATOM}link")
    assert [dict(link.attrib) for link in links] == [
        {"href": "https://press.example/0"},
        {"href": "https://press.example/f"},
    ]


def test_feedgen_takes_five_relations_of_entries() -> None:
    with pytest.raises(ValueError, match="rel"):
        plain().entry()[0].link(href="https://press.example/", rel="license")


def test_feedgen_last_link_wins_in_rss_and_all_but_self_are_dropped() -> None:
    feed = plain()
    feed.link(href="https://press.example/feed.rss", rel="self")
    feed.link(href="https://press.example/hub", rel="hub")
    feed.image("https://press.example/logo.png")
    channel = read(feed.rss_str())[0]
    assert channel.findtext("link") == "https://press.example/hub"
    assert channel.findtext("image/link") == "https://press.example/hub"
    assert hrefs(channel, "hub") == []


def test_our_links_are_whole() -> None:
    logo = "https://press.ekvik.example/logo.png"
    documents = ours(logo=logo, prev_archive="https://press.ekvik.example/feeds/archive/sv/all/7")
    channel = documents["rss"][0]
    assert channel.findtext("link") == channel.findtext("image/link") == sample_feed().page_url
    assert channel.findtext("image/title") == sample_feed().title
    for format, parent in {"rss": channel, "atom": documents["atom"]}.items():
        assert hrefs(parent, "self") == [f"https://press.ekvik.example/feeds/sv/all.{format}"]
        assert hrefs(parent, "hub") == ["https://press.ekvik.example/feeds/hub"]
        archive = f"https://press.ekvik.example/feeds/archive/sv/all/7.{format}"
        assert hrefs(parent, "prev-archive") == [archive]
    entry = documents["atom"].find(f"{ATOM}entry")
    kinds = [(link.get("rel"), link.get("type")) for link in entry.findall(f"{ATOM}link")]
    assert kinds == [
        ("alternate", "text/html"),
        ("enclosure", "image/jpeg"),
        ("enclosure", "application/pdf"),
        ("related", "text/html"),
        ("related", "application/json"),
    ]
    assert channel.index(channel.find(f"{ATOM}link")) == 1 + channel.index(
        channel.find("description")
    )


def test_feedgen_puts_the_newest_call_first() -> None:
    titles = [each.text for each in read(plain(entries=2).rss_str()).findall(".//item/title")]
    assert titles == ["Entry 1", "Entry 0"]


def test_our_order_is_newest_first_then_by_id() -> None:
    entries = sample_entries(3)
    same = replace(entries[2], id=entries[2].id + "b")
    documents = ours(entries[1], same, entries[2], entries[0])
    wanted = [entries[2].id, same.id, entries[1].id, entries[0].id]
    assert [each.text for each in documents["rss"].findall(".//guid")] == wanted
    assert [each.text for each in documents["atom"].findall(f"{ATOM}entry/{ATOM}id")] == wanted


def test_feedgen_says_now_and_prints_microseconds() -> None:
    content = plain(dated=False).atom_str()
    updated = datetime.fromisoformat(read(content).findtext(f"{ATOM}updated"))
    assert abs(datetime.now(UTC) - updated) < timedelta(minutes=1)
    feed = plain()
    feed.updated(FIRST.replace(microsecond=123456))
    assert b".123456" in feed.atom_str()


def test_our_times_are_given_and_whole() -> None:
    generator = Generator("https://press.example/feeds/style-en.css")
    generator.title("T")
    generator.id("tag:press.example,2023:feed")
    with pytest.raises(ValueError, match="times of their own"):
        generator.atom_str()
    generator.updated(FIRST)
    generator.add_entry()
    with pytest.raises(ValueError, match="times of their own"):
        generator.rss_str()
    moment = FIRST.replace(microsecond=999999)
    documents = ours(replace(sample_entry(), published=moment, updated=moment))
    assert documents["atom"].findtext(f"{ATOM}updated") == "2023-11-15T09:30:00+00:00"
    assert documents["rss"].findtext("channel/pubDate") == "Wed, 15 Nov 2023 09:30:00 +0000"
    assert documents["rss"].findtext("channel/lastBuildDate") == "Wed, 15 Nov 2023 09:30:00 +0000"


def test_our_times_need_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        whole_second(datetime(2023, 11, 15))


@pytest.mark.parametrize("character", ["\x0b", "\ud800", "\ufffe"])
def test_feedgen_loses_the_whole_feed_to_one_character(character: str) -> None:
    feed = plain(entries=3)
    feed.entry()[1].title(f"bad {character}")
    with pytest.raises((ValueError, UnicodeEncodeError)):
        feed.rss_str()


@pytest.mark.parametrize("character", ["\x0b", "\ud800", "\ufffe"])
def test_our_feed_loses_the_entry_alone(character: str) -> None:
    entries = sample_entries(3)
    entries[1] = replace(entries[1], title=f"bad {character}")
    built = build(sample_feed(), entries, SITE)
    assert built.left_out == (entries[1].id,)
    assert entries[1].id in built.warnings[0]
    for content in built.documents.values():
        assert entries[0].id.encode() in content
        assert entries[1].id.encode() not in content


def test_feedgen_writes_cdata_as_a_type_and_text_without_one() -> None:
    feed = plain()
    feed.entry()[0].content("<p>text</p>", type="CDATA")
    assert read(feed.atom_str()).find(f"{ATOM}entry/{ATOM}content").get("type") == "CDATA"
    feed = plain()
    feed.entry()[0].content("<p>text</p>")
    assert read(feed.atom_str()).find(f"{ATOM}entry/{ATOM}content").get("type") is None


def test_feedgen_xhtml_stumbles_over_entities() -> None:
    feed = plain()
    feed.entry()[0].content("<p>a&nbsp;b</p>", type="xhtml")
    with pytest.raises(etree.XMLSyntaxError):
        feed.atom_str()


def test_our_text_is_html_always() -> None:
    entry = replace(sample_entry(), html="<p>a&nbsp;b ]]&gt; c</p>")
    documents = ours(entry)
    content = documents["atom"].find(f"{ATOM}entry/{ATOM}content")
    assert (content.get("type"), content.text) == ("html", entry.html)
    assert documents["rss"].findtext(f".//{CONTENT}encoded") == entry.html


def test_feedgen_text_becomes_the_description_without_a_summary() -> None:
    item = read(plain().rss_str()).find(".//item")
    assert item.findtext("description") == "<p>text</p>"
    assert item.find(f"{CONTENT}encoded") is None


def test_feedgen_gives_both_formats_one_summary() -> None:
    feed = plain()
    feed.entry()[0].summary("5 < 10 <pilot>")
    assert read(feed.rss_str()).findtext(".//item/description") == "5 < 10 <pilot>"


def test_our_description_is_html_and_our_summary_plain() -> None:
    lead = "5 < 10 <pilot> & R&D"
    documents = ours(sample_entry(lead=lead))
    description = documents["rss"].findtext(".//item/description")
    assert description == "5 &lt; 10 &lt;pilot&gt; &amp; R&amp;D"
    assert html.unescape(description) == lead
    assert documents["atom"].findtext(f"{ATOM}entry/{ATOM}summary") == lead
    empty = ours(sample_entry(lead="", body=()))
    assert empty["rss"].findtext(".//item/description") == sample_release().title
    assert empty["rss"].findtext(f".//{CONTENT}encoded").startswith("<p>Ekvik, 15 november")


def test_feedgen_names_authors_by_their_mail_address_alone() -> None:
    feed = plain()
    feed.entry()[0].author([{"name": "A", "email": "a@press.example"}, {"name": "B"}])
    assert [each.text for each in read(feed.rss_str()).findall(".//author")] == [
        "a@press.example (A)"
    ]


def test_feedgen_keeps_the_last_enclosure_and_writes_none_for_a_length() -> None:
    feed = plain()
    feed.entry()[0].enclosure("https://press.example/1", 10, "image/png")
    feed.entry()[0].enclosure("https://press.example/2", None, "image/png")
    (enclosure,) = read(feed.rss_str()).findall(".//enclosure")
    assert (enclosure.get("url"), enclosure.get("length")) == ("https://press.example/2", "None")


def test_our_authors_and_enclosures() -> None:
    entry = replace(sample_entry(), authors=("Ekviks kommun", "Region Ek"))
    documents = ours(entry)
    item = documents["rss"].find(".//item")
    assert [each.text for each in item.findall(f"{DC}creator")] == ["Ekviks kommun, Region Ek"]
    assert not documents["rss"].findall(".//author")
    names = documents["atom"].findall(f"{ATOM}entry/{ATOM}author/{ATOM}name")
    assert [each.text for each in names] == ["Ekviks kommun", "Region Ek"]
    (enclosure,) = item.findall("enclosure")
    assert enclosure.attrib == {
        "url": "https://press.ekvik.example/media/images/biblioteket.original.jpg",
        "length": "1843200",
        "type": "image/jpeg",
    }
    document = sample_entry(body=sample_release().attachments)
    (enclosure,) = ours(document)["rss"].findall(".//enclosure")
    assert enclosure.get("type") == "application/pdf"
