"""The bookkeeping of a round: some deliveries claimed, sent, and recorded, in a few statements.

This is the one place with SQL by hand on the hot path, good on SQLite and PostgreSQL alike: a row
costs microseconds here, and would cost hundreds through the ORM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Min
from django.utils import timezone

from distributor.dispatch import journal, leases
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Batch, Delivery
from distributor.dispatch.retry import PLANS, Plan, next_attempt
from distributor.errors import Refused

_COLUMNS = "edition_id = %s AND channel = %s AND urgent = %s AND recipient BETWEEN %s AND %s"


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that this round is to make."""

    id: int
    recipient: int
    attempts: int
    first_number: int | None


def begin(batch: Batch, size: int, *, after: int) -> list[Due]:
    """Claim the next ``size`` due deliveries of ``batch`` to recipients above ``after``.

    None are claimed if the lease was lost or the edition is paused. They come in the order of
    their recipients, so that a pass reads each row once.
    """
    now = stored(timezone.now())
    low = max(batch.first, after + 1)
    span: list[Any] = [batch.edition_id, batch.channel, batch.urgent, low, batch.last]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE dispatch_delivery SET state = 'sending' WHERE id IN (
                    SELECT id FROM dispatch_delivery
                    WHERE {_COLUMNS} AND state = 'pending' AND due_at <= %s
                    ORDER BY recipient LIMIT %s)
                AND EXISTS (
                    SELECT 1 FROM dispatch_batch b JOIN dispatch_edition e ON e.id = b.edition_id
                    WHERE b.id = %s AND b.holder = %s AND e.paused_at IS NULL)
                RETURNING id, recipient, attempts, first_number""",
            [*span, now, size, batch.pk, leases.holder()],
        )
        return sorted((Due(*row) for row in cursor.fetchall()), key=lambda due: due.recipient)


def record(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    """Write down what came of deliveries in ``sending``, with one transaction for all of them."""
    if not outcomes:
        return
    with transaction.atomic():
        _record(batch, outcomes)


def hand_back(batch: Batch, deliveries: Sequence[Due]) -> None:
    """Make claimed deliveries that were not begun due again, as if never claimed."""
    ids = [due.id for due in deliveries]
    Delivery.objects.filter(pk__in=ids, state="sending").update(state="pending")


def settle(batch: Batch) -> None:
    """Take over from a worker that died: what its journal says is so, the rest is due again."""
    with transaction.atomic():
        _record(batch, list(journal.left(batch.pk)))
        stuck = Delivery.objects.filter(**members(batch), state="sending")
        if stuck.update(state="pending"):
            recount(batch)
    journal.remove(batch.pk)


def close(batch: Batch, *, not_before: datetime | None = None) -> None:
    """Set when ``batch`` is due next, or never if nothing in it is owed."""
    due_at = None
    if Batch.objects.filter(pk=batch.pk, total__gt=F("delivered") + F("failed") + F("superseded")):
        pending = Delivery.objects.filter(**members(batch), state="pending")
        due_at = pending.aggregate(next=Min("due_at"))["next"]
    if due_at and not_before:
        due_at = max(due_at, not_before)
    Batch.objects.filter(pk=batch.pk).update(due_at=due_at, rung_at=None)


def recount(batch: Batch) -> None:
    """Make the counters of ``batch`` true again by counting its rows, after a crash or a change."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT COUNT(*), SUM(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END),
                   SUM(CASE WHEN state = 'failed' AND reason <> 'superseded' THEN 1 ELSE 0 END),
                   SUM(CASE WHEN state = 'failed' AND reason = 'superseded' THEN 1 ELSE 0 END)
                FROM dispatch_delivery WHERE {_COLUMNS}""",
            _range(batch),
        )
        total, delivered, failed, superseded = (value or 0 for value in cursor.fetchone())
    Batch.objects.filter(pk=batch.pk).update(
        total=total, delivered=delivered, failed=failed, superseded=superseded
    )


def stored(moment: datetime) -> Any:
    """``moment`` as SQL written by hand must hand it to this database."""
    return connection.ops.adapt_datetimefield_value(moment)


def _range(batch: Batch) -> list[Any]:
    return [batch.edition_id, batch.channel, batch.urgent, batch.first, batch.last]


def members(batch: Batch) -> dict[str, Any]:
    """The filter that gives the deliveries of ``batch``."""
    return {
        "edition_id": batch.edition_id,
        "channel": batch.channel,
        "urgent": batch.urgent,
        "recipient__range": (batch.first, batch.last),
    }


def _record(batch: Batch, outcomes: Sequence[Outcome]) -> None:
    done = [outcome for outcome in outcomes if outcome.error is None]
    failing = [outcome for outcome in outcomes if outcome.error is not None]
    delivered = _record_delivered(done)
    failed = sum(_record_failing(batch, outcome) for outcome in failing)
    _record_attempts([outcome for outcome in outcomes if outcome.tried])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dispatch_batch SET delivered = delivered + %s, failed = failed + %s"
            " WHERE id = %s",
            [delivered, failed, batch.pk],
        )


def _record_delivered(outcomes: Sequence[Outcome]) -> int:
    if not outcomes:
        return 0
    marks = ", ".join(["%s"] * len(outcomes))
    at = stored(_moment(max(outcome.at for outcome in outcomes)))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE dispatch_delivery
                SET state = 'delivered', attempts = attempts + 1, done_at = %s, reason = ''
                WHERE id IN ({marks}) AND state = 'sending'""",
            [at, *(outcome.delivery for outcome in outcomes)],
        )
        return int(cursor.rowcount)


def _record_failing(batch: Batch, outcome: Outcome) -> int:
    """1 if the delivery has failed for good, 0 if it is due again."""
    error = outcome.error
    assert error is not None
    delivery = Delivery.objects.filter(pk=outcome.delivery, state="sending").first()
    if delivery is None:
        return 0
    attempts = delivery.attempts + outcome.tried
    again = next_attempt(
        plan(batch),
        error,
        attempts=attempts,
        first_due=delivery.since,
        now=_moment(outcome.at),
        seed=delivery.pk,
    )
    Delivery.objects.filter(pk=delivery.pk).update(
        state="failed" if again is None else "pending",
        reason=(error.reason if again is None or isinstance(error, Refused) else "")[:24],
        attempts=attempts,
        due_at=again or delivery.due_at,
    )
    return int(again is None)


def plan(batch: Batch) -> Plan:
    """The retry plan of the deliveries in ``batch``."""
    if batch.channel == "webhook":
        waits = tuple(settings.DISTRIBUTOR.webhooks.retry_schedule)
        return replace(PLANS["webhook"], waits=waits)
    urgent = batch.channel == "email" and batch.urgent
    return PLANS["email-urgent" if urgent else batch.channel]


def _record_attempts(outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    at = stored(_moment(max(outcome.at for outcome in outcomes)))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO dispatch_attempt (delivery_id, at, outcome, reason, reply)"
            " VALUES (%s, %s, %s, %s, %s)",
            [(outcome.delivery, at, *_said(outcome)) for outcome in outcomes],
        )


def _said(outcome: Outcome) -> tuple[str, str, str]:
    error = outcome.error
    if error is None:
        return "delivered", "", outcome.reply[:500]
    return type(error).__name__.lower(), error.reason[:24], outcome.reply[:500]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
