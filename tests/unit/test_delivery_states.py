"""A delivery goes from pending to sending to delivered, failed or pending again, and nowhere else.

Its bookkeeping is driven through random steps on a real database, beside a model that is a few
lines long; the journal and the schedule are tried with arbitrary values.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from distributor.dispatch import control, journal, leases, rounds
from distributor.dispatch.journal import LINE, Journal, Outcome
from distributor.dispatch.models import Attempt, Batch, Delivery, Edition
from distributor.dispatch.retry import PLANS, Plan, next_attempt
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable
from tests import fanning

START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
LEGAL = {
    ("pending", "sending"),
    ("pending", "failed"),
    ("sending", "delivered"),
    ("sending", "failed"),
    ("sending", "pending"),
}
RANDOM = hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
ABOUT = ("recipient", "message", "relay", "group", "ours", "unknown")


@st.composite
def _errors(draw: st.DrawFn) -> DeliveryError:
    kind = draw(st.sampled_from([Refused, Unavailable]))
    reason = draw(st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=24))
    wait = draw(st.none() | st.just(0.0) | st.floats(min_value=1, max_value=1e7))
    return kind(reason, draw(st.text(max_size=300)), about=draw(st.sampled_from(ABOUT)), wait=wait)


@st.composite
def _outcomes(draw: st.DrawFn) -> Outcome:
    reply = draw(st.text(max_size=300))
    at = draw(st.floats(min_value=0, max_value=4e9))
    return Outcome(draw(st.integers(1, 2**62)), draw(st.none() | _errors()), reply, at)


class Bookkeeping(RuleBasedStateMachine):
    """One batch of a few deliveries, and every step that may be taken with it, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self._whole = transaction.atomic()
        self._whole.__enter__()
        fanning.readers(4)
        self.edition = fanning.issue()
        self.batch = Batch.objects.get(edition=self.edition)
        assert leases.claim(self.batch)
        self.claimed: dict[int, Due] = {}
        self.journalled: list[Outcome] = []
        self.states = self._states()
        self.handed_over: set[int] = set()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._whole.__exit__(None, None, None)
        journal.remove(self.batch.pk)

    def _states(self) -> dict[int, str]:
        rows = Delivery.objects.filter(edition=self.edition)
        return dict(rows.values_list("pk", "state"))

    @rule(size=st.integers(1, 4))
    def claim(self, size: int) -> None:
        Delivery.objects.filter(state="pending").update(due_at=self.edition.leaves_at)
        self.claimed |= {due.id: due for due in rounds.begin(self.batch, size, after=0)}

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), error=st.none() | _errors(), times=st.integers(1, 3))
    def record(self, data: st.DataObject, error: DeliveryError | None, times: int) -> None:
        """The same once or thrice makes no difference."""
        due = data.draw(st.sampled_from(sorted(self.claimed)))
        outcome = Outcome(due, error, "250 taken", time.time())
        before = Attempt.objects.count()
        for _ in range(times):
            rounds.record(self.batch, [outcome])
        if error is None:
            self.handed_over.add(due)
        row = Delivery.objects.get(pk=due)
        tries = self.claimed.pop(due).attempts + outcome.tried
        assert row.attempts == tries
        if error is None:
            assert row.state == "delivered"
        elif isinstance(error, Refused):
            assert (row.state, row.reason) == ("failed", error.reason[:24])
        else:
            assert row.state == "pending"
        assert Attempt.objects.count() - before <= times

    @precondition(lambda self: self.claimed)
    @rule(data=st.data(), error=st.none() | _errors())
    def write_down(self, data: st.DataObject, error: DeliveryError | None) -> None:
        """In the journal only, as a worker does before it dies."""
        due = data.draw(st.sampled_from(sorted(self.claimed)))
        self.journalled.append(Outcome(due, error, "250 taken", time.time()))
        del self.claimed[due]

    @rule(cut=st.integers(0, 30), times=st.integers(1, 2))
    def die_and_settle(self, cut: int, times: int) -> None:
        """What the journal says is so, the rest is due again; settled twice is settled once."""
        if self.journalled:
            written = Journal(self.batch.pk, len(self.journalled) + 1)
            for outcome in self.journalled:
                written.write(outcome)
            written.close(remove=False)
            path = journal._path(self.batch.pk)
            path.write_bytes(path.read_bytes().rstrip(b"\0") + b'\n[77,1790000000.000,"","25'[:cut])
        for _ in range(times):
            rounds.settle(self.batch)
        states = self._states()
        for outcome in self.journalled:
            if outcome.error is None:
                self.handed_over.add(outcome.delivery)
                assert states[outcome.delivery] == "delivered"
        assert "sending" not in states.values()
        assert journal.batches() == []
        self.claimed, self.journalled = {}, []

    @precondition(lambda self: self.claimed)
    @rule()
    def hand_back(self) -> None:
        rounds.hand_back(self.batch, self.claimed.values())
        assert {self._states()[due] for due in self.claimed} == {"pending"}
        self.claimed = {}

    @precondition(lambda self: self.claimed)
    @rule(data=st.data())
    def wake_up_without_the_lease(self, data: st.DataObject) -> None:
        """Who was away for so long gives back nothing that another is sending, or has sent."""
        due = self.claimed[data.draw(st.sampled_from(sorted(self.claimed)))]
        Batch.objects.update(holder="another")
        rounds.hand_back(self.batch, [due])
        assert self._states()[due.id] == "sending"
        Batch.objects.update(holder=leases.holder())

    @precondition(lambda self: self.handed_over)
    @rule()
    def hand_back_what_is_done(self) -> None:
        rounds.hand_back(self.batch, [Due(one, 0, 0, None) for one in self.handed_over])

    @rule()
    def supersede(self) -> None:
        rounds.supersede(self.batch)

    @rule()
    def cancel(self) -> None:
        control.cancel(self.edition.release_id)
        assert rounds.begin(self.batch, 4, after=0) == []
        Edition.objects.update(cancelled_at=None)

    @rule()
    def close(self) -> None:
        rounds.close(self.batch)
        owed = set(self._states().values()) & {"pending", "sending"}
        assert (Batch.objects.get(pk=self.batch.pk).due_at is not None) == bool(owed)

    @invariant()
    def goes_by_legal_steps_only(self) -> None:
        now = self._states()
        steps = {(self.states[pk], state) for pk, state in now.items() if self.states[pk] != state}
        assert steps <= LEGAL, steps
        self.states = now
        assert all(now[pk] == "delivered" for pk in self.handed_over)

    @invariant()
    def counts_its_rows(self) -> None:
        batch = Batch.objects.get(pk=self.batch.pk)
        states = list(self._states().values())
        assert batch.total == len(states)
        assert batch.delivered == states.count("delivered")
        assert batch.failed + batch.superseded == states.count("failed")


