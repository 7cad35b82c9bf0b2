"""RSS 2.0, with the modules that readers know: Atom links, content, Dublin Core, Media RSS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distributor.channels.feeds.generator import Element, add, begin, whole_second
from distributor.channels.feeds.media import media_content
from distributor.channels.feeds.values import TYPES, Entry, Feed
from distributor.release import Site


def rss(feed: Feed, entries: Sequence[Entry], site: Site) -> bytes:
    """The document, in the order of ``entries``.

    Raises:
        ValueError: a text holds a character that XML 1.0 forbids, or something needed is empty.
    """
    generator = begin(feed, entries)
    generator.parts.elements.extend(_links(feed))
    if entries:
        generator.pubDate(whole_second(max(entry.published for entry in entries)))
    for entry in entries:
        item = add(generator, feed, entry)
        item.link(href=entry.url)
        item.parts.elements.extend(_elements(feed, entry))
    return generator.rss_str()


def _links(feed: Feed) -> Iterator[Element]:
    links = {"self": feed.address("rss"), "hub": feed.hub}
    if feed.prev_archive:
        links["prev-archive"] = f"{feed.prev_archive}.rss"
    for rel, url in links.items():
        if url:
            kind = "" if rel == "hub" else TYPES["rss"]
            yield Element("atom:link", {"href": url, "rel": rel, "type": kind})


def _elements(feed: Feed, entry: Entry) -> Iterator[Element]:
    yield Element("dc:creator", {}, ", ".join(entry.authors))
    if language := feed.spoken(entry):
        yield Element("dc:language", {}, language)
    yield Element("atom:updated", {}, whole_second(entry.updated).isoformat())
    for translation in entry.translations:
        yield Element(
            "atom:link",
            {
                "href": translation.url,
                "rel": "related",
                "type": "text/html",
                "hreflang": translation.language,
            },
        )
    if entry.json_url:
        yield Element(
            "atom:link", {"href": entry.json_url, "rel": "related", "type": "application/json"}
        )
    if enclosure := entry.enclosure:
        yield Element(
            "enclosure",
            {
                "url": enclosure.url,
                "length": str(enclosure.bytes),
                "type": enclosure.mime_type,
            },
        )
    yield from map(media_content, entry.enclosures)
