"""A release as ninjs 3.1, the International Press Telecommunications Council's News in JSON.

The schema allows no unknown property, at the root and in associations alike.
"""

from datetime import datetime
from typing import Any

from distributor.release import Attachment, Contact, Image, Quote, Release, Site, rfc3339
from distributor.rendering import addresses
from distributor.rendering.cleaning import absolute
from distributor.rendering.dates import written_with_zone
from distributor.rendering.html import body_html
from distributor.rendering.subject import subject, under_embargo
from distributor.rendering.text import body_text
from distributor.rendering.words import is_swedish, word

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json#"
STANDARD = {"name": "ninjs", "version": "3.1", "schema": SCHEMA}
CODES = "http://cv.iptc.org/newscodes"

_PROFILES = {"press": "press-release", "invitation": "press-invitation", "news": "news"}
_SIGNALS = {"fact": "correction", "update": "update"}
_EVENT_STATUS = {"planned": "scheduled", "changed": "scheduled", "cancelled": "canceled"}


def ninjs(release: Release, site: Site) -> dict[str, Any]:
    """The document, ready for JSON; of a withheld or withdrawn release without any of its text.

    Under embargo it names no address that opens before the lift, nor the page's own.
    """
    if release.status != "usable":
        return _item(release) | _without_text(release, site)
    page = addresses.page(release, site)
    return _kept(
        {
            **_item(release),
            "representationType": "full",
            "embargoedUntil": _time(release.embargo_until) if under_embargo(release) else None,
            "title": release.title,
            "headlines": [_text(release.title, role="main")],
            "descriptions": _descriptions(release),
            "bodies": _bodies(release, site),
            "edNote": _note(release, site),
            "by": site.name,
            "copyrightHolder": site.name,
            "usageTerms": _usage(release.language),
            "located": release.place,
            "people": _people(release),
            "infoSources": [_source(contact) for contact in release.contacts],
            "organisations": [{"rel": "issuer", "name": site.name, "uri": _root(site)}],
            "subjects": _subjects(release),
            "genres": []
            if release.type == "news"
            else [{"name": "Press Release", "uri": f"{CODES}/genre/Press_Release"}],
            **_event(release, site),
            "renditions": _renditions(release, site, page),
            "associations": _associations(release, site),
            "altIds": [{"role": "diarienummer", "value": release.case_number}]
            if release.case_number
            else [],
            "trustIndicators": [
                {
                    "title": word(release.language, "correction"),
                    "href": f"{_root(site)}corrections/",
                }
            ],
        }
    )


def _item(release: Release) -> dict[str, Any]:
    return _kept(
        {
            "uri": release.uri,
            "standard": STANDARD,
            "type": "event" if release.type == "invitation" else "composite",
            "profile": _PROFILES[release.type],
            "language": release.language,
            "version": str(release.version),
            "firstCreated": _time(release.published_at),
            "versionCreated": _time(release.updated_at),
            "pubStatus": release.status,
        }
    )


def _without_text(release: Release, site: Site) -> dict[str, Any]:
    key = "held_text" if release.status == "withheld" else "withdrawn_text"
    headline = subject(release, site, first=False) if release.title else ""
    return _kept(
        {
            "representationType": "partial",
            "urgency": 1,
            "headlines": [_text(headline, role="main")] if headline else [],
            "edNote": f"{word(release.language, key)} {release.reason}".strip(),
        }
    )


def _descriptions(release: Release) -> list[dict[str, Any]]:
    texts = {
        "lead": release.lead,
        "boilerplate": release.boilerplate,
        "correction": _correction(release),
    }
    return [_text(value, role=role) for role, value in texts.items() if value]


def _correction(release: Release) -> str:
    if release.correction is None:
        return ""
    lines = {"wrong": release.correction.wrong, "right": release.correction.right}
    told = [f"{word(release.language, key)}: {text}" for key, text in lines.items() if text]
    return "\n".join([*told, release.correction.note])


def _note(release: Release, site: Site) -> str:
    """What the receiving desk should know before it publishes."""
    notes = []
    if under_embargo(release) and release.embargo_until:
        moment = written_with_zone(
            release.embargo_until, release.language, site.time_zone, exact=True
        )
        notes.append(word(release.language, "embargo_banner", moment=moment))
        notes.append(word(release.language, "embargo_request"))
    if release.correction is not None and release.correction.kind == "fact":
        notes.append(f"{word(release.language, 'correction')}. {_correction(release)}")
    return " ".join(notes)


def _bodies(release: Release, site: Site) -> list[dict[str, Any]]:
    forms = {"text/html": body_html(release, site), "text/plain": body_text(release, site)}
    words = len(forms["text/plain"].split())
    return [
        {
            "role": "main",
            "contentType": content_type,
            "charCount": len(value),
            "wordCount": words,
            "value": value,
        }
        for content_type, value in forms.items()
        if value
    ]


def _people(release: Release) -> list[dict[str, Any]]:
    quotes = {block.name: block for block in release.body if isinstance(block, Quote)}
    return [
        _kept({"rel": "quoted", "name": name, "literal": quote.title})
        for name, quote in quotes.items()
        if name
    ]


