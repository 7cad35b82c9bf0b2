"""feedgen, taught what it lacks, through its public interface.

feedgen 1.0.0 writes Atom (RFC 4287) and RSS 2.0. What it has no element for, or gets wrong, is
handed to a pair of extensions as :class:`Element` values.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple

import feedgen.entry
import feedgen.feed
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from lxml import etree

from distributor.channels.feeds.stylesheet import stylesheet_path
from distributor.channels.feeds.values import Entry, Feed

# feedgen's own sets the locale of the whole process twice for each date of RSS, which gives other
# threads wrong dates and encodings.
feedgen.feed.formatRFC2822 = format_datetime
feedgen.entry.formatRFC2822 = format_datetime

NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "at": "http://purl.org/atompub/tombstones/1.0",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

FeedEntry = feedgen.entry.FeedEntry


class Element(NamedTuple):
    """An element to write: ``tag`` is ``prefix:name``, or a bare name of the format's own.

    Attributes without a value are left out.
    """

    tag: str
    attributes: dict[str, str]
    text: str = ""
    children: tuple[Element, ...] = ()


def clark(tag: str) -> str:
    """``media:content`` as ``{http://search.yahoo.com/mrss/}content``; a bare name as it is."""
    prefix, colon, name = tag.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{name}" if colon else tag


def whole_second(moment: datetime) -> datetime:
    """``moment`` in UTC without its fraction of a second.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).replace(microsecond=0)


def _write(element: Element, parent: Any) -> Any:
    given = {name: value for name, value in element.attributes.items() if value}
    node = etree.SubElement(parent, clark(element.tag), given)
    if element.text:
        node.text = element.text
    for child in element.children:
        _write(child, node)
    return node


def _prefixes(elements: Iterable[Element]) -> Iterator[str]:
    for element in elements:
        prefix, colon, _ = element.tag.partition(":")
        if colon:
            yield prefix
        yield from _prefixes(element.children)


class FeedParts(BaseExtension):  # type: ignore[misc]
    """A feed's own elements. ``prefixes`` are those of the whole document."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.prefixes: set[str] = set()
        self.empty = True

    def extend_ns(self) -> dict[str, str]:
        return {prefix: NAMESPACES[prefix] for prefix in sorted(self.prefixes)}

    def extend_rss(self, rss: Any) -> Any:
        channel = rss[0]
        place = channel.index(channel.find("description")) + 1
        for element in reversed(self.elements):
            channel.insert(place, _write(element, channel))
        if self.empty:
            etree.cleanup_namespaces(rss)
        return rss

    def extend_atom(self, feed: Any) -> Any:
        for element in self.elements:
            _write(element, feed)
        return feed


class EntryParts(BaseEntryExtension):  # type: ignore[misc]
    """An entry's own elements. ``language`` is empty where the feed's holds."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.language = ""

    def extend_rss(self, item: Any) -> Any:
        # Readers of RSS take the description for HTML.
        description = item.find("description")
        description.text = html.escape(description.text, quote=False)
        for element in self.elements:
            _write(element, item)
        return item

    def extend_atom(self, entry: Any) -> Any:
        if self.language:
            entry.set(XML_LANG, self.language)
        for element in self.elements:
            _write(element, entry)
        return entry


class Generator(feedgen.feed.FeedGenerator):  # type: ignore[misc]
    """A feedgen that keeps the order it is given and never says "now".

    ``parts`` holds the feed's own elements, each entry's ``parts`` its own.
    """

    parts: FeedParts

    def __init__(self, stylesheet: str) -> None:
        super().__init__()
        self.register_extension("parts", FeedParts, EntryParts)
        self._stylesheet = stylesheet
        self._dated = False

    def updated(self, updated: datetime | None = None) -> Any:
        if updated is None:
            return super().updated()
        self._dated = True
        return super().updated(whole_second(updated))

    def add_entry(self, feedEntry: Any = None, order: str = "append") -> Any:
        return super().add_entry(feedEntry, order)

    def rss_str(self, *arguments: Any, **keywords: Any) -> bytes:
        self._prepare()
        return self._styled(super().rss_str(*arguments, **keywords))

    def atom_str(self, *arguments: Any, **keywords: Any) -> bytes:
        self._prepare()
        return self._styled(super().atom_str(*arguments, **keywords))

    def _prepare(self) -> None:
        if not self._dated or any(entry.published() is None for entry in self.entry()):
            raise ValueError("a feed and each of its entries need times of their own")
        self.parts.empty = not self.entry()
        self.parts.prefixes = set(_prefixes(self.parts.elements)).union(
            *(_prefixes(entry.parts.elements) for entry in self.entry())
        )

    def _styled(self, document: bytes) -> bytes:
        declaration, end, rest = document.partition(b"?>\n")
        instruction = f'<?xml-stylesheet type="text/css" href="{self._stylesheet}"?>\n'
        return declaration + end + instruction.encode("ascii") + rest


def begin(feed: Feed, entries: Sequence[Entry]) -> Generator:
    """A generator that holds what RSS and Atom share of ``feed``, and no entry yet."""
    origin = "/".join(feed.url.split("/")[:3])
    generator = Generator(origin + stylesheet_path(feed.language))
    generator.title(feed.title)
    generator.subtitle(feed.description)
    generator.language(feed.language)
    generator.link(href=feed.page_url, rel="alternate", type="text/html")
    generator.updated(feed.updated(entries))
    generator.generator("Distributor")
    if feed.rights:
        generator.rights(feed.rights)
    if feed.logo:
        generator.image(feed.logo)
    if feed.favicon:
        generator.icon(feed.favicon)
    return generator


def add(generator: Generator, feed: Feed, entry: Entry) -> Any:
    """A new element after the last, with what RSS and Atom share of ``entry``."""
    element = generator.add_entry()
    element.id(entry.id)
    element.title(entry.title)
    element.summary(entry.summary)
    element.content(entry.html, type="html")
    element.published(whole_second(entry.published))
    element.updated(whole_second(entry.updated))
    element.category(
        [
            {"term": topic.slug, "scheme": feed.scheme("topics"), "label": topic.name}
            for topic in entry.topics
        ]
        + [{"term": entry.kind, "scheme": feed.scheme("kind")}]
        + [{"term": mark, "scheme": feed.scheme("status")} for mark in entry.marks]
    )
    return element
