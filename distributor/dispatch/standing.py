"""How far a release has come: what is owed, delivered and failed, by channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from distributor.dispatch import fanout
from distributor.dispatch.models import Batch, Edition

COUNTS = ("owed", "delivered", "failed", "bounced", "superseded")
_STATES = {"usable": "published", "withheld": "withheld", "canceled": "withdrawn"}


def standing(release_id: UUID | str) -> dict[str, Any]:
    """The standing of a release, ready for JSON; counts are over all its editions.

    What it says of an edition is said of the newest that has left, or else of the newest.

    Raises:
        LookupError: no edition of that release was ever issued.
    """
    editions = Edition.objects.filter(release_id=release_id, taken_back_at=None)
    by_number = editions.order_by("-number")
    newest = by_number.filter(leaves_at__lte=timezone.now()).first() or by_number.first()
    if newest is None:
        raise LookupError(f"no release {release_id} was issued")
    words = newest.content
    return {
        "release": str(newest.release_id),
        "uri": words["uri"],
        "url": words["url"],
        "title": newest.title,
        "state": state(newest),
        "edition": newest.number,
        "event": newest.act,
        "notes": [],
        "channels": counts(editions),
        "sending": interruption(by_number),
    }


def interruption(editions: QuerySet[Edition]) -> dict[str, Any] | None:
    """Why nothing more leaves of the newest of ``editions``, or of an older one that still owes.

    None where nothing was paused or cancelled. ``spares_at_once``: whoever is told at once is told
    all the same. ``holds_later``: a person has paused it, so that what is issued later waits, too.
    """
    newest = editions.values_list("pk", flat=True).first()
    stopped = editions.exclude(paused_at=None, pause_holds_since=None, cancelled_at=None)
    for edition in stopped:
        if edition.pk != newest and not _owes(edition):
            continue
        cancelled = edition.cancelled_at is not None
        refused = edition.paused_for and not cancelled
        paused_at = edition.paused_at or edition.pause_holds_since
        since = edition.cancelled_at or paused_at
        assert since is not None
        return {
            "state": "cancelled" if cancelled else "paused",
            "edition": edition.number,
            "since": since.isoformat(timespec="seconds"),
            "by": "refusals" if refused else "person",
            "reason": edition.paused_for if refused else "",
            "reply": edition.paused_reply if refused else "",
            "spares_at_once": not cancelled and edition.paused_at is None,
            "holds_later": edition.pause_holds_since is not None,
            "resume": _going_on(edition),
        }
    return None


def held_up() -> list[Edition]:
    """The editions of which a pause holds up what is owed: of each release the newest such."""
    waiting = Batch.objects.exclude(due_at=None).exclude(channel="feed")
    paused = waiting.exclude(edition__paused_at=None)
    spared = waiting.filter(urgent=False).exclude(edition__pause_holds_since=None)
    stopped = Edition.objects.filter(
        Q(pk__in=paused.values("edition")) | Q(pk__in=spared.values("edition")),
        cancelled_at=None,
        taken_back_at=None,
    )
    newest = {edition.release_id: edition for edition in stopped.order_by("number")}
    return list(newest.values())


def _going_on(edition: Edition) -> str:
    """The commands after which an edition that was paused or cancelled is sent."""
    ident, commands = edition.release_id, []
    if edition.paused_at or edition.pause_holds_since:
        commands.append(f"distributor sending {ident} --resume")
    if edition.cancelled_at:
        commands.append(f"distributor redeliver {ident} --channel email --failed")
    return " && ".join(commands)


def _owes(edition: Edition) -> bool:
    """Whether an edition that is not the newest owes something still that may leave."""
    left = Edition.objects.filter(
        release_id=edition.release_id,
        number__gt=edition.number,
        taken_back_at=None,
        leaves_at__lte=timezone.now(),
    )
    taken_over = {"feed"}
    for newer in left.only("status", "channels"):
        taken_over.update(newer.channels if newer.status == "usable" else edition.channels)
    open_ = Batch.objects.filter(edition=edition).exclude(due_at=None)
    channels = set(open_.values_list("channel", flat=True))
    if edition.fanned_out_at is None:
        channels.update(edition.channels)
    return bool(channels - taken_over)


def state(newest: Edition) -> str:
    """The state of a release whose newest edition is ``newest``."""
    now = timezone.now()
    if newest.erased_at:
        return "erased"
    if newest.leaves_at > now:
        return "scheduled"
    if newest.status == "usable" and newest.embargo_until and newest.embargo_until > now:
        return "embargoed"
    return _STATES[newest.status]


def counts(editions: Iterable[Edition]) -> dict[str, dict[str, int]]:
    """By channel what is owed, delivered, failed, bounced and superseded of ``editions``.

    The numbers come from the batches' counters. An edition that has left and is not fanned out
    yet is owed to everybody who would get it now; one that has not left is not owed.
    """
    totals = {channel: dict.fromkeys(COUNTS, 0) for channel in ("email", "webhook", "feed")}
    rows = Batch.objects.filter(edition__in=list(editions)).values("channel")
    sums = rows.annotate(
        of=Sum("total"), done=Sum("delivered"), lost=Sum("failed"), replaced=Sum("superseded")
    )
    for row in sums:
        row_counts = totals[row["channel"]]
        row_counts["delivered"] = row["done"]
        row_counts["failed"] = row["lost"]
        row_counts["superseded"] = row["replaced"]
        row_counts["owed"] = row["of"] - row["done"] - row["lost"] - row["replaced"]
    for edition in editions:
        if edition.fanned_out_at is None and edition.leaves_at <= timezone.now():
            written = set(Batch.objects.filter(edition=edition).values_list("channel", flat=True))
            for channel, size in fanout.audience_size(edition).items():
                if channel not in written:
                    totals[channel]["owed"] += size
    return totals


def failed(release_id: UUID | str) -> int:
    """How many deliveries of a release have failed."""
    lost = Batch.objects.filter(edition__release_id=release_id, edition__taken_back_at=None)
    return int(lost.aggregate(lost=Sum("failed"))["lost"] or 0)


def owed(release_id: UUID | str) -> int:
    """How many deliveries of a release are owed now; not 0 while an edition is not fanned out."""
    editions = Edition.objects.filter(release_id=release_id, taken_back_at=None)
    now = timezone.now()
    waiting = editions.filter(fanned_out_at=None, leaves_at__lte=now).count()
    return waiting + sum(channel["owed"] for channel in counts(editions).values())
