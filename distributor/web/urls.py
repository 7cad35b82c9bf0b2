"""Readers' doors. Paths with and without a trailing slash are one pattern each where mail links."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path, re_path

from distributor.web import feeds, files, readers, releases

urlpatterns: list[URLPattern | URLResolver] = [
    path("feeds/", feeds.feeds),
    re_path(r"^files/(?P<sha256>[0-9a-f]{64})/(?P<name>[^/]+)$", files.file),
    # Whatever stands for the token, so that a forged one is not found and never redirected.
    re_path(r"^unsubscribe/(?P<token>.*?)/?$", readers.unsubscribe, name="unsubscribe"),
    re_path(r"^preferences/(?P<token>.*?)/?$", readers.preferences, name="preferences"),
    path("releases/<uuid:release_id>", releases.page),
    path("releases/<uuid:release_id>/", releases.page),
    path("releases/<uuid:release_id>.json", releases.as_ninjs),
    path("releases/<uuid:release_id>/text.txt", releases.as_text),
    path("releases/<uuid:release_id>/event.ics", releases.as_calendar),
]