@pytest.mark.django_db
def test_a_delivery_goes_its_legal_ways_only_and_is_always_counted() -> None:
    run_state_machine_as_test(
        Bookkeeping,
        settings=hypothesis_settings(RANDOM, max_examples=40, stateful_step_count=15),
    )


@RANDOM
@given(outcomes=st.lists(_outcomes(), max_size=8), cut=st.integers(0, 400))
def test_a_journal_gives_back_what_was_written_and_no_line_that_was_cut(
    outcomes: list[Outcome], cut: int
) -> None:
    written = Journal(1, len(outcomes) + 1)
    for outcome in outcomes:
        written.write(outcome)
    written.close(remove=False)
    path = journal._path(1)
    try:
        assert list(map(_told, journal.left(1))) == list(map(_kept, outcomes))
        octets = path.read_bytes().rstrip(b"\0")
        path.write_bytes(octets[: max(0, len(octets) - cut)])
        left = list(map(_told, journal.left(1)))
        assert left == list(map(_kept, outcomes))[: len(left)]
        whole = octets[: len(octets) - cut].count(b"\n") - 1 if cut < len(octets) else 0
        assert len(left) >= whole
    finally:
        journal.remove(1)


@RANDOM
@given(outcome=_outcomes())
def test_a_line_of_the_journal_fits_its_room(outcome: Outcome) -> None:
    assert len(journal._line(outcome)) <= LINE


@RANDOM
@given(
    plan=st.sampled_from(sorted(PLANS)),
    seed=st.integers(0, 2**40),
    errors=st.lists(_errors().filter(lambda error: isinstance(error, Unavailable)), max_size=40),
)
def test_a_schedule_is_never_early_counts_attempts_only_and_ends_once(
    plan: str, seed: int, errors: list[DeliveryError]
) -> None:
    rule_, now, attempts, delayed = PLANS[plan], START, 0, False
    for error in errors:
        attempts += error.counts
        again = next_attempt(rule_, error, attempts=attempts, first_due=START, now=now, seed=seed)
        if again is None:
            assert error.counts
            assert _has_ended(rule_, error, attempts, now)
            return
        assert again > now
        if error.wait:
            assert again >= now + timedelta(seconds=min(error.wait, 86400))
        delayed = delayed or not error.counts or bool(error.wait)
        if not delayed:
            assert again <= START + timedelta(seconds=rule_.until)
        now = again


@RANDOM
@given(plan=st.sampled_from(sorted(PLANS)), seed=st.integers(0, 2**40), attempt=st.integers(1, 9))
def test_each_wait_is_longer_than_the_one_before_or_the_last_repeated(
    plan: str, seed: int, attempt: int
) -> None:
    busy, rule_ = Unavailable("busy"), PLANS[plan]

    def wait(attempts: int) -> timedelta | None:
        again = next_attempt(rule_, busy, attempts=attempts, first_due=START, now=START, seed=seed)
        return again - START if again else None

    one, other = wait(attempt), wait(attempt + 1)
    last = attempt >= len(rule_.waits)
    assert other is None or one is not None
    assert last or other is None or one is None or other > one


def _has_ended(plan: Plan, error: DeliveryError, attempts: int, now: datetime) -> bool:
    """Whether another try would come too late, or all were made."""
    longest = plan.waits[min(attempts, len(plan.waits)) - 1] * (1 + plan.spread)
    longest = max(longest, min(error.wait or 0, 86400))
    late = now + timedelta(seconds=longest) > START + timedelta(seconds=plan.until)
    return late or (plan.ends and attempts > len(plan.waits))


def _kept(outcome: Outcome) -> tuple[Any, ...]:
    """What of an outcome a journal keeps."""
    error = outcome.error
    told = (type(error), error.reason[:24], error.about, error.wait) if error else None
    return outcome.delivery, told, outcome.reply[:120], round(outcome.at, 3)


def _told(outcome: Outcome) -> tuple[Any, ...]:
    return _kept(outcome)
