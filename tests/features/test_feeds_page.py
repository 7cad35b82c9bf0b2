"""The page that lists the feeds: every address on it answers as a feed once it is built."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from distributor.audience import topics
from distributor.dispatch import feeds
from distributor.dispatch.models import Feed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("language", "title"), [("sv", "Flöden"), ("en", "Feeds")])
def test_every_feed_is_there_in_every_format(language: str, title: str) -> None:
    topics.add("skola", {"sv": "Skola", "en": "Schools"})
    feeds.found()
    answer = Client().get(f"/feeds/?lang={language}")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in page
    assert not answer.cookies
    linked = set(re.findall(r"/feeds/([a-z/-]+\.(?:rss|atom|json))", page))
    names = Feed.objects.values_list("name", flat=True)
    assert {f"{name}.{suffix}" for name in names for suffix in ("rss", "atom", "json")} <= linked