def _source(contact: Contact) -> dict[str, Any]:
    ways = {"phone": contact.phone, "email": contact.email}
    return _kept(
        {
            "role": "pressContact",
            "name": contact.name,
            "literal": ", ".join(part for part in (contact.role, contact.organisation) if part),
            "contactInfo": [{"type": way, "value": value} for way, value in ways.items() if value],
        }
    )


def _subjects(release: Release) -> list[dict[str, Any]]:
    about = [
        _kept(
            {
                "rel": "about",
                "name": topic.name,
                "literal": topic.slug,
                "uri": f"{CODES}/mediatopic/{topic.media_topic}" if topic.media_topic else "",
            }
        )
        for topic in release.topics
    ]
    signal = _SIGNALS.get(release.correction.kind) if release.correction else None
    if signal:
        about.append({"rel": "signal", "name": signal, "uri": f"{CODES}/signal/{signal}"})
    return about


def _event(release: Release, site: Site) -> dict[str, Any]:
    event = release.event
    if event is None:
        return {}
    where = [line for line in (event.address,) if line]
    contact = [{"name": event.place, "address": {"lines": where}}] if where else []
    return {
        "eventDetails": {
            "eventStatus": f"{CODES}/eventstatus/{_EVENT_STATUS[event.status]}",
            "dates": _kept({"startDate": rfc3339(event.start), "endDate": _time(event.end)}),
            "organiser": {"name": site.name, "uri": _root(site)},
        },
        "places": [_kept({"rel": "eventLocation", "name": event.place, "contactInfo": contact})],
    }


def _renditions(release: Release, site: Site, page: str) -> list[dict[str, Any]]:
    renditions = [_rendition("web", page, "text/html")]
    if not under_embargo(release):
        files = addresses.permanent(site, release.id)
        renditions.append(_rendition("text", f"{files}text.txt", "text/plain"))
        renditions.append(_rendition("kit", f"{files}kit.zip", "application/zip"))
        if release.event is not None:
            renditions.append(
                _rendition("ics", addresses.calendar(site, release.id), "text/calendar")
            )
    return renditions


def _rendition(name: str, url: str, content_type: str, **facts: int) -> dict[str, Any]:
    known = {key: value for key, value in facts.items() if value}
    return {"name": name, "href": absolute(url, ""), "contentType": content_type, **known}


def _associations(release: Release, site: Site) -> list[dict[str, Any]]:
    base = release.url
    images = [_image(number, image, base) for number, image in enumerate(release.images, start=1)]
    files = [
        _attachment(number, file, base, release.language)
        for number, file in enumerate(release.attachments, start=1)
    ]
    others = [
        _kept(
            {
                "name": f"translation-{other.language}",
                "rel": "translation",
                "uri": absolute(other.url, base),
                "representationType": "partial",
                "language": other.language,
                "title": other.title,
            }
        )
        for other in release.translations
    ]
    if release.replaces:
        others.append(
            {
                "name": "replaces",
                "rel": "replaces",
                "uri": release.replaces,
                "representationType": "partial",
            }
        )
    return images + files + others


def _image(number: int, image: Image, base: str) -> dict[str, Any]:
    uri = absolute(image.url, base)
    renditions = [
        _rendition(
            "original",
            uri,
            image.mime_type,
            width=image.width,
            height=image.height,
            sizeInBytes=image.bytes,
        )
    ]
    if image.web_url:
        web = absolute(image.web_url, base)
        facts = {"width": image.web_width, "height": image.web_height}
        renditions.append(_rendition("web", web, image.mime_type, **facts))
    texts = {"caption": image.caption, "altText": image.alt}
    return _kept(
        {
            "name": f"image-{number}",
            "rel": "image",
            "type": "picture",
            "uri": uri,
            "by": image.credit,
            "usageTerms": image.licence,
            "expires": _time(image.expires_at),
            "descriptions": [_text(text, role=role) for role, text in texts.items() if text],
            "altIds": [{"role": "sha256", "value": image.sha256}],
            "renditions": renditions,
        }
    )


def _attachment(number: int, file: Attachment, base: str, language: str) -> dict[str, Any]:
    uri = absolute(file.url, base)
    return {
        "name": f"attachment-{number}",
        "rel": "attachment",
        "type": "text" if file.mime_type == "application/pdf" else "component",
        "uri": uri,
        "title": file.title,
        "language": file.language or language,
        "altIds": [{"role": "sha256", "value": file.sha256}],
        "renditions": [_rendition("original", uri, file.mime_type, sizeInBytes=file.bytes)],
    }


def _usage(language: str) -> str:
    if is_swedish(language):
        return "Får användas fritt i journalistiskt arbete. Ange källan."
    return "Free to use in journalism. Name the source."


def _text(value: str, *, role: str) -> dict[str, Any]:
    return {"role": role, "contentType": "text/plain", "value": value}


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None


def _root(site: Site) -> str:
    return absolute(site.url.rstrip("/") + "/", "")


def _kept(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` without what is empty."""
    return {key: value for key, value in document.items() if value not in (None, "", [], {})}
