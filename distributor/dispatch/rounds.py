"""The bookkeeping of a round: some deliveries claimed, sent, and recorded, in a few statements.

This is the one place with SQL by hand on the hot path, good on SQLite and PostgreSQL alike: a row
costs microseconds here, and would cost hundreds through the ORM. Rows go to the database as one
JSON text, so that a statement is prepared once, whatever their number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F
from django.utils import timezone

from distributor.dispatch import journal, leases
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.dispatch.retry import PLANS, Plan, next_attempt
from distributor.errors import UNANSWERED, Refused, Unavailable

_COLUMNS = "edition_id = %s AND channel = %s AND urgent = %s AND recipient BETWEEN %s AND %s"

_NEWER = """SELECT n.id FROM dispatch_edition n
    WHERE n.release_id = e.release_id AND n.number > e.number
      AND n.taken_back_at IS NULL AND n.leaves_at <= %s
      AND (n.status <> 'usable' OR CAST(n.channels AS text) LIKE %s)"""
"""Editions that overtake ``e`` in a channel: those that go out by it, and every hold and end."""


class Due(NamedTuple):
    """A delivery that this round is to make."""

    id: int
    recipient: int
    attempts: int
    first_number: int | None


def begin(batch: Batch, size: int, *, after: int) -> list[Due]:
    """Claim the next ``size`` due deliveries of ``batch`` to recipients above ``after``.

    None are claimed if the lease was lost, the edition is paused or cancelled (which feeds are
    not), or a newer one has left. They come in the order of their recipients, so that a pass reads
    each row once.
    """
    now = stored(timezone.now())
    span = _span(batch, above=after)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE dispatch_delivery SET state = 'sending'
                WHERE {_COLUMNS} AND state = 'pending' AND due_at <= %s
                AND recipient <= (SELECT MAX(recipient) FROM (
                    SELECT recipient FROM dispatch_delivery
                    WHERE {_COLUMNS} AND state = 'pending' AND due_at <= %s
                    ORDER BY recipient LIMIT %s) AS next)
                AND EXISTS (
                    SELECT 1 FROM dispatch_batch b JOIN dispatch_edition e ON e.id = b.edition_id
                    WHERE b.id = %s AND b.holder = %s
                    AND (b.channel = 'feed' OR e.cancelled_at IS NULL AND e.paused_at IS NULL
                        AND (b.urgent OR e.pause_holds_since IS NULL))
                    AND NOT EXISTS ({_NEWER}))
                RETURNING id, recipient, attempts, first_number""",
            [*span, now, *span, now, size]
            + [batch.pk, leases.holder(), now, f'%"{batch.channel}"%'],
        )
        return sorted(map(Due._make, cursor.fetchall()), key=lambda due: due.recipient)


def overtaken_by(batch: Batch) -> Edition | None:
    """The newest edition that left after that of ``batch`` and that its readers get instead."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ({_NEWER} ORDER BY n.number DESC LIMIT 1) FROM dispatch_edition e"
            " WHERE e.id = %s",
            [stored(timezone.now()), f'%"{batch.channel}"%', batch.edition_id],
        )
        (newer,) = cursor.fetchone()
    return Edition.objects.get(pk=newer) if newer else None


def record(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Write down what came of deliveries in ``sending``, with one transaction for all of them.

    Where the lease was lost, only what was handed over: whoever took it may be sending the rest.
    """
    if not outcomes:
        return
    with transaction.atomic():
        _record(batch, _ours_to_tell(batch, outcomes))


def record_and_begin(
    batch: Batch, outcomes: Sequence[Outcome], size: int, *, after: int
) -> list[Due]:
    """:func:`record`, then :func:`begin`, in one transaction."""
    with transaction.atomic():
        if outcomes:
            _record(batch, _ours_to_tell(batch, outcomes))
        return begin(batch, size, after=after)


def hand_back(batch: Batch, deliveries: Iterable[Due]) -> None:
    """Make claimed deliveries that were not begun due again, as if never claimed.

    Where the lease was lost, whoever took it has done so, and may be sending them.
    """
    ids = [due.id for due in deliveries]
    if ids:
        held = Exists(leases.ours(batch))
        Delivery.objects.filter(held, pk__in=ids, state="sending").update(state="pending")


def extend(due: Due, until: datetime) -> None:
    """Keep a claimed delivery claimed ``until`` then, though its batch goes on without it.

    Where the lease was lost it is another's to send by now, and its receiver may have it.
    """
    with transaction.atomic():
        if not Delivery.objects.filter(pk=due.id, state="sending").update(due_at=until):
            _doubt([due.id])


def record_late(batch_id: int, outcome: Outcome, *, claimed_until: datetime) -> None:
    """Write down what came of a delivery that was left behind by its batch.

    After its time only that it was handed over: another may have claimed it since.
    """
    with transaction.atomic():
        batch = Batch.objects.get(pk=batch_id)
        lock(batch)
        if outcome.error is not None and claimed_until <= timezone.now():
            return
        _record(batch, [outcome])
        close(batch)


