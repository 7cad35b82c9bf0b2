"""Whose turn it is: a worker stays with what it sends, unless others wait for it."""

from __future__ import annotations

import time

from django.db.models import Q
from django.utils import timezone

from distributor.audience.models import Letter
from distributor.dispatch import leases
from distributor.dispatch.models import Batch, Edition

TURN = 0.25
"""Seconds for which a worker stays with an edition before others have their turn."""

_GOES_ON = Q(channel="feed") | Q(
    Q(urgent=True) | Q(edition__pause_holds_since=None),
    edition__cancelled_at=None,
    edition__paused_at=None,
)
"""Of a batch: what is due in it may be begun, as :func:`rounds.begin` has it in SQL."""


class Turn:
    """The turn of ``batch`` at a worker, from now on.

    It lasts for as long as nobody waits: a slow mail server has no pause between two rounds for
    nothing. What is urgent makes way only for what is urgent.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._ends = time.monotonic() + TURN

    def over(self) -> bool:
        """Whether it is time for others, for whom the database is asked once in a ``TURN``."""
        now = time.monotonic()
        if now < self._ends:
            return False
        self._ends = now + TURN
        return _others_wait(self._batch)


def _others_wait(batch: Batch) -> bool:
    now = timezone.now()
    free = leases.free(now)
    batches = Batch.objects.filter(
        free,
        _GOES_ON,
        channel=batch.channel,
        due_at__lte=now,
        urgent__in=(True, batch.urgent),
    ).exclude(edition_id=batch.edition_id, urgent=batch.urgent)
    editions = Edition.objects.filter(free, fanned_out_at=None, taken_back_at=None)
    return (
        batches.exists()
        or editions.filter(leaves_at__lte=now).exists()
        or Letter.objects.filter(free, due_at__lte=now).exists()
    )
