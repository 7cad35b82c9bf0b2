"""Media RSS: what the elements of a file say beyond its enclosure, in RSS and Atom alike."""

from __future__ import annotations

from collections.abc import Iterator

from distributor.channels.feeds.generator import Element
from distributor.channels.feeds.values import Enclosure


def media_content(enclosure: Enclosure) -> Element:
    """``media:content`` of one file, without a group."""
    return Element(
        "media:content",
        {
            "url": enclosure.url,
            "type": enclosure.mime_type,
            "medium": enclosure.medium,
            "fileSize": str(enclosure.bytes),
            "width": str(enclosure.width or ""),
            "height": str(enclosure.height or ""),
        },
        children=tuple(_about(enclosure)),
    )


def _about(enclosure: Enclosure) -> Iterator[Element]:
    yield Element("media:title", {"type": "plain"}, enclosure.title)
    if enclosure.alt:
        yield Element("media:description", {"type": "plain"}, enclosure.alt)
    if enclosure.credit:
        yield Element("media:credit", {"role": "photographer"}, enclosure.credit)
