"""From one edition to a delivery for each address: bulk inserts, cut into batches.

Readers pass by the million, so they never pass through Python: a chunk of ids is matched, inserted
and cut by three statements in one transaction. A fan-out that was killed goes on after the last
chunk that it finished.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from distributor.audience import matching
from distributor.audience.matching import Query
from distributor.dispatch import bell, feeds, leases, recipients, rounds
from distributor.dispatch.models import Batch, Delivery, Edition, Feed
from distributor.dispatch.recipients import Rule, Told

CHUNK = 50_000
SIZES = {"email": 1000, "webhook": 200, "feed": 50}
"""How many deliveries a batch of a channel holds."""
PATIENCE = 3.0
"""Seconds for which the rounds of an older edition are waited for, which last one or so."""
_LOOK = 0.02


class Reach(NamedTuple):
    """How many an edition would go to by a channel now.

    ``receivers`` are told at once, ``audience`` in their turn; ``out_of_reach`` ought to be told
    and cannot be: readers who unsubscribed or are suppressed, endpoints that are disabled.
    """

    audience: int
    receivers: int
    out_of_reach: int


def fan_out(edition_id: int) -> None:
    """Write the deliveries of an edition that has left, once, and ring for them.

    Those of older ones are written first: who waits for what is asked of them.
    """
    edition = Edition.objects.filter(pk=edition_id).first()
    for due in _unwritten(edition) if edition else ():
        if not leases.claim(due):
            return
        with leases.held(due):
            if Edition.objects.filter(pk=due.pk, fanned_out_at=None).exists():
                _write_all(due)


def _write_all(edition: Edition) -> None:
    _close_older(edition)
    _let_rounds_end(edition)
    rule = recipients.rule(edition)
    for channel in edition.channels:
        _FAN_OUTS[channel](rule)
        bell.ring_batches(edition.pk, channel)
    Edition.objects.filter(pk=edition.pk).update(fanned_out_at=timezone.now())


def reach(edition: Edition) -> dict[str, Reach]:
    """By channel whom a fan-out of ``edition`` would reach now; the edition need not be saved."""
    rule = recipients.rule(edition)
    counts = {"email": _count_readers, "webhook": _count_endpoints, "feed": _count_feeds}
    return {channel: counts[channel](rule) for channel in edition.channels}


def audience_size(edition: Edition) -> dict[str, int]:
    """For each channel how many deliveries a fan-out would make owed now."""
    return {name: each.audience + each.receivers for name, each in reach(edition).items()}


def hand_on(batch: Batch, newer: Edition) -> bool:
    """Close what is pending in a batch of which ``newer`` has overtaken the edition.

    That edition's fan-out found its readers waiting, but for those who were on the wire then and
    were not handed anything after all: they are added to it. False if it is not fanned out yet.
    """
    if newer.fanned_out_at is None:
        return False
    with transaction.atomic():
        rounds.supersede(batch)
        if newer.status == Edition.Status.USABLE and batch.channel != "feed":
            _take_in(newer, batch)
    bell.ring_batches(newer.pk, batch.channel)
    return True


def _unwritten(edition: Edition) -> list[Edition]:
    """The edition and older ones of its release that have left and are not fanned out."""
    left = Edition.objects.filter(leaves_at__lte=timezone.now(), taken_back_at=None)
    due = left.filter(release_id=edition.release_id, number__lte=edition.number, fanned_out_at=None)
    return list(due.order_by("number"))


def _close_older(edition: Edition) -> None:
    """Nobody is sent an older edition any more: they get this one, or nothing."""
    older = Batch.objects.filter(
        edition__release_id=edition.release_id, edition__number__lt=edition.number
    ).exclude(due_at=None)
    if edition.status == Edition.Status.USABLE:
        older = older.filter(channel__in=edition.channels)
    # Read whole: while a result is read on, SQLite lets nobody here begin to write.
    for batch in list(older):
        rounds.supersede(batch)


def _let_rounds_end(edition: Edition) -> None:
    """Wait until it is known who was sent an older edition by mail: no new round of it begins.

    What takes longer, since the server is slow or the worker was killed, counts as sent.
    """
    held = Batch.objects.filter(
        edition__release_id=edition.release_id,
        edition__number__lt=edition.number,
        channel="email",
        lease_until__gt=timezone.now(),
    )
    going = [Delivery.objects.filter(**rounds.members(batch), state="sending") for batch in held]
    ends = time.monotonic() + PATIENCE
    while any(round_.exists() for round_ in going) and time.monotonic() < ends:
        time.sleep(_LOOK)


def _to_readers(rule: Rule) -> None:
    """At once those who are to be told so, then the others; each reader once.

    Nobody waits for the last of them to be written: mail begins with the first chunk.
    """
    for urgent, chosen in ((True, recipients.at_once), (False, recipients.in_turn)):
        if urgent and not rule.earlier:
            continue
        done = Batch.objects.filter(edition=rule.edition, channel="email", urgent=urgent)
        for low, high in _chunks((done.aggregate(last=Max("last"))["last"] or 0) + 1):
            with transaction.atomic():
                with connection.cursor() as cursor:
                    query = chosen(rule, low, high)
                    cursor.execute(*_insertion(rule.edition, query, urgent=urgent))
                _cut(rule.edition, "email", urgent=urgent, low=low, high=high)
            bell.ring_batches(rule.edition.pk, "email")


def _chunks(low: int) -> Iterator[tuple[int, int]]:
    highest = matching.highest_subscriber()
    while low <= highest:
        yield low, low + CHUNK - 1
        low += CHUNK


def _insertion(edition: Edition, chosen: Query, *, urgent: bool) -> Query:
    sql, parameters = chosen
    leaves_at = rounds.stored(edition.leaves_at)
    sql = f"""INSERT INTO dispatch_delivery (edition_id, channel, recipient, urgent, state,
                  reason, attempts, since, due_at, first_number)
              SELECT %s, 'email', chosen.id, %s, 'pending', '', 0, %s, %s, chosen.first_number
              FROM ({sql}) AS chosen WHERE 1 = 1 ORDER BY chosen.id
              ON CONFLICT DO NOTHING"""
    return sql, [edition.pk, urgent, leaves_at, leaves_at, *parameters]


def _cut(edition: Edition, channel: str, *, urgent: bool, low: int, high: int) -> None:
    """Cut the deliveries to recipients between ``low`` and ``high`` into batches, all due."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO dispatch_batch (edition_id, channel, urgent, first, last, total,
                   delivered, failed, superseded, due_at, holder)
               SELECT %s, %s, %s, MIN(recipient), MAX(recipient), COUNT(*), 0, 0, 0, %s, ''
               FROM (SELECT recipient, (ROW_NUMBER() OVER (ORDER BY recipient) - 1) / %s AS part
                     FROM dispatch_delivery WHERE edition_id = %s AND channel = %s
                       AND urgent = %s AND recipient BETWEEN %s AND %s) AS numbered
               WHERE 1 = 1 GROUP BY part ORDER BY part ON CONFLICT DO NOTHING""",
            [edition.pk, channel, urgent, rounds.stored(edition.leaves_at), SIZES[channel]]
            + [edition.pk, channel, urgent, low, high],
        )


def _take_in(newer: Edition, batch: Batch) -> None:
    """Add the readers of ``batch`` who wait to an edition that was fanned out without them."""
    rule = recipients.rule(newer, followers=False)
    if batch.channel == "email":
        added = []
        for urgent, chosen in ((True, recipients.at_once), (False, recipients.in_turn)):
            query = chosen(rule, batch.first, batch.last)
            sql, parameters = _insertion(newer, query, urgent=urgent)
            with connection.cursor() as cursor:
                cursor.execute(f"{sql} RETURNING recipient", parameters)
                added += [(row[0], urgent) for row in cursor.fetchall()]
    else:
        standing = Delivery.objects.filter(edition=newer, channel=batch.channel)
        known = set(standing.values_list("recipient", flat=True))
        told = [one for one in recipients.endpoints(rule) if one.id not in known]
        told = [one for one in told if batch.first <= one.id <= batch.last]
        _write(newer, batch.channel, told)
        added = [(one.id, one.urgent) for one in told]
    for urgent in (True, False):
        _batch_up(
            newer, batch.channel, [one for one, hurried in added if hurried == urgent], urgent
        )


def _batch_up(edition: Edition, channel: str, ids: Sequence[int], urgent: bool) -> None:
    """Have deliveries that were added late in a batch: one that spans them, or a new one that
    spans no other."""
    lane = Batch.objects.filter(edition=edition, channel=channel, urgent=urgent)
    spans = list(lane.order_by("first"))
    starts = [batch.first for batch in spans]
    gaps: dict[int, list[int]] = {}
    changed = {}
    for recipient in sorted(ids):
        at = bisect_right(starts, recipient)
        if at and recipient <= spans[at - 1].last:
            changed[spans[at - 1].pk] = spans[at - 1]
        else:
            gaps.setdefault(at, []).append(recipient)
    for gap in gaps.values():
        new = Batch.objects.create(
            edition=edition,
            channel=channel,
            urgent=urgent,
            first=gap[0],
            last=gap[-1],
            total=len(gap),
        )
        changed[new.pk] = new
    for batch in changed.values():
        rounds.recount(batch)
        rounds.close(batch)


def _to_feeds(rule: Rule) -> None:
    _to_few(rule.edition, "feed", [Told(feed.pk, False, None, True) for feed in _feeds(rule)])


def _to_endpoints(rule: Rule) -> None:
    _to_few(rule.edition, "webhook", recipients.endpoints(rule))


def _to_few(edition: Edition, channel: str, told: Sequence[Told]) -> None:
    """Deliveries to recipients that are few; who is not able has failed already, as disabled."""
    written = Batch.objects.filter(edition=edition, channel=channel)
    if written.exists():
        return
    with transaction.atomic():
        _write(edition, channel, told)
        for urgent in (True, False):
            if ids := [one.id for one in told if one.urgent == urgent]:
                _cut(edition, channel, urgent=urgent, low=min(ids), high=max(ids))
        if not all(one.able for one in told):
            for batch in written:
                rounds.recount(batch)
                rounds.close(batch)


def _write(edition: Edition, channel: str, told: Sequence[Told]) -> None:
    now = timezone.now()
    Delivery.objects.bulk_create(
        (
            Delivery(
                edition=edition,
                channel=channel,
                recipient=one.id,
                urgent=one.urgent,
                state="pending" if one.able else "failed",
                reason="" if one.able else "disabled",
                since=now,
                due_at=now,
                first_number=one.first_number,
            )
            for one in told
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )


def _count_readers(rule: Rule) -> Reach:
    audience = receivers = told = 0
    for low, high in _chunks(1):
        audience += _count(recipients.in_turn(rule, low, high))
        if rule.earlier:
            receivers += _count(recipients.at_once(rule, low, high))
            told += _count(recipients.receivers(rule, low, high))
    return Reach(audience, receivers, told - receivers)


def _count(query: Query) -> int:
    sql, parameters = query
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS chosen", parameters)
        return int(cursor.fetchone()[0])


def _count_endpoints(rule: Rule) -> Reach:
    told = recipients.endpoints(rule)
    urgent = sum(one.able and one.urgent for one in told)
    able = sum(one.able for one in told)
    return Reach(able - urgent, urgent, len(told) - able)


def _count_feeds(rule: Rule) -> Reach:
    return Reach(len(_feeds(rule)), 0, 0)


def _feeds(rule: Rule) -> list[Feed]:
    """The feeds that change: none for what is under embargo."""
    return [] if rule.embargoed else feeds.touched(rule.edition)


_FAN_OUTS: dict[str, Callable[[Rule], None]] = {
    "feed": _to_feeds,
    "webhook": _to_endpoints,
    "email": _to_readers,
}
