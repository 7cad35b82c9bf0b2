"""A release by its id: the way to its page, and its forms beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.http import require_safe

from distributor.dispatch import compositions, editions
from distributor.dispatch.models import Edition
from distributor.newsroom import public
from distributor.newsroom.models import ReleasePage
from distributor.release import Release
from distributor.rendering import event, ninjs, text

if TYPE_CHECKING:
    from uuid import UUID


@require_safe
def page(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """Leads to the canonical address, which may also tell that the release was withdrawn."""
    return HttpResponseRedirect(_edition(release_id).release.url)


@require_safe
def as_ninjs(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """The release as ninjs 3.1, whatever its status; pages elsewhere may read it."""
    document = ninjs.ninjs(_words(_edition(release_id)), compositions.site())
    response = JsonResponse(document, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Access-Control-Allow-Origin"] = "*"
    return _fresh(response)


@require_safe
def as_text(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """The whole release as plain text."""
    words = _words(_usable(release_id))
    content = text.text(words, compositions.site())
    return _fresh(HttpResponse(content, content_type="text/plain; charset=utf-8"))


@require_safe
def as_calendar(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """What an invitation invites to, for a calendar; it says so when that is off."""
    words = _edition(release_id).release
    if words.event is None:
        raise Http404
    content = event.ics(words, compositions.site())
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = 'attachment; filename="event.ics"'
    return _fresh(response)


def _edition(release_id: UUID) -> Edition:
    edition = editions.current().filter(release_id=release_id).first()
    if edition is None:
        raise Http404
    return edition


def _usable(release_id: UUID) -> Edition:
    edition = _edition(release_id)
    if edition.status != Edition.Status.USABLE:
        raise Http404
    return edition


def _words(edition: Edition) -> Release:
    page = ReleasePage.objects.filter(release_id=edition.release_id).first()
    return public.now(edition, page)


def _fresh(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response
