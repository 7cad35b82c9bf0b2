"""What every address answers that is not there, or not yet."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from distributor.newsroom import frames
from distributor.web.words import word


def page(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, in the language that the address begins with.

    It depends on nothing else, so that nobody can tell a release that has not left from none at
    all; and no cache keeps it, since a moment later there may be a page.
    """
    first, *others = settings.DISTRIBUTOR.site.languages
    begun = request.path_info.split("/")[1]
    language = begun if begun in others else first
    context = frames.frame(language) | {"word": partial(word, language), "noindex": True}
    return frames.respond("web/missing.html", context, status=404)
