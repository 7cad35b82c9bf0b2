"""The webhook event of one edition: a JSON document of bounded size."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from distributor.channels.webhooks.shapes import MAX_BODY, MAX_WITHOUT_TEXT
from distributor.errors import Refused
from distributor.release import Attachment, Event, Image, Release, Site, canonical, rfc3339
from distributor.rendering import addresses
from distributor.rendering.html import body_html
from distributor.rendering.text import body_text

_KEPT_FILES = 10


def payload(release: Release, site: Site) -> dict[str, Any]:
    """The event of ``release``, whole: ``type``, ``timestamp`` and ``data``.

    Of a withheld or withdrawn release it has title and reason and no text. Under embargo, and once
    it is erased, ``url`` leads by the release's id, so that nothing sent has words of the title.

    Raises:
        ValueError: ``updated_at`` is None; it is the event's time.
    """
    if release.updated_at is None:
        raise ValueError("an event needs the time at which its edition leaves: set updated_at")
    page = addresses.page(release, site)
    data = {
        "id": release.id,
        "uri": release.uri,
        "version": release.version,
        "status": release.status,
        "kind": release.type,
        "language": release.language,
        "url": page,
        "title": release.title,
        "published_at": _time(release.published_at),
        "updated_at": _time(release.updated_at),
        "embargo_until": _time(release.embargo_until),
        "reason": release.reason or None,
        "digest": release.digest(),
        "omitted": [],
        "json_url": addresses.permanent(site, release.id).rstrip("/") + ".json",
    }
    words = _words(release, site) if release.status == "usable" else _no_words()
    timestamp = rfc3339(release.updated_at)
    return {"type": release.act, "timestamp": timestamp, "data": data | words}


def fitted(
    release: Release,
    site: Site,
    wrap: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document,
) -> dict[str, Any]:
    """``wrap`` of the event, with so much left out that it is no larger than is allowed.

    Above 65,536 bytes ``body_text`` goes, then ``body_html``, then images and attachments after
    the tenth, then all of them, contacts and boilerplate. ``data.omitted`` names what went. A
    withheld or withdrawn release has 20,000 bytes.

    Raises:
        Refused: it is too large even so.
    """
    document = payload(release, site)
    data = document["data"]
    limit = MAX_BODY if release.status == "usable" else MAX_WITHOUT_TEXT
    for field, shorter in _LADDER:
        if len(canonical(wrap(document))) <= limit:
            break
        whole = data[field]
        left = whole[:shorter] if whole and isinstance(shorter, int) else shorter
        if not whole or left == whole:
            continue
        data[field] = left
        if field not in data["omitted"]:
            data["omitted"].append(field)
    wrapped = wrap(document)
    if len(canonical(wrapped)) > limit:
        raise Refused("too-large", f"the event is larger than {limit} bytes", about="message")
    return wrapped


_LADDER: tuple[tuple[str, Any], ...] = (
    ("body_text", None),
    ("body_html", None),
    ("images", _KEPT_FILES),
    ("attachments", _KEPT_FILES),
    ("images", []),
    ("attachments", []),
    ("contacts", []),
    ("boilerplate", ""),
    ("translations", []),
    ("reason", None),
)


def _no_words() -> dict[str, Any]:
    empty: dict[str, Any] = {"event": None, "replaces": None, "correction": None}
    for field in ("lead", "body_html", "body_text", "place", "boilerplate", "case_number"):
        empty[field] = ""
    for field in ("topics", "contacts", "images", "attachments", "translations"):
        empty[field] = []
    return empty


def _words(release: Release, site: Site) -> dict[str, Any]:
    correction = release.correction
    return {
        "lead": release.lead,
        "body_html": body_html(release, site),
        "body_text": body_text(release, site),
        "place": release.place,
        "topics": [{"slug": topic.slug, "name": topic.name} for topic in release.topics],
        "event": _event(release.event) if release.event else None,
        "boilerplate": release.boilerplate,
        "case_number": release.case_number,
        "contacts": [asdict(contact) for contact in release.contacts],
        "images": [_image(image) for image in release.images],
        "attachments": [_attachment(attachment) for attachment in release.attachments],
        "translations": [
            {"language": other.language, "url": other.url} for other in release.translations
        ],
        "replaces": release.replaces,
        "correction": asdict(correction) if correction else None,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "start": rfc3339(event.start),
        "end": _time(event.end),
        "place": event.place,
        "address": event.address,
        "url": event.url,
        "registration": event.registration,
        "status": event.status,
    }


def _image(image: Image) -> dict[str, Any]:
    return {
        "url": image.url,
        "alt": image.alt,
        "caption": image.caption,
        "credit": image.credit,
        "licence": image.licence,
        "expires_at": _time(image.expires_at),
        "mime_type": image.mime_type,
        "width": image.width,
        "height": image.height,
        "bytes": image.bytes,
        "sha256": image.sha256,
    }


def _attachment(attachment: Attachment) -> dict[str, Any]:
    return {
        "url": attachment.url,
        "title": attachment.title,
        "mime_type": attachment.mime_type,
        "bytes": attachment.bytes,
        "sha256": attachment.sha256,
    }


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
