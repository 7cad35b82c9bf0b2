"""An edition as the public sees it at this moment: in a list, and on its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from markupsafe import Markup

from distributor.dispatch import compositions, editions
from distributor.newsroom import snapshot
from distributor.newsroom.frames import frame
from distributor.newsroom.words import word
from distributor.release import Block, Image, Paragraph, Release, Site
from distributor.rendering import addresses, article, dates, files, html, subject
from distributor.rendering.inline import plain
from distributor.rendering.notices import notices

if TYPE_CHECKING:
    from distributor.dispatch.models import Edition
    from distributor.newsroom.models import ReleasePage

LOCALES = {"sv": "sv_SE", "en": "en_GB"}
"""What Open Graph calls a language that has no region of its own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A release in a list."""

    url: str
    label: str
    date: str
    moment: str
    title: str
    lead: str
    topics: tuple[tuple[str, str], ...]


def entry(words: Release, site: Site) -> Entry:
    """``words`` as a list shows it."""
    assert words.published_at is not None
    return Entry(
        url=words.url,
        label=subject.label(words),
        date=dates.day(words.published_at, words.language, site.time_zone),
        moment=words.published_at.isoformat(),
        title=words.title,
        lead=words.lead or _first_paragraph(words),
        topics=_topic_links(words, site),
    )


def now(edition: Edition, page: ReleasePage | None) -> Release:
    """The words of ``edition`` as they may be shown at this moment.

    Pictures whose last day has passed are left out; the translations are those public now.
    """
    others = snapshot.translations(page) if page else ()
    words = edition.release.without_expired(timezone.now())
    return replace(words, translations=tuple(others))


def light(words: Release) -> Release:
    """``words`` with each picture as the rendition that loads fast; the original is linked."""
    return replace(words, body=tuple(_light(block) for block in words.body))


def _light(block: Block) -> Block:
    if not (isinstance(block, Image) and block.web_url):
        return block
    return replace(block, url=block.web_url, width=block.web_width, height=block.web_height)


def context(
    words: Release, site: Site, *, corrections: Sequence[Release] = (), replaced_by: str = ""
) -> dict[str, Any]:
    """What the template ``newsroom/release.html`` needs.

    ``corrections`` are the editions that corrected facts, the newest first; the page tells of each
    in a box, whatever else was edited since. ``replaced_by`` is the address of the release that
    takes the place of a withdrawn one.
    """
    language = words.language
    usable = words.status == "usable"
    alternates = {other.language: other.url for other in words.translations}
    written = partial(dates.written, language=language, time_zone=site.time_zone)
    corrected = words.correction if words.correction and words.updated_at else None
    if alternates:
        alternates[language] = words.url
    pictures = list(_pictures(words)) if usable else []
    return frame(language, alternates=alternates) | {
        "release": words,
        "usable": usable,
        "noindex": not usable,
        "locale": LOCALES.get(language, language.replace("-", "_")),
        "label": subject.label(words),
        "heading": subject.heading(words, site),
        "description": (words.lead or _first_paragraph(words)) if usable else "",
        "dateline": html.dateline(words, site),
        "notices": notices(words, site, corrections),
        "event": html.event_html(words, site) if usable else "",
        "body": html.body_html(light(words), site) if usable else "",
        "contacts": html.contacts_html(words),
        "boilerplate": html.boilerplate_html(words, site) if usable else "",
        "replaces": html.replaces_html(words, site) if usable else "",
        "replaced_by": replaced_by,
        "translations": html.translations_html(words) if usable else "",
        "topics": _topic_links(words, site),
        "pictures": pictures,
        "card": next((each["image"] for each in pictures if not each["image"].decorative), None),
        "data": Markup(article.json_ld(words, site, corrections)) if usable else "",
        "published": written(words.published_at) if words.published_at else "",
        "changed": written(words.updated_at) if words.version > 1 and words.updated_at else "",
        "language_correction": (
            word(
                language,
                "language_correction",
                moment=written(words.updated_at),
                note=corrected.note,
            )
            if corrected and corrected.kind == "language" and words.updated_at
            else ""
        ),
        "text_url": addresses.permanent(site, words.id) + "text.txt",
        "kit_url": addresses.permanent(site, words.id) + "kit.zip",
    }


def replacement(page: ReleasePage) -> str:
    """The address of the public release that takes the place of ``page``'s, or ""."""
    others = page.replaced_by.values("release_id")
    found = editions.public().filter(release_id__in=others).first()
    return found.release.url if found else ""


def private(words: Release) -> dict[str, Any]:
    """The context of ``words`` for eyes that see more than the public: a preview."""
    return context(words, compositions.site()) | {"noindex": True, "data": ""}


def _pictures(words: Release) -> Iterator[dict[str, Any]]:
    for image in words.images:
        yield {
            "image": image,
            "kind": files.kind(image.mime_type),
            "size": files.size(image.bytes, words.language),
        }


def _topic_links(words: Release, site: Site) -> tuple[tuple[str, str], ...]:
    return tuple(
        (topic.name, addresses.topic(site, words.language, topic.slug)) for topic in words.topics
    )


def _first_paragraph(words: Release) -> str:
    first = (plain(block.text) for block in words.body if isinstance(block, Paragraph))
    return next(first, "")
