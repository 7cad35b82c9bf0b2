"""A feed that would not be valid: what is out stays, one line says why, and the rest is owed."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from structlog.testing import capture_logs

from distributor.dispatch import delivering, feeds, leases, tasks
from distributor.dispatch.models import Batch, Delivery, Edition, Feed
from tests.fanning import issue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]

HUB = "https://näv.example/"
"""An address that no feed may name: it is not in ASCII. The options would not take it so."""


def publish(number: int) -> Edition:
    return issue(
        uri=f"tag:press.example.se,2026:release/{number}",
        title=f"Bron {number}",
        channels=("feed",),
    )


def titles() -> list[str]:
    file = settings.DISTRIBUTOR.site.data_dir / "public/feeds/sv/all.json"
    return [item["title"] for item in json.loads(file.read_text("utf-8"))["items"]]


def free(now: datetime) -> QuerySet[Feed]:
    return Feed.objects.filter(leases.free(now), name="sv/all", built_at=None)


def test_a_refused_feed_is_told_of_once_and_built_when_it_can_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feeds.found()
    feed = Feed.objects.get(name="sv/all")
    publish(1)
    tasks.build_feed(feed.pk)
    assert titles() == ["Bron 1"]

    good = settings.DISTRIBUTOR
    bad = good.feeds.model_copy(update={"websub_hub": HUB})
    monkeypatch.setattr(settings, "DISTRIBUTOR", good.model_copy(update={"feeds": bad}))
    with capture_logs() as log:
        for batch in Batch.objects.filter(edition=publish(2), channel="feed"):
            delivering.deliver(batch.pk)
        for _ in range(2):
            assert not free(timezone.now()).exists(), "it is not tried again at once"
            assert free(timezone.now() + feeds.REFUSED_FOR).exists(), "the sweep rings for it"
            Feed.objects.update(lease_until=None)
            tasks.build_feed(feed.pk)
    (told,) = [line for line in log if line.get("feed") == "sv/all"]
    assert (told["event"], told["log_level"]) == ("feeds.refused", "error")
    assert HUB in told["reply"]
    assert "feeds.websub_hub" in told["remedy"]
    failed = Delivery.objects.filter(channel="feed", recipient=feed.pk, state="failed")
    assert failed.count() == 1
    assert titles() == ["Bron 1"]

    monkeypatch.undo()
    Feed.objects.update(lease_until=None)
    tasks.build_feed(feed.pk)
    assert sorted(titles()) == ["Bron 1", "Bron 2"], "both may be of one second"
