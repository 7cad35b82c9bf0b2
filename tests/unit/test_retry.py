"""When a delivery is tried again: the plans as the press office knows them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.dispatch.retry import PLANS, RELAY_AWAY, next_attempt
from distributor.errors import UNANSWERED, Refused, Unavailable

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
BUSY = Unavailable("busy")


def _again(plan: str, attempts: int, error=BUSY, now: datetime = START, seed: int = 1):
    return next_attempt(PLANS[plan], error, attempts=attempts, first_due=START, now=now, seed=seed)


@pytest.mark.parametrize("plan", PLANS)
def test_what_was_refused_is_never_sent_again(plan: str) -> None:
    assert _again(plan, 1, Refused("no-such-address")) is None


@pytest.mark.parametrize("plan", PLANS)
def test_a_relay_that_is_away_costs_no_attempt_and_is_never_given_up(plan: str) -> None:
    late = START + timedelta(days=30)
    away = Unavailable("connect", about="relay")
    assert _again(plan, 0, away, now=late) == late + timedelta(seconds=RELAY_AWAY)


def test_what_the_relay_may_have_taken_is_not_sent_each_minute_for_ever() -> None:
    unanswered = Unavailable(UNANSWERED, about="relay")
    for attempts in range(1, 9):
        assert _again("email", attempts, unanswered) == _again("email", attempts)
    assert _again("email", 15, unanswered, now=START + timedelta(hours=48)) is None


@given(seed=st.integers(min_value=0, max_value=2**40))
def test_an_endpoint_gets_ten_attempts_each_wait_within_a_tenth_above_its_step(seed: int) -> None:
    steps = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    now = START
    for attempt, step in enumerate(steps, start=1):
        again = _again("webhook", attempt, now=now, seed=seed)
        assert again is not None
        assert step <= (again - now).total_seconds() <= step * 1.1
        now = again
    assert _again("webhook", 10, now=now, seed=seed) is None
    assert now - START <= timedelta(hours=83, minutes=9, seconds=5)


@given(seed=st.integers(min_value=0, max_value=2**40), plan=st.sampled_from(["email", "feed"]))
def test_a_wait_varies_by_a_tenth_and_is_the_same_each_time_it_is_asked(
    seed: int, plan: str
) -> None:
    for attempt in range(1, 12):
        step = PLANS[plan].waits[min(attempt, len(PLANS[plan].waits)) - 1]
        again = _again(plan, attempt, seed=seed)
        assert again == _again(plan, attempt, seed=seed)
        assert again is not None
        assert 0.9 * step <= (again - START).total_seconds() <= 1.1 * step


def test_a_mail_is_given_up_after_two_days_and_an_urgent_one_after_three() -> None:
    for plan, hours in (("email", 48), ("email-urgent", 72)):
        attempts, now = 0, START
        while (again := _again(plan, attempts := attempts + 1, now=now)) is not None:
            now = again
        assert timedelta(hours=hours - 7) < now - START <= timedelta(hours=hours)


def test_of_the_time_that_a_mail_has_waited_only_what_its_plan_says_counts() -> None:
    late, attempts = START + timedelta(days=30), 0
    begun = now = late
    while (again := _again("email", attempts := attempts + 1, now=now)) is not None:
        now = again
    assert timedelta(hours=35) < now - begun <= timedelta(hours=48)
    assert _again("webhook", 1, now=late) is None


@pytest.mark.parametrize(
    ("hint", "wait"), [(1, 5), (60, 60), (10**9, 86400), (-1, 5), (0, 5), (None, 5)]
)
def test_what_the_other_side_asks_for_is_a_lower_bound_of_at_most_a_day(
    hint: float | None, wait: float
) -> None:
    again = _again("webhook", 1, Unavailable("rate_limited", wait=hint))
    assert again is not None
    assert wait <= (again - START).total_seconds() <= max(wait, 5.5)
