"""A release by its id: the way to its page, and its forms beside it.

Before a release is public every address answers as an unknown one does; while it is withheld the
text gives the notice, and files are not there; once withdrawn all is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from distributor.dispatch import compositions, editions
from distributor.newsroom import corrections, frames, kit, showing
from distributor.newsroom.models import ReleasePage
from distributor.rendering import event, ninjs, text

if TYPE_CHECKING:
    from uuid import UUID

    from distributor.dispatch.models import Edition
    from distributor.release import Release

Response = TypeVar("Response", bound=HttpResponseBase)


@require_safe
def page(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """Leads to the canonical address, which may also tell that the release was withdrawn."""
    edition = _edition(release_id)
    if edition.erased_at:
        return frames.gone()
    return _fresh(HttpResponseRedirect(edition.release.url))


@require_safe
def as_ninjs(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """The release as ninjs 3.1, whatever its status; pages elsewhere may read it."""
    words = _words(_edition(release_id))
    document = ninjs.ninjs(words, compositions.site())
    response = JsonResponse(document, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Access-Control-Allow-Origin"] = "*"
    return _indexed(_fresh(response), words)


@require_safe
def as_text(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """The whole release as plain text; its notice alone when that is all that may be told."""
    edition = _edition(release_id)
    if edition.erased_at:
        return frames.gone()
    words = _words(edition)
    content = text.text(words, compositions.site(), corrections=corrections.of(words.id))
    status = 410 if words.status == "canceled" else 200
    response = HttpResponse(content, "text/plain; charset=utf-8", status=status)
    return _indexed(_fresh(response), words)


@require_safe
def as_kit(request: HttpRequest, release_id: UUID) -> HttpResponseBase:
    """Text, pictures and documents in one ZIP file."""
    edition = _edition(release_id)
    words = _words(edition)
    if words.status == "canceled":
        return frames.gone()
    if words.status != "usable":
        raise Http404
    etag = f'"{kit.tag(words)}"'
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        packed = kit.kit(edition, words, compositions.site())
        response = FileResponse(
            packed, as_attachment=True, filename=kit.name(words), content_type="application/zip"
        )
    response["ETag"] = etag
    return _fresh(response)


@require_safe
def as_calendar(request: HttpRequest, release_id: UUID) -> HttpResponse:
    """What an invitation invites to, for a calendar; it says so when that is off."""
    words = _edition(release_id).release
    if words.event is None or words.status == "withheld":
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


def _words(edition: Edition) -> Release:
    page = ReleasePage.objects.filter(release_id=edition.release_id).first()
    return showing.now(edition, page)


def _fresh(response: Response) -> Response:
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _indexed(response: HttpResponse, words: Release) -> HttpResponse:
    if words.status != "usable":
        response["X-Robots-Tag"] = "noindex"
    return response
