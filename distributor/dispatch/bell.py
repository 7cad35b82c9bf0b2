"""Celery is the bell: it tells workers at once what the database says is owed.

A message carries ids only, and each of them may be lost: the sweep rings again.
"""

from __future__ import annotations

import structlog
from celery import current_app
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from distributor.dispatch import leases
from distributor.dispatch.models import Batch, Edition

WINDOW = 8
"""How many batches of one edition and channel wait in a queue at a time: the next is rung when
one is done, so that an edition of a million takes turns with one of ten."""

_log = structlog.get_logger()


FIRST, LAST = 0, 9
"""Priorities of messages in one queue, of which Redis keeps a list for each."""


def ring(task: str, ident: int, queue: str, priority: int = FIRST) -> bool:
    """Send a message; False, and a line in the log, when the broker is away."""
    name = f"distributor.dispatch.tasks.{task}"
    try:
        current_app.send_task(name, args=[ident], queue=queue, priority=priority)
    except (OperationalError, RedisError, OSError) as error:
        _log.warning("bell.silent", task=task, id=ident, error=type(error).__name__)
        return False
    return True


def ring_fan_out(edition: Edition) -> bool:
    """Have ``edition`` fanned out if it is time."""
    if edition.fanned_out_at or edition.leaves_at > timezone.now():
        return True
    return ring("fan_out", edition.pk, "urgent")


def ring_batches(edition_id: int, channel: str) -> bool:
    """Ring due batches of an edition's channel until ``WINDOW`` of them are under way."""
    now = timezone.now()
    due = Batch.objects.filter(edition_id=edition_id, channel=channel, due_at__lte=now)
    free = WINDOW - due.exclude(rung_at=None).count()
    if free <= 0:
        return True
    waiting = due.filter(rung_at=None).order_by("-urgent", "pk").values_list("pk", "urgent")
    for ahead, (batch, urgent) in enumerate(waiting[:free], WINDOW - free):
        if not Batch.objects.filter(pk=batch, rung_at=None).update(rung_at=now):
            continue
        if not ring("deliver", batch, *lane(channel, urgent=urgent, ahead=ahead)):
            Batch.objects.filter(pk=batch).update(rung_at=None)
            return False
    return True


def take_another(batch: Batch) -> Batch | None:
    """Another due batch of the same edition and lane, claimed as if it had been rung for.

    None if there is none that nobody was rung for: those that were rung for come by themselves.
    """
    now = timezone.now()
    due = Batch.objects.filter(
        edition_id=batch.edition_id,
        channel=batch.channel,
        urgent=batch.urgent,
        due_at__lte=now,
        rung_at=None,
    )
    other = due.order_by("pk").first()
    if other is None or not leases.claim(other, Q(rung_at=None), rung_at=now):
        return None
    other.edition = batch.edition
    return other


def lane(channel: str, *, urgent: bool, ahead: int) -> tuple[str, int]:
    """The queue on which a batch is rung, and the priority in it.

    ``ahead`` is how many of its edition are under way: where a worker is busy with many, the first
    ones of another edition are next. Among what is urgent all are equal, or newsletters that begin
    would overtake it. An urgent webhook overtakes in its own queue: in the one for urgent mail an
    endpoint that hangs would hold a correction up.
    """
    if channel == "email":
        return ("urgent", FIRST) if urgent else ("email", ahead)
    if channel == "webhook":
        return "webhooks", FIRST if urgent else LAST
    return "feeds", FIRST
