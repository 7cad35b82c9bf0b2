"""What may be done to a sending: pause, resume or cancel it, or have it tried again."""

from __future__ import annotations

from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from distributor.dispatch import bell, editions, pace_groups, pausing, rounds
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.errors import DeliveryError

_log = structlog.get_logger()


class NotLeft(Exception):
    """Nothing of the release has left yet, so that there is no sending; it can be taken back."""


def pause(release_id: UUID | str) -> int:
    """Stop the sending of a release within one round; how many editions were paused.

    What is issued later is held too, but for those who are told of it at once.
    """
    now = timezone.now()
    with transaction.atomic():
        pausing.lock(release_id)
        running = Edition.objects.filter(
            Q(paused_at=None) | Q(pause_holds_since=None), release_id=release_id
        )
        return running.update(
            paused_at=Coalesce("paused_at", now),
            pause_holds_since=Coalesce("pause_holds_since", now),
        )


def pause_for(edition_id: int, error: DeliveryError) -> None:
    """Stop the sending of one edition, since receivers refuse it with ``error``, and say so.

    It is resumed as if a person had paused it, and holds for nothing that is issued later.
    """
    edition = Edition.objects.only("release_id", "number").get(pk=edition_id)
    paused = Edition.objects.filter(pk=edition_id, paused_at=None).update(
        paused_at=timezone.now(),
        paused_for=error.reason[:24],
        paused_reply=rounds.kept(error.reply),
    )
    if paused:
        _log.error(
            "sending.paused",
            release=str(edition.release_id),
            edition=edition.number,
            reason=error.reason,
            reply=rounds.kept(error.reply),
            remedy=f"mend it, then distributor sending {edition.release_id} --resume",
        )


def resume(release_id: UUID | str) -> int:
    """Go on with what is pending, to receivers that had refused us too; how many editions were
    paused."""
    pace_groups.resume()
    with transaction.atomic():
        pausing.lock(release_id)
        paused = Edition.objects.filter(release_id=release_id)
        resumed = paused.exclude(paused_at=None, pause_holds_since=None).update(
            paused_at=None, pause_holds_since=None, paused_for="", paused_reply=""
        )
    _hurry(Batch.objects.filter(edition__release_id=release_id).exclude(due_at=None))
    return resumed


def cancel(release_id: UUID | str) -> int:
    """Close what is pending as failed, for the reason ``cancelled``; how many deliveries.

    What is on the wire, or not fanned out yet, is closed once it would be due again. Feeds show
    what has left all the same. An edition that is issued later is a sending of its own.

    Raises:
        NotLeft: nothing of the release has left yet.
    """
    left = editions.left().filter(release_id=release_id)
    if not left.exists():
        raise NotLeft(f"nothing of {release_id} has left yet")
    with transaction.atomic():
        pausing.lock(release_id)
        left.filter(cancelled_at=None).update(cancelled_at=timezone.now())
    return sum(rounds.give_up(batch, "cancelled") for batch in _open(release_id))


def redeliver(release_id: UUID | str, channel: str, *, failed: bool) -> int:
    """Make due now what is owed of the newest edition and, with ``failed``, what failed too.

    What was cancelled or refused is then a person's wish and gets a fresh schedule; what a newer
    edition replaced stays closed. Returns how many deliveries are due.
    """
    edition = Edition.objects.filter(release_id=release_id, taken_back_at=None).latest("number")
    batches = Batch.objects.filter(edition=edition, channel=channel)
    now, due = timezone.now(), 0
    if failed:
        Edition.objects.filter(pk=edition.pk).update(cancelled_at=None)
    for batch in batches:
        with transaction.atomic():
            rounds.lock(batch)
            rows = Delivery.objects.filter(**rounds.members(batch))
            if failed:
                rows.filter(state="failed").exclude(reason="superseded").update(
                    state="pending", reason="", attempts=0, since=now, due_at=now
                )
            due += rows.filter(state="pending").update(due_at=now)
            rounds.recount(batch)
            rounds.close(batch)
    _hurry(batches.exclude(due_at=None))
    return due


def _open(release_id: UUID | str) -> list[Batch]:
    owed = Batch.objects.filter(edition__release_id=release_id).exclude(channel="feed")
    return list(owed.filter(total__gt=F("delivered") + F("failed") + F("superseded")))


def _hurry(batches: QuerySet[Batch]) -> None:
    """Ring at once for ``batches``, whatever they were waiting for."""
    batches.update(due_at=timezone.now(), rung_at=None)
    for edition_id, channel in set(batches.values_list("edition_id", "channel")):
        bell.ring_batches(edition_id, channel)