def settle(batch: Batch) -> None:
    """Take over from a worker that died: what its journal says is so, the rest is due again.

    But for what may be on the wire still, left behind by its batch. Of what was on the wire nobody
    knows whether its receiver has it: an attempt says so. Where the journal is elsewhere, that may
    be all. Where nobody died there is nothing to write, and nothing is waited for.
    """
    left_over = Delivery.objects.filter(
        **members(batch), state="sending", due_at__lte=timezone.now()
    )
    if not (journal.is_kept(batch.pk) or left_over.exists()):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        lock(batch)
        # Asked first: whoever lost the lease and lives may write an outcome until the next line.
        begun = journal.unanswered(batch.pk)
        outcomes = list(journal.left(batch.pk))
        if outcomes:
            _record(batch, outcomes)
        cursor.execute(
            f"UPDATE dispatch_delivery SET state = 'pending' WHERE {_COLUMNS}"
            " AND state = 'sending' AND due_at <= %s RETURNING id",
            [*_span(batch), stored(timezone.now())],
        )
        if again := [ident for (ident,) in cursor.fetchall()]:
            _doubt(again if begun is None else begun.intersection(again))
            recount(batch)
    journal.remove(batch.pk)


def close(batch: Batch, *, not_before: datetime | None = None, release: bool = False) -> None:
    """Set when ``batch`` is due next, or never if nothing in it is owed.

    With ``release`` its lease is given back by the same stroke, if it is still ours.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        lock(batch)
        cursor.execute(
            f"""UPDATE dispatch_batch SET rung_at = NULL, due_at = CASE
                    WHEN total > delivered + failed + superseded THEN (
                        SELECT MIN(due_at) FROM dispatch_delivery
                        WHERE {_COLUMNS} AND state IN ('pending', 'sending'))
                    END WHERE id = %s""",
            [*_span(batch), batch.pk],
        )
        if release:
            leases.release(batch)
        if not_before:
            early = Batch.objects.filter(pk=batch.pk, due_at__lt=not_before)
            early.update(due_at=not_before)


def lock(batch: Batch) -> None:
    """Keep everybody else from changing the row of ``batch``, until the transaction ends.

    Who changes deliveries and then counts them takes this first, so that no count is lost. On
    SQLite a transaction has everything to itself from its beginning.
    """
    if connection.features.has_select_for_update:
        with connection.cursor() as cursor:
            cursor.execute("SELECT id FROM dispatch_batch WHERE id = %s FOR UPDATE", [batch.pk])


def supersede(batch: Batch) -> None:
    """Close what is pending in ``batch``: its readers get a newer edition, or nothing."""
    give_up(batch, "superseded")


def give_up(batch: Batch, reason: str) -> int:
    """Close what is pending in ``batch`` as failed for ``reason``; how many deliveries."""
    with transaction.atomic():
        lock(batch)
        pending = Delivery.objects.filter(**members(batch), state="pending")
        closed = pending.update(state="failed", reason=reason)
        recount(batch)
        close(batch)
    return closed


def cancelled(batch: Batch) -> bool:
    """Whether the sending of its edition was cancelled, which feeds are not part of."""
    if batch.channel == "feed":
        return False
    return Edition.objects.filter(pk=batch.edition_id).exclude(cancelled_at=None).exists()


def recount(batch: Batch) -> None:
    """Make the counters of ``batch`` true again by counting its rows, after a crash or a change.

    It is to be called in a transaction. Where the rows are gone the counters stay.
    """
    lock(batch)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT COUNT(*), SUM(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END),
                   SUM(CASE WHEN state = 'failed' AND reason <> 'superseded' THEN 1 ELSE 0 END),
                   SUM(CASE WHEN state = 'failed' AND reason = 'superseded' THEN 1 ELSE 0 END)
                FROM dispatch_delivery WHERE {_COLUMNS}""",
            _span(batch),
        )
        total, delivered, failed, superseded = (value or 0 for value in cursor.fetchone())
    Batch.objects.filter(pk=batch.pk, receivers=None).update(
        total=total, delivered=delivered, failed=failed, superseded=superseded
    )


def plan(batch: Batch) -> Plan:
    """The retry plan of the deliveries in ``batch``."""
    if batch.channel == "webhook":
        waits = tuple(settings.DISTRIBUTOR.webhooks.retry_schedule)
        return replace(PLANS["webhook"], waits=waits)
    urgent = batch.channel == "email" and batch.urgent
    return PLANS["email-urgent" if urgent else batch.channel]


def stored(moment: datetime) -> Any:
    """``moment`` as SQL written by hand must hand it to this database."""
    return connection.ops.adapt_datetimefield_value(moment)


def kept(reply: str) -> str:
    """``reply`` as a row keeps it: 500 characters, and no NUL, which PostgreSQL cannot store."""
    return reply[:500].replace("\0", "\ufffd")


