"""Celery is the bell: it tells workers at once what the database says is owed.

A message carries ids only, and each of them may be lost: the sweep rings again.
"""

from __future__ import annotations

import structlog
from celery import current_app
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from distributor.dispatch.models import Batch, Edition

WINDOW = 8
"""How many batches of one edition and channel wait in a queue at a time: the next is rung when
one is done, so that an edition of a million takes turns with one of ten."""

_log = structlog.get_logger()


def ring(task: str, ident: int, queue: str) -> bool:
    """Send a message; False, and a line in the log, when the broker is away."""
    try:
        current_app.send_task(f"distributor.dispatch.tasks.{task}", args=[ident], queue=queue)
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
    for batch, urgent in waiting[:free]:
        if not Batch.objects.filter(pk=batch, rung_at=None).update(rung_at=now):
            continue
        if not ring("deliver", batch, queue(channel, urgent=urgent)):
            Batch.objects.filter(pk=batch).update(rung_at=None)
            return False
    return True


def queue(channel: str, *, urgent: bool) -> str:
    """The queue on which a batch is rung."""
    return (
        "urgent" if urgent else {"email": "email", "webhook": "webhooks", "feed": "feeds"}[channel]
    )
