"""What old deliveries leave behind: true totals, and everybody who has to hear of a correction."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from distributor.audience import unsubscribing
from distributor.dispatch import control, fanout, retention, standing, tasks
from distributor.dispatch.models import Attempt, Batch, Delivery, Edition
from distributor.errors import Refused, Unavailable
from tests import fanning

pytestmark = pytest.mark.django_db


def _age(days: float, **which: object) -> None:
    """Make editions, and the attempts there are, some days older."""
    shift = timedelta(days=days)
    for edition in Edition.objects.filter(**which):
        Edition.objects.filter(pk=edition.pk).update(leaves_at=edition.leaves_at - shift)
    for attempt in Attempt.objects.all():
        Attempt.objects.filter(pk=attempt.pk).update(at=attempt.at - shift)


def _prune() -> None:
    while retention.take_turn(0.2):
        pass


def test_old_deliveries_go_totals_stay_and_a_late_correction_finds_every_receiver(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(fanout.SIZES, "email", 4)
    monkeypatch.setattr(fanout, "CHUNK", 5)
    readers = fanning.readers(12)
    had, bounced, gone = readers[:9], readers[9], readers[10]
    first = fanning.issue()
    fanning.hand_over(first, [*had, gone])
    fanning.hand_over(first, [bounced], Refused("no-such-address", "550 5.1.1 who?"))
    fanning.hand_over(first, readers[11:], Refused("policy", "554 no"))
    before = standing.standing(first.release_id)
    _age(89)
    _prune()
    assert Delivery.objects.count() == 12
    _age(2)
    _prune()
    assert not Delivery.objects.exists()
    assert not Attempt.objects.exists()
    assert standing.standing(first.release_id) == before
    assert control.redeliver(first.release_id, "email", failed=True) == 0
    assert standing.standing(first.release_id) == before
    unsubscribing.end(gone, "one-click")
    newcomers = fanning.readers(2)
    corrected = fanning.issue(
        first, act="release.corrected", kind="fact", lead="Rätt dag.", fan_out=False
    )
    foreseen = fanout.reach(corrected)["email"]
    assert foreseen == fanout.Reach(audience=4, receivers=9, out_of_reach=1)
    fanout.fan_out(corrected.pk)
    heard = {reader: fanning.told(corrected, reader) for reader in readers + newcomers}
    assert heard == {
        **dict.fromkeys(had, "now"),
        bounced: "first",
        gone: "",
        readers[11]: "first",
        **dict.fromkeys(newcomers, "first"),
    }


def test_what_is_owed_or_young_stays_and_the_task_goes_on_by_itself() -> None:
    old, owed = fanning.readers(2)
    edition = fanning.issue()
    fanning.hand_over(edition, [old])
    fanning.hand_over(edition, [owed], Unavailable("busy", "451 later"))
    _age(100)
    young = fanning.issue()
    tasks.prune(1)
    assert Delivery.objects.filter(edition=edition).count() == 2
    assert not Attempt.objects.exists()
    control.cancel(edition.release_id)
    tasks.prune(0)
    tasks.prune(1)
    assert not Delivery.objects.filter(edition=edition).exists()
    assert Delivery.objects.filter(edition=young).count() == 2


def test_deliveries_to_endpoints_stay_longer_and_so_does_what_they_may_have() -> None:
    edition = fanning.issue(channels=("webhook",))
    now = timezone.now()
    fields = {"channel": "webhook", "state": "failed", "attempts": 1, "since": now, "due_at": now}
    maybe = Delivery.objects.create(edition=edition, recipient=1, **fields)
    never = Delivery.objects.create(edition=edition, recipient=2, **fields)
    Batch.objects.create(edition=edition, channel="webhook", first=1, last=2, total=2, failed=2)
    for delivery, reason in ((maybe, "timeout"), (never, "connect")):
        Attempt.objects.create(
            delivery=delivery, at=now, outcome="unavailable", reason=reason, reply=""
        )
    _age(60)
    _prune()
    assert Attempt.objects.count() == 2
    _age(40)
    _prune()
    assert Attempt.objects.get().reason == "timeout"
    assert Delivery.objects.count() == 2
    _age(301)
    _prune()
    assert not Delivery.objects.exists()
    assert standing.counts([edition])["webhook"]["failed"] == 2
    assert bytes(Batch.objects.get().receivers or b"") == b"\1"
