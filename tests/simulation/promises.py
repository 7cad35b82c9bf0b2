"""What must be true when the story of a seed is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Q

from distributor.dispatch import journal, rounds
from distributor.dispatch.models import Batch, Delivery, Edition
from tests.simulation.story import Story
from tests.simulation.wire import GONE, Copy


def broken(story: Story) -> list[str]:
    """The promises that were not kept, in words."""
    return [
        *_stuck(),
        *_counters(),
        *_doubled(story),
        *_unfounded(story),
        *_left_out(story),
        *_disobeyed(story),
    ]


def _stuck() -> Iterator[str]:
    """After the last fault, sweeps end with nothing owed and no journal."""
    for batch in Batch.objects.exclude(due_at=None):
        yield f"{batch} is due at {batch.due_at}, held by {batch.holder!r}"
    for edition in Edition.objects.filter(fanned_out_at=None):
        yield f"{edition} is not fanned out"
    for row in Delivery.objects.filter(state__in=("pending", "sending")):
        yield f"{_name(row)} is {row.state} for ever, due at {row.due_at}"
    for ident in journal.batches():
        yield f"batch {ident} has a journal for ever"


def _counters() -> Iterator[str]:
    for batch in Batch.objects.all():
        rows = Delivery.objects.filter(**rounds.members(batch))
        superseded = Q(state="failed", reason="superseded")
        true = rows.aggregate(
            total=Count("pk"),
            delivered=Count("pk", filter=Q(state="delivered")),
            failed=Count("pk", filter=Q(state="failed") & ~superseded),
            superseded=Count("pk", filter=superseded),
        )
        counted = {name: getattr(batch, name) for name in true}
        if counted != true:
            yield f"{batch} counts {counted}, and has {true}"
    covered = sum(Batch.objects.values_list("total", flat=True))
    if covered != Delivery.objects.count():
        yield f"batches count {covered} deliveries of {Delivery.objects.count()}"


def _doubled(story: Story) -> Iterator[str]:
    """Only what was on the wire of a process that died, or that had lost its lease."""
    for copy, times in story.wire.had.items():
        if times > 1 + story.wire.excused[copy]:
            yield f"{copy} was handed over {times} times, {story.wire.excused[copy]} excused"


def _unfounded(story: Story) -> Iterator[str]:
    """Each row tells what happened."""
    newest = Edition.objects.order_by("-number").first()
    cancelled = _cancelled(story)
    for row in Delivery.objects.all():
        copy = Copy(row.edition_id, row.recipient)
        had, excused = story.wire.had[copy], story.wire.excused[copy]
        if row.state == "delivered" and not had:
            yield f"{_name(row)} is delivered, and was not"
        if row.state == "failed" and had > excused:
            yield f"{_name(row)} failed as {row.reason}, and was handed over"
        if row.state == "failed":
            long = story.world.now - row.since > timedelta(hours=40)
            founded = {
                "superseded": newest is not None and newest.pk != row.edition_id,
                "cancelled": row.edition_id in cancelled,
                "unsubscribed": copy in story.wire.unsubscribed,
                GONE: copy in story.wire.refused,
                "busy": long,
                "rate": long,
            }
            if not founded.get(row.reason):
                yield f"{_name(row)} failed as {row.reason!r} for no reason"


def _cancelled(story: Story) -> set[int]:
    """The editions of which a cancel may have taken hold: those that were there when it began, and
    those issued while it went on."""
    cancels = [act for act in story.acts if act.kind == "cancel"]
    there = {pk for act in cancels for pk in act.editions}
    issued = [act for act in story.acts if act.kind == "issue"]
    return there.union(
        *(one.editions for one in issued if any(one.begun < act.ended for act in cancels))
    )


def _left_out(story: Story) -> Iterator[str]:
    """Followers have a record of the newest edition; of a hold or an end who had one before."""
    newest = Edition.objects.order_by("-number").first()
    if newest is None:
        return
    concerned = set(story.followers)
    if newest.status != Edition.Status.USABLE:
        earlier = [copy for copy in story.wire.had if copy.edition != newest.pk]
        concerned &= {copy.recipient for copy in earlier}
    told = set(Delivery.objects.filter(edition=newest).values_list("recipient", flat=True))
    for reader in sorted(concerned - told):
        yield f"reader {reader} was left out of {newest}"


def _disobeyed(story: Story) -> Iterator[str]:
    """Nothing is claimed of what is paused or cancelled, or once a newer edition has left.

    Of what is issued after a pause began, only for those who are told at once.
    """
    resumes = [act for act in story.acts if act.kind == "resume"]
    for edition, urgent, step in story.wire.claims:
        for act in story.acts:
            if act.ended >= step:
                continue
            resumed = any(one.begun < step and one.ended > act.begun for one in resumes)
            forbidden = {
                "issue": max(act.editions, default=0) > edition,
                "pause": (edition in act.editions or not urgent) and not resumed,
                "cancel": edition in act.editions,
            }
            if forbidden.get(act.kind):
                yield f"edition {edition} was claimed at {step}, after {act}"


def _name(row: Delivery) -> str:
    return f"delivery {row.pk} of edition {row.edition_id} to {row.recipient}"
