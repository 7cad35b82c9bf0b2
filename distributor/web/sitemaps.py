"""For search engines: two sitemaps and ``robots.txt``."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from distributor.newsroom import sitemaps


@require_safe
def sitemap(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Every public page, with its translations; an index where they are too many for one file."""
    content = sitemaps.document(number)
    if content is None:
        raise Http404
    return _answered(content, "application/xml; charset=utf-8")


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """The releases of the last two days."""
    return _answered(sitemaps.news(), "application/xml; charset=utf-8")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What crawlers may fetch, and where the sitemaps are."""
    return _answered(sitemaps.robots().encode(), "text/plain; charset=utf-8")


def _answered(content: bytes, kind: str) -> HttpResponse:
    response = HttpResponse(content, kind)
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response
