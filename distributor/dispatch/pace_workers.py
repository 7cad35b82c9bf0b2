"""How many workers are at a channel now, and which of them we are: who shares a limit with whom."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.utils import timezone

from distributor.dispatch import leases
from distributor.dispatch.models import Batch

ASKED_EVERY = 5.0


class Workers:
    """The processes that hold a batch of a channel, as of some seconds ago."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, channel: str = "email"
    ) -> None:
        self._clock, self._channel = clock, channel
        self._asked = float("-inf")
        self._known = (1, 0)

    def __call__(self) -> tuple[int, int]:
        """How many there are, and our place among them, from 0. We are always one of them."""
        if self._clock() - self._asked > ASKED_EVERY:
            self._asked = self._clock()
            self._known = _asked(self._channel)
        return self._known


def share(lanes: int, workers: tuple[int, int], turn: int = 0) -> int:
    """Our part of ``lanes``, 0 where there are more workers than lanes.

    ``turn`` is any number: it moves who gets what is left over.
    """
    count, place = workers
    return lanes // count + ((place + turn) % count < lanes % count)


def _asked(channel: str) -> tuple[int, int]:
    busy = Batch.objects.filter(
        channel=channel, due_at__isnull=False, lease_until__gt=timezone.now()
    ).exclude(holder="")
    names = sorted(set(busy.values_list("holder", flat=True)) | {leases.holder()})
    return len(names), names.index(leases.holder())
