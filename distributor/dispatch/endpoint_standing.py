"""How endpoints stand, in the database: who is asked now, who waits, what an answer changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone

from distributor.adapters.http import Blocked
from distributor.audience.models import Endpoint
from distributor.dispatch import endpoint_ends, leases
from distributor.dispatch.models import Batch
from distributor.errors import DeliveryError, Refused

SLOW = 2.0
"""Seconds above which an answer is slow."""
ENOUGH = 5
"""After so many failures in a row an endpoint is asked by one probe at a time."""
FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
_ENDING = frozenset({"gone", "blocked", "target"})
_UNTROUBLED: dict[str, Any] = {
    "failures": 0,
    "paused_until": None,
    "failing_since": None,
    "warned": 0,
    "warned_at": None,
}


class Answered(NamedTuple):
    """What an attempt at an endpoint came to, after so many seconds.

    ``attempt`` is its number among those of the delivery.
    """

    endpoint: int
    attempt: int
    error: DeliveryError | None
    seconds: float


def able(ids: Collection[int]) -> dict[int, Endpoint]:
    """Those of the endpoints that are neither disabled nor deleted."""
    there = Endpoint.objects.filter(pk__in=ids, deleted_at=None).exclude(state="disabled")
    return {endpoint.pk: endpoint for endpoint in there}


def waits(endpoint: Endpoint, now: datetime) -> float:
    """Seconds for which the endpoint is not to be asked."""
    until = endpoint.paused_until
    return max(0.0, (until - now).total_seconds()) if until else 0.0


def probed(endpoint: Endpoint) -> bool:
    """Whether it has failed so often that one request at a time is enough."""
    return endpoint.failures >= ENOUGH


def others_wait(batch_id: int) -> bool:
    """Whether another batch of webhooks is due and nobody is at it."""
    now = timezone.now()
    due = Batch.objects.filter(channel="webhook", due_at__lte=now).exclude(pk=batch_id)
    return due.filter(leases.free(now)).exists()


def learn(answers: Iterable[Answered]) -> None:
    """Write down what answers say of their endpoints: failures in a row, pauses, the end.

    What was no attempt says nothing. 429 makes an endpoint wait and is no failure of it.
    """
    told = [answer for answer in answers if answer.error is None or answer.error.is_attempt]
    good = [answer for answer in told if answer.error is None]
    for slow in (False, True):
        ids = [answer.endpoint for answer in good if (answer.seconds > SLOW) == slow]
        changed = Q(failures__gt=0) | ~Q(paused_until=None) | Q(slow=not slow)
        if ids:
            there = Endpoint.objects.filter(changed, pk__in=ids)
            there.update(slow=slow, **_UNTROUBLED)
    failing = [answer for answer in told if answer.error is not None]
    rows = Endpoint.objects.in_bulk([answer.endpoint for answer in failing]) if failing else {}
    for answer in failing:
        if endpoint := rows.get(answer.endpoint):
            _failed(endpoint, answer)
    fields = ["failures", "failing_since", "paused_until", "slow"]
    Endpoint.objects.bulk_update(rows.values(), fields)
    for answer in failing:
        endpoint, reason = rows.get(answer.endpoint), _reason(answer.error)
        if endpoint and isinstance(answer.error, Refused) and reason in _ENDING:
            endpoint_ends.end(endpoint, reason)
        elif endpoint and reason != "rate_limited":
            endpoint_ends.judge(endpoint, answer.attempt)


def _failed(endpoint: Endpoint, answer: Answered) -> None:
    error, now = answer.error, timezone.now()
    assert error is not None
    until = now + timedelta(seconds=error.wait) if error.wait else now
    if error.reason != "rate_limited":
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or now
        endpoint.slow = True
        if endpoint.failures >= ENOUGH:
            doublings = min(endpoint.failures - ENOUGH, 10)
            until = max(until, now + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE))
    if until > now:
        endpoint.paused_until = until


def _reason(error: DeliveryError | None) -> str:
    return "blocked" if isinstance(error, Blocked) else error.reason if error else ""
