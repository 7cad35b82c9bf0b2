"""What is owed, asked of the database, and rung for again: no message needs to arrive."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from distributor.audience.models import Letter
from distributor.dispatch import bell, feeds, journal, leases, letters, pace_domains, rounds
from distributor.dispatch.models import Batch, Edition, Feed

SILENT = timedelta(seconds=60)
"""After this long a message is taken for lost and its batch is rung for again."""


def ring_due(*, again: bool = False) -> int:
    """Ring for every edition and batch that is owed and not under way; how many were found.

    ``again`` is for when messages are known to be lost: none is waited for.
    """
    end_what_died()
    feeds.found()
    feeds.miss()
    now = timezone.now()
    patience = timedelta(0) if again else SILENT
    Batch.objects.filter(due_at__lte=now, rung_at__lte=now - patience).filter(
        leases.free(now)
    ).update(rung_at=None)
    unbuilt = Feed.objects.filter(Q(built_at=None) | Q(pk__in=feeds.outdated(now)))
    free = unbuilt.filter(leases.free(now))
    for feed in free.values_list("pk", flat=True):
        bell.ring("build_feed", feed, "feeds")
    waiting = Edition.objects.filter(fanned_out_at=None, taken_back_at=None, leaves_at__lte=now)
    waiting = waiting.filter(leases.free(now))
    for edition in waiting.order_by("leaves_at"):
        bell.ring_fan_out(edition)
    owed = Batch.objects.filter(due_at__lte=now, rung_at=None)
    lanes = set(owed.values_list("edition_id", "channel"))
    for edition_id, name in lanes:
        bell.ring_batches(edition_id, name)
    pace_domains.ring()
    return waiting.count() + len(lanes) + letters.ring_due(now - patience)


def end_what_died() -> None:
    """End the leases of processes that died on this machine, and settle what they journalled."""
    for kind in (Edition, Feed, Letter):
        leases.end_those_of_the_dead(kind)
    leases.end_those_of_the_dead(Batch, rounds.settle)
    for ident in journal.batches():
        batch = Batch.objects.select_related("edition").filter(pk=ident).first()
        if batch is None:
            journal.remove(ident)
        elif leases.claim(batch):
            with leases.held(batch, rounds.settle):
                rounds.settle(batch)
                Batch.objects.filter(pk=ident).update(rung_at=None)
