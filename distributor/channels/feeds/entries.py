"""What of a release stands in a feed: its entry, its stub, its notices, its tombstone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import unquote

from distributor.channels.feeds.values import Enclosure, Entry, Tombstone
from distributor.release import (
    Attachment,
    Correction,
    Image,
    Paragraph,
    Release,
    Site,
    Topic,
    Translation,
)
from distributor.rendering import addresses
from distributor.rendering.cleaning import absolute, clean_html, clean_text
from distributor.rendering.dates import written
from distributor.rendering.html import contacts_html, element, notice_html, text_html
from distributor.rendering.inline import plain
from distributor.rendering.notices import notice as told_by
from distributor.rendering.subject import news, subject
from distributor.rendering.words import word

_SPACE = re.compile(r"[ \t\n]+")
_WITH_NOTICE = frozenset({"fact", "changed", "cancelled", "withheld", "withdrawn", "resumed"})


def entry(
    release: Release,
    site: Site,
    *,
    published: datetime,
    updated: datetime,
    authors: Sequence[str] = (),
    corrections: Sequence[Release] = (),
) -> Entry:
    """The entry of ``release``, or its stub while it is withheld or withdrawn.

    ``published`` is the first public moment and never changes; ``updated`` moves with every
    significant change (RFC 4287 §4.2.15), so not with a correction of language. ``authors`` are
    names; without any the site is the author. ``corrections`` are the editions that corrected
    facts of it, the newest first: readers are told of them whatever was edited since. An image
    whose last day has passed must be gone from ``release`` already: no clock is asked here.
    """
    usable = Entry(
        id=release.uri,
        url=absolute(release.url, site.url),
        title=_line(release.title),
        summary=_summary(release),
        html=text_html(release, site, corrections=corrections),
        language=release.language,
        published=published,
        updated=updated,
        authors=tuple(map(_line, authors)) or (_line(site.name),),
        kind=release.type,
        version=release.version,
        digest=_digest(release),
        json_url=addresses.permanent(site, release.id).rstrip("/") + ".json",
        topics=tuple(Topic(slug=each.slug, name=_line(each.name)) for each in release.topics),
        correction=_cleaned(release.correction),
        corrected=bool(corrections),
        enclosures=tuple(_enclosures(release)),
        translations=tuple(
            Translation(
                language=each.language,
                url=absolute(each.url, release.url),
                title=_line(each.title),
            )
            for each in release.translations
        ),
    )
    if release.status == "usable":
        return usable
    return replace(stub(usable, release, site), updated=updated)


def stub(of: Entry, release: Release, site: Site) -> Entry:
    """What stands in the place of ``of`` while ``release`` is withheld or withdrawn.

    ``of`` is the release's entry or one of its older notices, ``release`` the edition that withheld
    or withdrew it. Id, address, first moment, language, authors and topics stay; the text is the
    reason and the press contacts.

    Raises:
        ValueError: ``release`` is usable.
    """
    if release.status == "usable":
        raise ValueError(f"edition {release.version} of {release.uri} is usable and needs no stub")
    return replace(
        of,
        title=_line(subject(release, site, first=False)),
        summary=_said(release),
        html=text_html(release, site),
        updated=release.updated_at or of.updated,
        version=release.version,
        status=release.status,
        digest="",
        correction=None,
        corrected=False,
        enclosures=(),
        translations=(),
    )


def notice(release: Release, site: Site, *, authors: Sequence[str] = ()) -> Entry | None:
    """The entry that says what this edition did to the release; None if readers need none.

    Corrections of fact, changed and cancelled events, holds, resumptions and withdrawals have one,
    since feed readers replace a changed entry in silence. Its times are the edition's
    ``updated_at``.

    Raises:
        ValueError: such an edition has no ``updated_at``.
    """
    told = told_by(release, site)
    if told is None or news(release) not in _WITH_NOTICE:
        return None
    if release.updated_at is None:
        raise ValueError(f"edition {release.version} of {release.uri} has no time")
    when = written(release.updated_at, release.language, site.time_zone)
    dated = any(when in text for _, text in told.lines)
    parts = [notice_html(told, release), "" if dated else element("p", when)]
    parts.append(contacts_html(release))
    return Entry(
        id=f"{release.uri}/notice/{release.version}",
        url=f"{absolute(release.url, site.url)}#notice-{release.version}",
        title=_line(subject(release, site, first=False)),
        summary=_said(release),
        html=clean_html("\n".join(part for part in parts if part), release.url),
        language=release.language,
        published=release.updated_at,
        updated=release.updated_at,
        authors=tuple(map(_line, authors)) or (_line(site.name),),
        kind=release.type,
        version=release.version,
        status=release.status,
        json_url=addresses.permanent(site, release.id).rstrip("/") + ".json",
        topics=tuple(Topic(slug=each.slug, name=_line(each.name)) for each in release.topics),
        correction=_cleaned(release.correction),
    )


def tombstone(release: Release, site: Site) -> Tombstone:
    """Atom's tombstone of a withdrawn ``release``: a second later than its stub, which else holds.

    Raises:
        ValueError: the edition has no ``updated_at``.
    """
    if release.updated_at is None:
        raise ValueError(f"edition {release.version} of {release.uri} has no time")
    return Tombstone(
        ref=release.uri,
        when=release.updated_at + timedelta(seconds=1),
        by=_line(site.name),
        comment=_line(release.reason),
    )


def _digest(release: Release) -> str:
    """Empty where the words have none, since a lone surrogate is among them."""
    with suppress(UnicodeEncodeError):
        return release.digest()
    return ""


def _line(text: str) -> str:
    """Plain text on one line. No-break spaces stay."""
    return _SPACE.sub(" ", clean_text(text)).strip(" ")


def _summary(release: Release) -> str:
    """The lead; without one the first paragraph, else the title."""
    if lead := _line(release.lead):
        return lead
    first = (plain(block.text) for block in release.body if isinstance(block, Paragraph))
    return _line(next(first, "")) or _line(release.title)


def _said(release: Release) -> str:
    """What an edition says of itself, on one line."""
    given = release.reason or (release.correction.note if release.correction else "")
    if said := _line(given):
        return said
    key = {"withheld": "held_text", "withdrawn": "withdrawn_text"}.get(
        news(release), "resumed_text"
    )
    return word(release.language, key)


def _cleaned(correction: Correction | None) -> Correction | None:
    if correction is None:
        return None
    return Correction(
        kind=correction.kind,
        note=clean_text(correction.note),
        wrong=correction.wrong if correction.wrong is None else clean_text(correction.wrong),
        right=correction.right if correction.right is None else clean_text(correction.right),
    )


def _enclosures(release: Release) -> Iterator[Enclosure]:
    """Each file once, in the order of the text, images first, with a title of its own."""
    found: dict[str, Enclosure] = {}
    for each in (*map(_image, release.images), *map(_document, release.attachments)):
        found.setdefault(each.url, each)
    titles: set[str] = set()
    for url, enclosure in found.items():
        if url := absolute(url, release.url):
            title = _unlike(titles, enclosure.title or unquote(url.rpartition("/")[2]))
            titles.add(title)
            yield replace(enclosure, url=url, title=title)


def _image(image: Image) -> Enclosure:
    return Enclosure(
        url=image.url,
        mime_type=image.mime_type,
        bytes=image.bytes,
        title=_line(image.caption or image.alt),
        medium="image",
        width=image.width,
        height=image.height,
        caption=_line(image.caption),
        alt=_line(image.alt),
        credit=_line(image.credit),
    )


def _document(attachment: Attachment) -> Enclosure:
    return Enclosure(
        url=attachment.url,
        mime_type=attachment.mime_type,
        bytes=attachment.bytes,
        title=_line(attachment.title),
        medium="document",
    )


def _unlike(others: set[str], title: str) -> str:
    """``title``, with a number after it if it is among ``others``."""
    number, candidate = 1, title
    while candidate in others:
        number += 1
        candidate = f"{title} ({number})"
    return candidate