def members(batch: Batch) -> dict[str, Any]:
    """The filter that gives the deliveries of ``batch``."""
    return {
        "edition_id": batch.edition_id,
        "channel": batch.channel,
        "urgent": batch.urgent,
        "recipient__range": (batch.first, batch.last),
    }


def _span(batch: Batch, *, above: int = 0) -> list[Any]:
    """What ``_COLUMNS`` asks for."""
    first = max(batch.first, above + 1)
    return [batch.edition_id, batch.channel, batch.urgent, first, batch.last]


def _ours_to_tell(batch: Batch, outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """What of ``outcomes`` may be written, whoever holds the lease of ``batch`` by now.

    A failure of ours would make due again what another has claimed since and is handing over.
    """
    if all(outcome.error is None for outcome in outcomes):
        return outcomes
    lock(batch)
    if leases.ours(batch).exists():
        return outcomes
    return [outcome for outcome in outcomes if outcome.error is None]


def _record(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    failing = [outcome for outcome in outcomes if outcome.error is not None]
    delivered = _record_delivered([outcome for outcome in outcomes if outcome.error is None])
    failed = _record_failing(batch, failing) if failing else 0
    _record_attempts([one for one in failing if one.error is not None and one.error.counts])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dispatch_batch SET delivered = delivered + %s, failed = failed + %s"
            " WHERE id = %s",
            [delivered, failed, batch.pk],
        )


def _record_delivered(outcomes: Sequence[Outcome]) -> int:
    if not outcomes:
        return 0
    at = stored(_moment(max(outcome.at for outcome in outcomes)))
    rows = [[one.delivery, kept(one.reply)] for one in outcomes]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE dispatch_delivery SET state = 'delivered', attempts = attempts + 1,
                    done_at = %s, reason = '', reply = told.reply
                FROM ({_listed(id="bigint", reply="text")}) AS told
                WHERE dispatch_delivery.id = told.id AND state = 'sending'""",
            [at, json.dumps(rows)],
        )
        return int(cursor.rowcount)


def _doubt(deliveries: Iterable[int]) -> None:
    """Put on record that they were handed over, or may have been, and no answer came."""
    error, now = Unavailable(UNANSWERED), timezone.now().timestamp()
    unanswered = [Outcome(delivery, error, "", now) for delivery in deliveries]
    _record_attempts(unanswered)
    Delivery.objects.filter(pk__in=[one.delivery for one in unanswered]).update(
        attempts=F("attempts") + 1
    )


def _record_failing(batch: Batch, outcomes: Sequence[Outcome]) -> int:
    """How many have failed for good; the others are due again."""
    sending = Delivery.objects.filter(pk__in=[one.delivery for one in outcomes], state="sending")
    standing = {row[0]: row for row in sending.values_list("pk", "attempts", "since", "due_at")}
    rule, rows, failed = plan(batch), [], 0
    for delivery, error, _, at in outcomes:
        if delivery not in standing or error is None:
            continue
        _, attempts, since, due_at = standing.pop(delivery)
        attempts += error.counts
        again = next_attempt(
            rule, error, attempts=attempts, first_due=since, now=_moment(at), seed=delivery
        )
        failed += again is None
        reason = error.reason[:24] if again is None or isinstance(error, Refused) else ""
        state = "failed" if again is None else "pending"
        rows.append([delivery, state, reason, attempts, str(stored(again or due_at))])
    columns = _listed(
        id="bigint", state="text", reason="text", attempts="integer", due_at="timestamptz"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE dispatch_delivery SET state = told.state, reason = told.reason,
                    attempts = told.attempts, due_at = told.due_at
                FROM ({columns}) AS told WHERE dispatch_delivery.id = told.id""",
            [json.dumps(rows)],
        )
    return failed


def _record_attempts(outcomes: Sequence[Outcome]) -> None:
    rows = [
        [one.delivery, str(stored(_moment(one.at))), type(error).__name__.lower()]
        + [error.reason[:24], kept(one.reply)]
        for one in outcomes
        if (error := one.error) is not None
    ]
    if not rows:
        return
    columns = _listed(delivery="bigint", at="timestamptz", kind="text", why="text", reply="text")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dispatch_attempt (delivery_id, at, outcome, reason, reply) " + columns,
            [json.dumps(rows)],
        )


def _listed(**columns: str) -> str:
    """A SELECT of rows from a parameter, a JSON list of lists: names and types of ``columns``."""
    if connection.vendor == "postgresql":
        chosen = [
            f"(row ->> {at})::{kind} AS {name}" for at, (name, kind) in enumerate(columns.items())
        ]
        return f"SELECT {', '.join(chosen)} FROM jsonb_array_elements(%s::jsonb) AS row"
    chosen = [f"json_extract(value, '$[{at}]') AS {name}" for at, name in enumerate(columns)]
    return f"SELECT {', '.join(chosen)} FROM json_each(%s)"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
