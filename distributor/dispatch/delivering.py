"""Claim a batch, have its channel send it, record what happened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

import structlog
from django.utils import timezone

from distributor.dispatch import bell, by_email, by_feed, by_webhook, leases, rounds, stopping
from distributor.dispatch.journal import Journal, Outcome
from distributor.dispatch.models import Batch, Edition
from distributor.dispatch.passing import Pass
from distributor.dispatch.rounds import Due
from distributor.errors import Unavailable

WAIT = timedelta(seconds=10)
"""How long a batch rests when nothing could be handed over for reasons that are not its own."""

_log = structlog.get_logger()


class Desk(Protocol):
    """Where a channel's deliveries are handed over, some rounds or one after the other."""

    ROUND: int
    """How many deliveries are claimed at a time."""

    def deliver(
        self, edition: Edition, round_: list[Due], journal: Journal
    ) -> Iterator[list[Outcome]]:
        """Hand over what ``round_`` holds and yield what came of it, some at a time.

        A delivery of which nothing is yielded was not begun.
        """


DESKS: dict[str, Desk] = {"feed": by_feed, "webhook": by_webhook}


def deliver(batch_id: int) -> None:
    """Deliver what is due in a batch, unless somebody is at it already."""
    batch = Batch.objects.select_related("edition").filter(pk=batch_id).exclude(due_at=None).first()
    if batch is None or not leases.claim(batch):
        return
    with leases.held(batch):
        started = time.monotonic()
        rounds.settle(batch)
        done = _work(batch)
        rounds.close(batch, not_before=None if done else timezone.now() + WAIT)
    _log.info("batch.done", batch=batch.pk, ms=int(1000 * (time.monotonic() - started)))
    bell.ring_batches(batch.edition_id, batch.channel)


def _work(batch: Batch) -> bool:
    """Round after round; False if nothing could be handed over, so that it had better rest."""
    try:
        if batch.channel == "email":
            return _mail(batch)
        return _by_rounds(batch, DESKS[batch.channel])
    except Unavailable as error:
        _log.error("batch.no_journal", batch=batch.pk, reason=error.reason, reply=error.reply)
        return False


def _mail(batch: Batch) -> bool:
    with Pass(batch, by_email.size(), on_the_wire=2 * by_email.connections()) as pass_:
        by_email.deliver(pass_)
    return pass_.tried or stopping.requested()


def _by_rounds(batch: Batch, desk: Desk) -> bool:
    after = 0
    with Journal(batch.pk, desk.ROUND) as journal:
        while not stopping.requested():
            round_ = rounds.begin(batch, desk.ROUND, after=after)
            if not round_:
                break
            after = round_[-1].recipient
            outcomes = _hand_over(batch, desk, round_, journal)
            if not any(outcome.tried for outcome in outcomes):
                return stopping.requested()
    return True


def _hand_over(batch: Batch, desk: Desk, round_: list[Due], journal: Journal) -> list[Outcome]:
    known: list[Outcome] = []
    for outcomes in desk.deliver(batch.edition, round_, journal):
        rounds.record(batch, outcomes)
        known += outcomes
    begun = {outcome.delivery for outcome in known}
    rounds.hand_back(batch, [due for due in round_ if due.id not in begun])
    journal.clear()
    return known
