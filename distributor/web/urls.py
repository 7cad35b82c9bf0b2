"""Readers' doors. Paths with and without a trailing slash are one pattern each where mail links."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.http import require_safe

from distributor.newsroom import corrections
from distributor.web import feeds, files, personal, readers, releases, sitemaps

urlpatterns: list[URLPattern | URLResolver] = [
    path("feeds/", feeds.feeds),
    path("corrections/", require_safe(corrections.page)),
    path("sitemap.xml", sitemaps.sitemap),
    path("sitemap-<int:number>.xml", sitemaps.sitemap),
    path("news-sitemap.xml", sitemaps.news),
    path("robots.txt", sitemaps.robots),
    re_path(r"^files/(?P<sha256>[0-9a-f]{64})/(?P<name>[^/]+)$", files.file),
    # Whatever stands for the token, so that a forged one is not found and never redirected.
    re_path(r"^unsubscribe/(?P<token>.*?)/?$", readers.unsubscribe, name="unsubscribe"),
    re_path(r"^embargo/(?P<token>.*?)/?$", personal.page, name="embargo"),
    re_path(r"^preferences/(?P<token>.*?)/?$", readers.preferences, name="preferences"),
    path("releases/<uuid:release_id>", releases.page),
    path("releases/<uuid:release_id>/", releases.page),
    path("releases/<uuid:release_id>.json", releases.as_ninjs),
    path("releases/<uuid:release_id>/text.txt", releases.as_text),
    path("releases/<uuid:release_id>/kit.zip", releases.as_kit),
    path("releases/<uuid:release_id>/event.ics", releases.as_calendar),
]
