"""The newsroom as everybody sees it: rendered from the newest edition that has left.

No page sets a cookie or needs a script, and none asks another host for anything.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from distributor.audience.models import Topic
from distributor.dispatch import compositions, editions
from distributor.dispatch.models import Edition, EditionTopic
from distributor.newsroom import corrections, showing, snapshot
from distributor.newsroom.frames import frame, gone, respond

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from distributor.newsroom.copies import Copy
    from distributor.newsroom.models import ReleasePage
    from distributor.release import Site

PER_PAGE = 20


def is_issued(release_id: UUID) -> bool:
    """Whether an edition of the release exists, left or not."""
    return Edition.objects.filter(release_id=release_id, taken_back_at=None).exists()


def is_shown(release_id: UUID) -> bool:
    """Whether the release's address answers, be it only to say that the text was withdrawn."""
    return editions.current().filter(release_id=release_id).exists()


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
        "entries": [showing.entry(edition.release, site) for edition in page.object_list],
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
    if edition.erased_at:
        return gone()
    words = showing.now(edition, page)
    context = showing.context(
        words,
        compositions.site(),
        corrections=corrections.of(words.id),
        replaced_by=showing.replacement(page) if words.status == "canceled" else "",
    )
    return respond("newsroom/release.html", context, 410 if words.status == "canceled" else 200)


def preview(request: HttpRequest, page: ReleasePage) -> HttpResponse:
    """The page as it would be if it were published now, for its editors alone."""
    words = snapshot.take(page, _private_address).release
    moment = timezone.now()
    words = replace(words, version=1, published_at=moment, updated_at=moment)
    response = respond("newsroom/release.html", showing.private(words))
    response["Cache-Control"] = "private, no-store"
    return response


def _private_address(site: Site, copy: Copy, name: str) -> str:
    return str(site.url.rstrip("/") + settings.MEDIA_URL + copy.path)


def _topics(shown: Any, language: str) -> list[tuple[str, str]]:
    """Slug and name of each topic that some release of a list has."""
    slugs = EditionTopic.objects.filter(edition__in=shown).values("slug").distinct()
    topics = Topic.objects.filter(slug__in=slugs)
    names = [(topic.slug, topic.name(language)) for topic in topics]
    return sorted(names, key=lambda pair: pair[1].casefold())


def _year(year: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first and the last instant of a year in ``zone``."""
    first = datetime(year, 1, 1, tzinfo=zone)
    return first.astimezone(UTC), datetime(year, 12, 31, 23, 59, 59, 999999, zone).astimezone(UTC)


def _query(chosen: dict[str, str], number: int) -> str:
    return "?" + urlencode(chosen | ({"page": str(number)} if number > 1 else {}))
