"""What stands where in the three formats, for any release."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from distributor.channels.feeds import (
    Entry,
    build,
    entry,
    stylesheet,
    stylesheet_path,
    tombstone,
)
from distributor.channels.feeds.building import LARGE
from distributor.errors import Refused
from distributor.release import Image, Release
from tests.samples import sample_invitation, sample_release
from tests.unit.feeds_samples import (
    BORN,
    FIRST,
    FORMATS,
    SITE,
    sample_entries,
    sample_entry,
    sample_feed,
)

ATOM = "{http://www.w3.org/2005/Atom}"


def documents(*entries: Entry, **feed: Any) -> tuple[Any, Any, Any]:
    built = build(sample_feed(**feed), entries, SITE)
    assert built.left_out == ()
    rss, atom, json_feed = (built.documents[format] for format in FORMATS)
    return etree.fromstring(rss)[0], etree.fromstring(atom), json.loads(json_feed)


def test_an_empty_feed_is_valid_and_as_old_as_its_birth() -> None:
    rss, atom, json_feed = documents()
    assert rss.findtext("lastBuildDate") == "Sun, 01 Jan 2023 12:00:00 +0000"
    assert rss.find("pubDate") is None
    assert atom.findtext(f"{ATOM}updated") == BORN.isoformat()
    assert json_feed["items"] == []


def test_the_feed_itself_in_each_format() -> None:
    feed = sample_feed(
        logo="https://press.ekvik.example/logo.png",
        icon="https://press.ekvik.example/icon.png",
        favicon="https://press.ekvik.example/favicon.png",
        rights="CC BY 4.0",
        prev_archive="https://press.ekvik.example/feeds/archive/sv/all/7",
    )
    built = build(feed, [sample_entry()], SITE).documents
    rss, atom = etree.fromstring(built["rss"])[0], etree.fromstring(built["atom"])
    assert rss.findtext("title") == atom.findtext(f"{ATOM}title") == feed.title
    assert rss.findtext("language") == "sv"
    assert rss.findtext("copyright") == atom.findtext(f"{ATOM}rights") == "CC BY 4.0"
    assert atom.findtext(f"{ATOM}id") == feed.id
    assert atom.findtext(f"{ATOM}author/{ATOM}name") == "Ekviks kommun"
    assert atom.findtext(f"{ATOM}icon") == feed.favicon
    assert json.loads(built["json"]) | {"items": []} == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page_url,
        "feed_url": "https://press.ekvik.example/feeds/sv/all.json",
        "description": feed.description,
        "next_url": "https://press.ekvik.example/feeds/archive/sv/all/7.json",
        "icon": feed.icon,
        "favicon": feed.favicon,
        "language": "sv",
        "hubs": [{"type": "WebSub", "url": feed.hub}],
        "items": [],
    }


def test_without_a_hub_none_is_named() -> None:
    for content in build(sample_feed(hub=None), sample_entries(2), SITE).documents.values():
        assert b"hub" not in content.replace(b"github", b"")


def test_an_entry_in_json() -> None:
    made = sample_entry(
        correction=replace(_fact(), note="Priset var fel."), act="release.corrected", version=2
    )
    *_, json_feed = documents(made, name="all")
    (item,) = json_feed["items"]
    assert " ".join(item) == (
        "id url title summary content_html image date_published date_modified authors tags "
        "language attachments _release"
    )
    assert item["authors"] == [{"name": "Ekviks kommun"}]
    assert item["tags"] == ["Kultur och fritid", "Digitalisering"]
    image, attachment = item["attachments"]
    assert image["url"] == item["image"]
    assert image["_image"] == {
        "alt": "Tre våningar med bokhyllor kring en ljusgård, i mitten en bred trappa av ek.",
        "credit": "Ture Ekman",
        "caption": "Ljusgården är husets mitt. Trappan är byggd av ek från kommunens egen skog.",
        "width": 3000,
        "height": 2000,
    }
    assert attachment == {
        "url": "https://press.ekvik.example/media/documents/oppettider.pdf",
        "mime_type": "application/pdf",
        "title": "Öppettider och regler",
        "size_in_bytes": 412300,
    }
    assert item["_release"] == {
        "about": "https://press.ekvik.example/feeds/",
        "version": 2,
        "status": "usable",
        "kind": "press",
        "correction": {
            "kind": "fact",
            "note": "Priset var fel.",
            "wrong": "10 kronor",
            "right": "12 kronor",
        },
        "digest": sample_release().digest(),
        "translations": [{"language": "en", "url": sample_release("en").url}],
        "ninjs": f"https://press.ekvik.example/releases/{sample_release().id}.json",
    }


def _fact() -> Any:
    from_dict = Release.from_dict
    data = sample_release().to_dict()
    data["correction"] = {"kind": "fact", "note": "", "wrong": "10 kronor", "right": "12 kronor"}
    return from_dict(data).correction


def test_categories_have_schemes_of_the_feed_s_authority() -> None:
    made = sample_entry(correction=_fact(), act="release.corrected")
    rss, atom, _ = documents(made, id="tag:ekvik.example,2021-03-01:feed/all")
    assert [(each.get("domain"), each.text) for each in rss.findall("item/category")] == [
        ("tag:ekvik.example,2021-03-01:topics", "Kultur och fritid"),
        ("tag:ekvik.example,2021-03-01:topics", "Digitalisering"),
        ("tag:ekvik.example,2021-03-01:kind", "press"),
        ("tag:ekvik.example,2021-03-01:status", "corrected"),
    ]
    (culture, *_, corrected) = atom.findall(f"{ATOM}entry/{ATOM}category")
    assert dict(culture.attrib) == {
        "term": "kultur",
        "scheme": "tag:ekvik.example,2021-03-01:topics",
        "label": "Kultur och fritid",
    }
    assert corrected.get("term") == "corrected"


def test_languages_stand_on_entries_of_all_and_where_they_differ() -> None:
    dublin = "{http://purl.org/dc/elements/1.1/}language"
    swedish = replace(sample_entry(), id="tag:press.ekvik.example,2023:release/sv")
    english = entry(sample_release("en"), SITE, published=FIRST, updated=FIRST)
    for name, expected in (("all", ["en", "sv"]), ("sv/all", ["en", None])):
        rss, _, json_feed = documents(english, swedish, name=name)
        assert [item.findtext(dublin) for item in rss.findall("item")] == expected
        assert [item.get("language") for item in json_feed["items"]] == expected


def test_two_files_with_one_name_have_different_titles() -> None:
    photo, other = (
        Image(
            url=f"https://press.ekvik.example/media/{number}.jpg",
            alt="Ett hus",
            mime_type="image/jpeg",
            width=10,
            height=10,
            bytes=number,
            sha256="",
        )
        for number in (1, 2)
    )
    made = sample_entry(body=(photo, other, photo, *sample_release().attachments))
    titles = [enclosure.title for enclosure in made.enclosures]
    assert titles == ["Ett hus", "Ett hus (2)", "Öppettider och regler"]
    rss, atom, json_feed = documents(made)
    media = "{http://search.yahoo.com/mrss/}"
    assert [each.findtext(f"{media}title") for each in rss.iter(f"{media}content")] == titles
    links = atom.findall(f"{ATOM}entry/{ATOM}link")
    assert [each.get("title") for each in links if each.get("rel") == "enclosure"] == titles
    assert [each["title"] for each in json_feed["items"][0]["attachments"]] == titles


def test_the_picture_in_the_text_has_the_address_of_its_enclosure() -> None:
    strange = replace(
        sample_release().images[0], url="https://press.ekvik.example/media/bild på hus.jpg?a=1&b=2"
    )
    made = sample_entry(body=(strange,))
    assert made.enclosures[0].url == (
        "https://press.ekvik.example/media/bild%20p%C3%A5%20hus.jpg?a=1&b=2"
    )
    assert made.enclosures[0].url.replace("&", "&amp;") in made.html
    assert documents(made)


def test_ids_stay_when_title_site_and_topics_change() -> None:
    site = replace(SITE, url="https://nytt.example", name="Ekviks stad")
    release = replace(sample_release(), title="Ny titel", url="https://nytt.example/x/", topics=())
    made = entry(release, site, published=FIRST, updated=FIRST)
    feed = sample_feed(title="Nytt", url="https://nytt.example/feeds/sv/all")
    for content in build(feed, [made], site).documents.values():
        assert sample_release().uri.encode() in content
    assert feed.id.encode() in build(feed, [made], site).documents["atom"]


def test_no_element_is_for_mail_addresses() -> None:
    built = build(sample_feed(), sample_entries(2), SITE).documents
    for format in ("rss", "atom"):
        for node in etree.fromstring(built[format]).iter(etree.Element):
            name = etree.QName(node).localname
            if name not in ("encoded", "content"):
                assert "@" not in (node.text or "")
                assert name not in ("email", "managingEditor", "webMaster")
    assert b"mailto:maja.lindqvist@ekvik.example" in built["json"]


def test_an_entry_that_breaks_is_left_out_alone() -> None:
    entries = sample_entries(4)
    broken = {
        "relative": replace(entries[0], url="/2023/x/"),
        "markup": replace(entries[1], html="<p>text</p><script>x()</script>"),
        "naive": replace(entries[2], updated=entries[2].updated.replace(tzinfo=None)),
    }
    built = build(sample_feed(), [*broken.values(), entries[3]], SITE)
    assert set(built.left_out) == {made.id for made in broken.values()}
    assert any("not absolute" in line or "no absolute" in line for line in built.warnings)
    assert any("<script>" in line for line in built.warnings)
    assert [item["id"] for item in json.loads(built.documents["json"])["items"]] == [entries[3].id]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"title": ""}, "title"),
        ({"description": ""}, "description"),
        ({"page_url": "/"}, "absolute"),
        ({"url": "https://press.ekvik.example/flöde"}, "ASCII"),
        ({"hub": "hub"}, "absolute"),
        ({"id": "feed"}, "tag URI"),
        ({"language": "sv_SE"}, "sv_SE"),
        ({"born": BORN.replace(tzinfo=None)}, "time zone"),
    ],
)
def test_a_feed_that_breaks_is_refused_whole(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(Refused, match=problem) as caught:
        build(sample_feed(**changes), [], SITE)
    assert (caught.value.reason, caught.value.about) == ("invalid-feed", "message")


def test_a_heavy_feed_is_a_warning() -> None:
    heavy = replace(sample_entry(), html=f"<p>{'ord ' * (LARGE // 4)}</p>")
    built = build(sample_feed(), [heavy], SITE)
    assert built.left_out == ()
    assert [line.split(" ")[0] for line in built.warnings] == [
        "sv/all.rss",
        "sv/all.atom",
        "sv/all.json",
    ]


def test_an_entry_is_kept_and_loaded_as_it_was() -> None:
    for made in (*sample_entries(2), sample_entry(correction=_fact())):
        kept = json.loads(json.dumps(made.to_dict()))
        assert Entry.from_dict({**kept, "later": 1}) == made


def test_an_invitation_says_when_and_where() -> None:
    made = entry(sample_invitation(), SITE, published=FIRST, updated=FIRST)
    assert made.kind == "invitation"
    assert "Ekviks stadsbibliotek" in made.html
    assert documents(made)


def test_a_tombstone_is_in_atom_alone() -> None:
    gone = tombstone(replace(sample_release(), reason="Fel."), SITE)
    built = build(sample_feed(), [gone], SITE).documents
    assert b"deleted-entry" in built["atom"]
    for format in ("rss", "json"):
        assert b"deleted" not in built[format]
        assert gone.ref.encode() not in built[format]


@pytest.mark.parametrize(
    ("language", "path", "words"),
    [
        ("sv", "/feeds/style-sv.css", "Det här är ett flöde"),
        ("sv-FI", "/feeds/style-sv-FI.css", "Det här är ett flöde"),
        ("en", "/feeds/style-en.css", "This is a feed"),
        ("de", "/feeds/style-de.css", "This is a feed"),
    ],
)
def test_the_stylesheet_explains(language: str, path: str, words: str) -> None:
    assert stylesheet_path(language) == path
    assert words in stylesheet(language).decode("utf-8")
    assert b"url(" not in stylesheet(language)
