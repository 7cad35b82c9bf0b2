"""Readers, editions and hand-overs, for tests of whom an edition goes to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from distributor.audience.models import Subscriber, Subscription, Topic
from distributor.dispatch import editions, fanout, leases, rounds
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.errors import DeliveryError
from distributor.release import Correction, Event, Paragraph, Release
from distributor.release import Topic as ReleaseTopic

RELEASE = Release(
    id="",
    uri="tag:press.example.se,2026:release/3",
    url="https://press.example.se/bron/",
    type="press",
    language="sv",
    title="Bron öppnar",
    body=(Paragraph(text="Bron öppnar på måndag."),),
    topics=(ReleaseTopic(slug="trafik", name="Trafik"),),
)


def readers(count: int, topic: str = "trafik", *, pace: str = "immediate") -> list[int]:
    """Ids of new confirmed readers of Swedish who follow ``topic``."""
    followed = Topic.objects.get_or_create(slug=topic, defaults={"names": {"sv": topic}})[0]
    start = Subscriber.objects.count()
    made = Subscriber.objects.bulk_create(
        Subscriber(
            address=f"r{number}@readers.example",
            key=f"r{number}@readers.example",
            languages=" sv ",
            confirmed_at=timezone.now(),
        )
        for number in range(start, start + count)
    )
    Subscription.objects.bulk_create(
        Subscription(subscriber=reader, topic=followed, pace=pace) for reader in made
    )
    return [reader.pk for reader in made]


def issue(
    after: Edition | None = None,
    *,
    act: str = "release.published",
    kind: str = "",
    event: str = "",
    channels: Sequence[str] = ("email",),
    fan_out: bool = True,
    options: dict[str, Any] | None = None,
    **words: Any,
) -> Edition:
    """An edition that has left: of a new release, or the next one of that of ``after``.

    ``kind`` is of its correction, ``event`` the status of its event; ``options`` are for
    :func:`editions.issue`, ``words`` differ from those of ``after``.
    """
    release = after.release if after else replace(RELEASE, id=str(uuid.uuid4()))
    release = replace(release, act=act, correction=None)
    if kind:
        release = replace(release, correction=Correction(kind=kind, note="Fel dag."))
    if event:
        moment = timezone.now().replace(microsecond=0)
        release = replace(release, event=Event(start=moment, place="Ekvik", status=event))
    edition = editions.issue(
        replace(release, **words),
        revision=str(uuid.uuid4()),
        leaves_at=timezone.now() - timedelta(milliseconds=1),
        issuer="kim",
        channels=channels,
        **(options or {}),
    )
    if fan_out:
        fanout.fan_out(edition.pk)
    return Edition.objects.get(pk=edition.pk)


def claim(edition: Edition, recipients: Iterable[int]) -> list[rounds.Due]:
    """Claim what an edition owes to ``recipients``, as a worker that is at them does."""
    claimed = []
    for recipient in recipients:
        batch = _batch(edition, recipient)
        assert leases.claim(batch)
        claimed += rounds.begin(batch, 1, after=recipient - 1)
        leases.release(batch)
    return claimed


def hand_over(
    edition: Edition, recipients: Iterable[int], error: DeliveryError | None = None
) -> None:
    """Have ``edition`` taken, or refused with ``error``, for each of ``recipients``."""
    for due in claim(edition, recipients):
        batch = _batch(edition, due.recipient)
        assert leases.claim(batch)
        rounds.record(batch, [outcome(due, error)])
        rounds.close(batch, release=True)


def held(edition: Edition) -> Batch:
    """The one batch of ``edition``, claimed."""
    batch = Batch.objects.select_related("edition").get(edition=edition)
    assert leases.claim(batch)
    return batch


def outcome(due: rounds.Due, error: DeliveryError | None = None) -> Outcome:
    """What came of ``due`` just now."""
    return Outcome(due.id, error, "250 2.0.0 taken", time.time())


def _batch(edition: Edition, recipient: int) -> Batch:
    row = Delivery.objects.get(edition=edition, recipient=recipient)
    lane = Batch.objects.filter(edition=edition, channel=row.channel, urgent=row.urgent)
    return lane.get(first__lte=recipient, last__gte=recipient)


def told(edition: Edition, recipient: int) -> str:
    """How a recipient hears of ``edition``: ``now``, ``follow-up``, ``first``, or not at all.

    ``now`` with a mark is somebody who is told at once what is their first.
    """
    row = Delivery.objects.filter(edition=edition, recipient=recipient, state="pending").first()
    if row is None:
        return ""
    if row.urgent:
        return "now" if row.first_number else "now!"
    return "follow-up" if row.first_number else "first"
