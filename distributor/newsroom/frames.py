"""The frame and the headers that every page for readers has."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpResponse
from django.templatetags.static import static

from distributor.dispatch import compositions
from distributor.newsroom import languages
from distributor.newsroom.words import word
from distributor.rendering import addresses
from distributor.templating import render

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def respond(template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page for readers from ``templates/``, with the headers that each of them has."""
    response = HttpResponse(render(template, **context), status=status)
    response["Content-Security-Policy"] = POLICY
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response["X-Content-Type-Options"] = "nosniff"
    # A lift, a hold or a last day is read from the clock: what a cache holds is asked about first.
    response["Cache-Control"] = "no-cache"
    return response


def gone() -> HttpResponse:
    """410 without a word of what was there: the release was erased."""
    response = HttpResponse("Gone.\n", "text/plain; charset=utf-8", status=410)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
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
        "corrections_url": addresses.corrections(site, language),
        "noindex": False,
    }
