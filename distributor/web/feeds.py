"""The page that says what feeds there are, for people."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from distributor.audience.models import Topic
from distributor.dispatch import compositions
from distributor.newsroom import frames, languages
from distributor.web.words import word

FORMATS = (("RSS", "rss"), ("Atom", "atom"), ("JSON Feed", "json"))


@require_safe
def feeds(request: HttpRequest) -> HttpResponse:
    """Every feed by language and topic, with its address in each format."""
    site = compositions.site()
    wanted = request.GET.get("lang", "")
    language = wanted if wanted in site.languages else site.languages[0]
    own = [(languages.name(code), f"{code}/all", _topics(code)) for code in site.languages]
    context = frames.frame(language) | {
        "word": partial(word, language),
        "formats": FORMATS,
        "root": f"{site.url}/feeds",
        "groups": own,
        "minutes": 1,
        "entries": settings.DISTRIBUTOR.feeds.entries,
        "languages": [
            (code, languages.name(code), f"{site.url}/feeds/?lang={code}")
            for code in site.languages
        ],
    }
    return frames.respond("web/feeds.html", context)


def _topics(language: str) -> list[tuple[str, str]]:
    topics = Topic.objects.filter(ended_at=None)
    return sorted((topic.name(language), f"{language}/{topic.slug}") for topic in topics)
