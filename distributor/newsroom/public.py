"""The newsroom as everybody sees it: rendered from the newest edition that has left.

No page sets a cookie or needs a script, and none asks another host for anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils import timezone

from distributor.audience.models import Topic
from distributor.dispatch import compositions, editions
from distributor.dispatch.models import Edition, EditionTopic
from distributor.newsroom import languages, snapshot
from distributor.newsroom.words import word
from distributor.release import Block, Image, Paragraph, Release, Site
from distributor.rendering import addresses, dates, files, html, subject
from distributor.rendering.inline import plain
from distributor.rendering.notices import notice
from distributor.templating import render

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from distributor.newsroom.copies import Copy
    from distributor.newsroom.models import ReleasePage

PER_PAGE = 20
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


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


def is_issued(release_id: UUID) -> bool:
    """Whether an edition of the release exists, left or not."""
    return Edition.objects.filter(release_id=release_id, taken_back_at=None).exists()


def respond(template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page for readers from ``templates/``, with the headers that each of them has."""
    response = HttpResponse(render(template, **context), status=status)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-cache"
    return response


def frame(language: str, *, alternates: dict[str, str] | None = None) -> dict[str, Any]:
    """What every page's frame needs: names, addresses, and ``word`` in ``language``.

    ``alternates`` are the addresses of this very page in the other languages; without them the
    choice of language leads to the newsroom's list.
    """
    site = compositions.site()
    return {
        "site": site,
        "language": language,
        "word": partial(word, language),
        "home": addresses.newsroom(site, language),
        "stylesheet": static("newsroom/newsroom.css"),
        "icon": static("newsroom/icon.svg"),
        "languages": [
            (
                code,
                languages.name(code),
                (alternates or {}).get(code) or addresses.newsroom(site, code),
            )
            for code in site.languages
        ],
        "alternates": alternates or {},
        "feed": f"{site.url}/feeds/{language}/all",
        "noindex": False,
    }


def newsroom(request: HttpRequest, language: str) -> HttpResponse:
    """The list in one language: newest first, ``?topic=``, ``?year=`` and ``?page=``."""
    site = compositions.site()
    shown: QuerySet[Any] = editions.public(language=language)
    topics = _topics(shown, language)
    zone = ZoneInfo(site.time_zone)
    years = [moment.year for moment in shown.datetimes("public_at", "year", "DESC", tzinfo=zone)]
    topic, year = request.GET.get("topic", "").replace("\0", ""), request.GET.get("year", "")
    if topic:
        shown = editions.public(language=language, topic=topic)
    if year.isascii() and year.isdigit() and 1900 <= int(year) <= 9000:
        shown = shown.filter(public_at__range=_year(int(year), zone))
    try:
        page = Paginator(shown, PER_PAGE).page(request.GET.get("page", 1))
    except InvalidPage:
        raise Http404 from None
    chosen = {key: value for key, value in (("topic", topic), ("year", year)) if value}
    context = frame(language) | {
        "entries": [entry(edition.release, site) for edition in page.object_list],
        "page": page,
        "newer": _query(chosen, page.number - 1) if page.has_previous() else None,
        "older": _query(chosen, page.number + 1) if page.has_next() else None,
        "topics": topics,
        "topic": topic,
        "topic_name": dict(topics).get(topic, topic),
        "years": years,
        "year": year,
    }
    return respond("newsroom/list.html", context)


def release(request: HttpRequest, page: ReleasePage) -> HttpResponse:
    """A release as its newest public edition has it; 404 before the first has left."""
    edition = editions.current().filter(release_id=page.release_id).first()
    if edition is None:
        raise Http404
    words = now(edition, page)
    context = _release_context(words, compositions.site())
    return respond("newsroom/release.html", context, 410 if words.status == "canceled" else 200)


def preview(request: HttpRequest, page: ReleasePage) -> HttpResponse:
    """The page as it would be if it were published now, for its editors alone."""
    site = compositions.site()
    words = snapshot.take(page, _private_address).release
    moment = timezone.now()
    words = replace(words, version=1, published_at=moment, updated_at=moment)
    response = respond("newsroom/release.html", _release_context(words, site) | {"noindex": True})
    response["Cache-Control"] = "private, no-store"
    return response


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
    words, moment = edition.release, timezone.now()
    body = [
        block
        for block in words.body
        if not (isinstance(block, Image) and block.expires_at and block.expires_at <= moment)
    ]
    others = snapshot.translations(page) if page else ()
    return replace(words, body=tuple(body), translations=tuple(others))


def light(words: Release) -> Release:
    """``words`` with each picture as the rendition that loads fast; the original is linked."""
    return replace(words, body=tuple(_light(block) for block in words.body))


def _light(block: Block) -> Block:
    if not (isinstance(block, Image) and block.web_url):
        return block
    return replace(block, url=block.web_url, width=block.web_width, height=block.web_height)


def _release_context(words: Release, site: Site) -> dict[str, Any]:
    language = words.language
    usable = words.status == "usable"
    alternates = {other.language: other.url for other in words.translations}
    written = partial(dates.written, language=language, time_zone=site.time_zone)
    corrected = words.correction if words.correction and words.updated_at else None
    if alternates:
        alternates[language] = words.url
    return frame(language, alternates=alternates) | {
        "release": words,
        "usable": usable,
        "noindex": not usable,
        "label": subject.label(words),
        "heading": subject.heading(words, site),
        "description": words.lead or _first_paragraph(words),
        "dateline": html.dateline(words, site),
        "notice": notice(words, site),
        "event": html.event_html(words, site) if usable else "",
        "body": html.body_html(light(words), site) if usable else "",
        "contacts": html.contacts_html(words),
        "boilerplate": html.boilerplate_html(words, site) if usable else "",
        "replaces": html.replaces_html(words, site) if usable else "",
        "translations": html.translations_html(words) if usable else "",
        "topics": _topic_links(words, site),
        "pictures": list(_pictures(words)) if usable else [],
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
    }


def _pictures(words: Release) -> Iterator[dict[str, Any]]:
    for image in words.images:
        yield {
            "image": image,
            "kind": files.kind(image.mime_type),
            "size": files.size(image.bytes, words.language),
        }


def _private_address(site: Site, copy: Copy, name: str) -> str:
    return str(site.url.rstrip("/") + settings.MEDIA_URL + copy.path)


def _topics(shown: Any, language: str) -> list[tuple[str, str]]:
    """Slug and name of each topic that some release of a list has."""
    slugs = EditionTopic.objects.filter(edition__in=shown).values("slug").distinct()
    topics = Topic.objects.filter(slug__in=slugs)
    names = [(topic.slug, topic.name(language)) for topic in topics]
    return sorted(names, key=lambda pair: pair[1].casefold())


def _topic_links(words: Release, site: Site) -> tuple[tuple[str, str], ...]:
    return tuple(
        (topic.name, addresses.topic(site, words.language, topic.slug)) for topic in words.topics
    )


def _first_paragraph(words: Release) -> str:
    first = (plain(block.text) for block in words.body if isinstance(block, Paragraph))
    return next(first, "")


def _year(year: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last instant of a year in ``zone``."""
    first = datetime(year, 1, 1, tzinfo=zone)
    return first.astimezone(UTC), datetime(year, 12, 31, 23, 59, 59, 999999, zone).astimezone(UTC)


def _query(chosen: dict[str, str], number: int) -> str:
    return "?" + urlencode(chosen | ({"page": str(number)} if number > 1 else {}))
