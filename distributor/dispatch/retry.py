"""When a delivery that did not succeed is tried again: one pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from distributor.errors import DeliveryError, Refused

_MINUTE = 60
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds to wait after the first, second, … failed attempt, the last one repeated for ever
    unless ``ends``; ``until`` is the age in seconds at which a delivery is given up. Of the time
    that it has waited only what the plan says counts, unless ``strict``: not for how long it was
    paused, or the relay away."""

    waits: tuple[int, ...]
    until: int
    spread: float
    early: bool
    ends: bool = False
    strict: bool = False


_M, _H = _MINUTE, _HOUR
PLANS = {
    "email": Plan(
        (2 * _M, 5 * _M, 15 * _M, 30 * _M, _H, 2 * _H, 4 * _H, 6 * _H), 48 * _H, 0.1, True
    ),
    "email-urgent": Plan((_M, 2 * _M, 5 * _M, 10 * _M, 20 * _M, 30 * _M, _H), 72 * _H, 0.1, True),
    "feed": Plan((5, 30, _M, 5 * _M), 96 * _H, 0.1, True),
    "webhook": Plan(
        (5, 5 * _M, 30 * _M, 2 * _H, 5 * _H, 10 * _H, 14 * _H, 20 * _H, 24 * _H),
        96 * _H,
        0.1,
        False,
        ends=True,
        strict=True,
    ),
}
RELAY_AWAY = 60.0


def next_attempt(
    plan: Plan,
    error: DeliveryError,
    *,
    attempts: int,
    first_due: datetime,
    now: datetime,
    seed: int,
) -> datetime | None:
    """When to try again after ``error``, or None to give up.

    ``attempts`` counts the tries made, this one included. Waits vary by ``plan.spread``, fixed by
    ``seed`` (the delivery's id) and the attempt, around the step or, unless ``plan.early``, only
    beyond it. What is no attempt (the relay's fault, a group that rests) costs none and never gives
    up, unless the receiver may have it: that would have them get it every minute for ever. What the
    other side asked for (``error.wait``, at most a day) is a lower bound.
    """
    if isinstance(error, Refused):
        return None
    if not error.counts:
        return now + timedelta(seconds=error.wait or RELAY_AWAY)
    if plan.ends and attempts > len(plan.waits):
        return None
    chance = _chance(seed, attempts)
    varied = 1 + plan.spread * (2 * chance - 1 if plan.early else chance)
    step = plan.waits[min(attempts, len(plan.waits)) - 1] * varied
    if error.wait is not None and error.wait > 0:
        step = max(step, min(error.wait, 24 * _HOUR))
    again = now + timedelta(seconds=step)
    if not plan.strict:
        first_due = max(first_due, now - _longest(plan, attempts))
    return None if again > first_due + timedelta(seconds=plan.until) else again


def _longest(plan: Plan, attempts: int) -> timedelta:
    """How long the plan has a delivery wait at most until so many tries are made."""
    last = len(plan.waits) - 1
    waited = sum(plan.waits[min(tried, last)] for tried in range(attempts - 1))
    return timedelta(seconds=waited * (1 + plan.spread))


def _chance(seed: int, attempt: int) -> float:
    digest = blake2b(f"{seed}/{attempt}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
