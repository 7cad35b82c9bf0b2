"""Claim a batch, have its channel send it, record what happened."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Protocol

import structlog
from django.utils import timezone

from distributor.dispatch import (
    bell,
    by_email,
    by_feed,
    by_webhook,
    fanout,
    leases,
    rounds,
    stopping,
)
from distributor.dispatch.models import Batch
from distributor.dispatch.passing import Pass
from distributor.dispatch.turns import TURN
from distributor.errors import Unavailable

WAIT = timedelta(seconds=10)
"""How long a batch rests when nothing could be handed over for reasons that are not its own."""

_log = structlog.get_logger()


class Desk(Protocol):
    """Where a channel's deliveries are handed over."""

    def size(self) -> int:
        """How many deliveries a round holds at most."""

    def connections(self) -> int:
        """How many are under way at a time."""

    def deliver(self, pass_: Pass) -> None:
        """Hand over what the pass gives, round after round, and tell it what came of each.

        A delivery of which nothing is told was not begun.
        """


DESKS: dict[str, Desk] = {"email": by_email, "feed": by_feed, "webhook": by_webhook}


def deliver(batch_id: int) -> None:
    """Deliver what is due in a batch, unless somebody is at it already.

    Where that took less than a ``TURN``, other batches of its edition follow at once: a message
    costs more than the bookkeeping of a batch.
    """
    ends = time.monotonic() + TURN
    due = Batch.objects.select_related("edition").filter(pk=batch_id).exclude(due_at=None)
    batch = due.defer("edition__content").first()
    if batch is None or not leases.claim(batch):
        return
    while _deliver(batch) and time.monotonic() < ends and not stopping.requested():
        another = bell.take_another(batch)
        if another is None:
            break
        batch = another
    bell.ring_batches(batch.edition_id, batch.channel)


def _deliver(batch: Batch) -> bool:
    """A claimed batch; False if it had better rest."""
    with leases.held(batch, rounds.settle):
        started = time.monotonic()
        rounds.settle(batch)
        done = _work(batch, DESKS[batch.channel])
        if newer := rounds.overtaken_by(batch):
            done = fanout.hand_on(batch, newer)
        elif rounds.cancelled(batch):
            rounds.give_up(batch, "cancelled")
        not_before = None if done else timezone.now() + WAIT
        rounds.close(batch, not_before=not_before, release=True)
    _log.info("batch.done", batch=batch.pk, ms=int(1000 * (time.monotonic() - started)))
    return done


def _work(batch: Batch, desk: Desk) -> bool:
    """One pass; False if nothing could be handed over, so that the batch had better rest."""
    try:
        with Pass(batch, desk.size(), on_the_wire=2 * desk.connections()) as pass_:
            desk.deliver(pass_)
    except Unavailable as error:
        _log.error("batch.no_journal", batch=batch.pk, reason=error.reason, reply=error.reply)
        return False
    return pass_.tried or stopping.requested()
