"""Atom (RFC 4287), with tombstones (RFC 6721) and Media RSS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distributor.channels.feeds.generator import Element, add, begin, whole_second
from distributor.channels.feeds.media import media_content
from distributor.channels.feeds.values import TYPES, Entry, Feed, Tombstone
from distributor.release import Site


def atom(
    feed: Feed, entries: Sequence[Entry], site: Site, tombstones: Sequence[Tombstone] = ()
) -> bytes:
    """The document, in the order of ``entries``.

    Raises:
        ValueError: a text holds a character that XML 1.0 forbids, or something needed is empty.
    """
    generator = begin(feed, entries)
    generator.id(feed.id)
    generator.author(name=site.name, uri=site.url)
    generator.parts.elements.extend(_links(feed))
    # Before the first entry, or the grammar of RFC 4287 refuses the feed.
    generator.parts.elements.extend(map(_deleted, tombstones))
    for entry in entries:
        element = add(generator, feed, entry)
        element.author([{"name": name} for name in entry.authors])
        element.parts.language = feed.spoken(entry)
        element.parts.elements.extend(_elements(entry))
    return generator.atom_str()


def _links(feed: Feed) -> Iterator[Element]:
    yield _link(feed.address("atom"), "self", TYPES["atom"])
    if feed.hub:
        yield _link(feed.hub, "hub")
    if feed.prev_archive:
        yield _link(f"{feed.prev_archive}.atom", "prev-archive", TYPES["atom"])


def _elements(entry: Entry) -> Iterator[Element]:
    yield _link(entry.url, "alternate", "text/html", hreflang=entry.language)
    for enclosure in entry.enclosures:
        yield _link(
            enclosure.url,
            "enclosure",
            enclosure.mime_type,
            length=str(enclosure.bytes),
            title=enclosure.title,
        )
    for translation in entry.translations:
        yield _link(translation.url, "related", "text/html", hreflang=translation.language)
    if entry.json_url:
        yield _link(entry.json_url, "related", "application/json")
    yield from map(media_content, entry.enclosures)


def _deleted(tombstone: Tombstone) -> Element:
    comment = (Element("at:comment", {}, tombstone.comment),) if tombstone.comment else ()
    by = Element("at:by", {}, children=(Element("name", {}, tombstone.by),))
    when = whole_second(tombstone.when).isoformat()
    return Element(
        "at:deleted-entry", {"ref": tombstone.ref, "when": when}, children=(by, *comment)
    )


def _link(href: str, rel: str, type: str = "", **more: str) -> Element:
    return Element("link", {"href": href, "rel": rel, "type": type, **more})
