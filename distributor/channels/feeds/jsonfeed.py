"""JSON Feed 1.1: fixed key order, no blanks, UTF-8 as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from distributor.channels.feeds.values import Enclosure, Entry, Feed
from distributor.release import Correction, Site, rfc3339


def jsonfeed(feed: Feed, entries: Sequence[Entry], site: Site) -> bytes:
    """The document, in the order of ``entries``.

    Raises:
        ValueError: a text holds a lone surrogate.
    """
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page_url,
        "feed_url": feed.address("json"),
        "description": feed.description,
        "next_url": f"{feed.prev_archive}.json" if feed.prev_archive else None,
        "icon": feed.icon,
        "favicon": feed.favicon,
        "language": feed.language,
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub else None,
    }
    items = [_item(feed, entry, f"{site.url.rstrip('/')}/feeds/") for entry in entries]
    # Nothing but items may be empty, and these must be there.
    text = json.dumps(
        {**_given(document), "items": items}, ensure_ascii=False, separators=(",", ":")
    )
    return text.encode("utf-8")


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _item(feed: Feed, entry: Entry, about: str) -> dict[str, Any]:
    image = entry.enclosure if entry.enclosure and entry.enclosure.medium == "image" else None
    return _given(
        {
            "id": entry.id,
            "url": entry.url,
            "title": entry.title,
            "summary": entry.summary,
            "content_html": entry.html,
            "image": image.url if image else None,
            "date_published": rfc3339(entry.published),
            "date_modified": rfc3339(entry.updated),
            "authors": [{"name": name} for name in entry.authors],
            "tags": [topic.name for topic in entry.topics],
            "language": feed.spoken(entry),
            "attachments": [_attachment(enclosure) for enclosure in entry.enclosures],
            "_release": {"about": about, **_release(entry)},
        }
    )


def _attachment(enclosure: Enclosure) -> dict[str, Any]:
    image = {
        "alt": enclosure.alt,
        "credit": enclosure.credit,
        "caption": enclosure.caption,
        "width": enclosure.width,
        "height": enclosure.height,
    }
    return _given(
        {
            "url": enclosure.url,
            "mime_type": enclosure.mime_type,
            "title": enclosure.title,
            "size_in_bytes": enclosure.bytes,
            "_image": image if enclosure.medium == "image" else None,
        }
    )


def _release(entry: Entry) -> dict[str, Any]:
    translations = [{"language": each.language, "url": each.url} for each in entry.translations]
    return _given(
        {
            "version": entry.version,
            "status": entry.status,
            "kind": entry.kind,
            "correction": _correction(entry.correction) if entry.correction else None,
            "digest": entry.digest,
            "translations": translations,
            "ninjs": entry.json_url,
        }
    )


def _correction(correction: Correction) -> dict[str, Any]:
    return {
        "kind": correction.kind,
        "note": correction.note,
        "wrong": correction.wrong,
        "right": correction.right,
    }
