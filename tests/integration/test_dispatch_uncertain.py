"""Who may have got a mail of which no answer came is told of what its receivers are told."""

from __future__ import annotations

import pytest

from distributor.dispatch import rounds
from distributor.dispatch.journal import Journal
from distributor.dispatch.models import Attempt, Batch, Delivery, Edition
from distributor.errors import UNANSWERED, Unavailable
from tests import fanning
from tests.fanning import held, outcome

pytestmark = pytest.mark.django_db


def test_who_may_have_been_on_the_wire_at_a_kill() -> None:
    _, flying, answered, _ = fanning.readers(4)
    edition, batch = _held()
    one, open_, other, _ = rounds.begin(batch, 4, after=0)
    written = Journal(batch.pk, 50)
    for due in (one, open_, other):
        written.begin(due.id)
    written.write(outcome(one))
    rounds.record(batch, [outcome(one)])
    written.clear({open_.id, other.id})
    written.write(outcome(other))
    written.close(remove=False)
    rounds.settle(batch)
    assert _due(edition)[0].recipient == flying
    assert _withdrawn(edition) == {one.recipient, flying, answered}
    assert Attempt.objects.get().delivery_id == open_.id


def test_whoever_was_claimed_by_a_host_that_is_lost_with_its_journal() -> None:
    first, second, _ = fanning.readers(3)
    edition, batch = _held()
    assert len(rounds.begin(batch, 2, after=0)) == 2
    rounds.settle(batch)
    assert len(_due(edition)) == 3
    assert _withdrawn(edition) == {first, second}


def test_whose_connection_ended_after_the_last_octet() -> None:
    first, _ = fanning.readers(2)
    edition, batch = _held()
    lost, away = rounds.begin(batch, 2, after=0)
    unanswered = Unavailable(UNANSWERED, "closed", about="relay")
    closed = Unavailable("closed", about="relay")
    rounds.record(batch, [outcome(lost, unanswered), outcome(away, closed)])
    assert [row.attempts for row in _due(edition)] == [1, 0]
    assert _withdrawn(edition) == {first}


def test_what_was_handed_back_was_not_on_the_wire() -> None:
    fanning.readers(2)
    edition, batch = _held()
    rounds.hand_back(batch, rounds.begin(batch, 2, after=0))
    rounds.settle(batch)
    assert _withdrawn(edition) == set()


def test_who_lost_the_batch_leaves_the_journal_of_its_next_holder() -> None:
    first, _ = fanning.readers(2)
    edition, batch = _held()
    late = Journal(batch.pk, 50)
    rounds.settle(batch)
    (due,) = rounds.begin(batch, 1, after=0)
    written = Journal(batch.pk, 50)
    written.begin(due.id)
    written.write(outcome(due))
    late.close(remove=True)
    written.close(remove=False)
    rounds.settle(batch)
    assert Delivery.objects.get(edition=edition, recipient=first).state == "delivered"


def _held() -> tuple[Edition, Batch]:
    """A release on its way to all readers, and its batch, claimed."""
    edition = fanning.issue()
    return edition, held(edition)


def _due(edition: Edition) -> list[Delivery]:
    return list(Delivery.objects.filter(edition=edition, state="pending").order_by("recipient"))


def _withdrawn(edition: Edition) -> set[int]:
    """Who is told that ``edition`` is withdrawn."""
    notice = fanning.issue(edition, act="release.withdrawn")
    told = Delivery.objects.filter(edition=notice, channel="email")
    return set(told.values_list("recipient", flat=True))
