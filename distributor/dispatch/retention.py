"""What is old goes, a little at a time: deliveries into the totals and receivers of their batch.

The counters of a batch stay, and so do the ids of those who had its edition: a late correction has
to find them. A step is one short transaction over one batch, so that nothing waits for it.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from distributor.dispatch import leases, packed, recipients, rounds
from distributor.dispatch.models import Attempt, Batch, Delivery
from distributor.errors import UNCERTAIN

STEP = 2000
"""How many attempts a step deletes at most; of deliveries it is a batch."""
BATCHES = 500
"""How many batches are looked up at a time."""
ATTEMPTS_AT_ENDPOINTS = timedelta(days=90)


def take_turn(seconds: float) -> bool:
    """Prune for some seconds; whether there is more to do."""
    ends = time.monotonic() + seconds
    now = timezone.now()
    # Read whole: while a result is read on, SQLite lets nobody here begin to write.
    while batches := list(_old_batches(now)[:BATCHES]):
        for batch in batches:
            if time.monotonic() > ends:
                return True
            prune(batch)
    for attempts in _old_attempts(now):
        while ids := list(attempts.values_list("pk", flat=True)[:STEP]):
            if time.monotonic() > ends:
                return True
            Attempt.objects.filter(pk__in=ids).delete()
    return False


def prune(batch: Batch) -> None:
    """Delete the deliveries of ``batch`` if nothing is owed; keep who had its edition."""
    with transaction.atomic():
        rounds.lock(batch)
        if not Batch.objects.filter(pk=batch.pk, due_at=None, receivers=None).exists():
            return
        deliveries = Delivery.objects.filter(**rounds.members(batch))
        had = deliveries.filter(recipients.HAD).values_list("recipient", flat=True)
        receivers = packed.pack(had)
        deliveries.delete()
        Batch.objects.filter(pk=batch.pk).update(receivers=receivers)


def _old_batches(now: datetime) -> QuerySet[Batch]:
    """Those with deliveries past their time; what went to endpoints is kept as long as events."""
    days = settings.DISTRIBUTOR.retention
    old = Q(edition__leaves_at__lt=now - timedelta(days=days.deliveries)) & ~Q(channel="webhook")
    kept = now - timedelta(days=days.events)
    old |= Q(channel="webhook", edition__leaves_at__lt=kept)
    done = leases.free(now)
    return Batch.objects.filter(old, done, due_at=None, receivers=None).order_by("pk")


def _old_attempts(now: datetime) -> list[QuerySet[Attempt]]:
    """Those past their time, but for the ones that say of somebody that they may have it."""
    attempts = Attempt.objects.exclude(reason__in=UNCERTAIN)
    kept = now - timedelta(days=settings.DISTRIBUTOR.retention.attempts)
    at_endpoints = Q(delivery__channel="webhook")
    return [
        attempts.filter(~at_endpoints, at__lt=kept),
        attempts.filter(at_endpoints, at__lt=now - ATTEMPTS_AT_ENDPOINTS),
    ]
