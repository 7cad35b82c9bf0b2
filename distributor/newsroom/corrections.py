"""What was wrong: fact corrections and withdrawals, as the public may know of them now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.paginator import InvalidPage, Paginator
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from distributor.dispatch import compositions, editions
from distributor.dispatch.models import Edition
from distributor.newsroom import languages
from distributor.newsroom.frames import frame, respond
from distributor.newsroom.words import word
from distributor.rendering import addresses, dates, subject
from distributor.rendering.notices import notice

if TYPE_CHECKING:
    from uuid import UUID

    from distributor.release import Release, Site
    from distributor.rendering.notices import Notice

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the list; it is in the language of its release. An erased one has no ``url``."""

    url: str
    language: str
    label: str
    heading: str
    date: str
    moment: str
    notice: Notice


def of(release_id: UUID | str) -> list[Release]:
    """The editions that corrected facts of a release in public, the newest first.

    What was corrected before the release was public the public never read.
    """
    return [edition.release for edition in _facts().filter(release_id=release_id)]


def page(request: HttpRequest) -> HttpResponse:
    """The list in all languages, newest first; ``?lang=`` is that of its frame.

    Corrections of what is withheld, withdrawn or erased are not shown: they quote its text.
    """
    site = compositions.site()
    wanted = request.GET.get("lang", "")
    language = wanted if wanted in site.languages else site.languages[0]
    usable = Q(pk__in=_facts().filter(release_id__in=editions.public().values("release_id")))
    withdrawn = Q(pk__in=editions.current().filter(status=Edition.Status.CANCELED))
    found = Edition.objects.filter(usable | withdrawn).order_by("-leaves_at", "-pk")
    try:
        shown = Paginator(found, PER_PAGE).page(request.GET.get("page", 1))
    except InvalidPage:
        raise Http404 from None
    context: dict[str, Any] = frame(language) | {
        "word": partial(word, language),
        "told": [_told(edition, site) for edition in shown.object_list],
        "page": shown,
        "languages": [
            (code, languages.name(code), addresses.corrections(site, code))
            for code in site.languages
        ],
    }
    return respond("newsroom/corrections.html", context)


def _facts() -> QuerySet[Edition]:
    facts = editions.left().filter(act="release.corrected", content__correction__kind="fact")
    return facts.filter(published_at__lte=F("leaves_at")).order_by("-number")


def _told(edition: Edition, site: Site) -> Told:
    words = edition.release
    told = notice(words, site)
    assert told is not None
    assert words.updated_at is not None
    return Told(
        url="" if edition.erased_at else words.url,
        language=words.language,
        label=subject.label(words),
        heading=subject.heading(words, site),
        date=dates.written(words.updated_at, words.language, site.time_zone),
        moment=words.updated_at.isoformat(),
        notice=told,
    )
