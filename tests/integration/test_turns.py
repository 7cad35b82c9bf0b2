"""One release of a million does not starve another of ten: who waits has a turn, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from django.utils import timezone
from kombu.entity import Queue

from distributor.audience.models import Letter
from distributor.dispatch import control, leases
from distributor.dispatch.models import Batch, Edition
from distributor.dispatch.turns import TURN, Turn
from distributor.service.celery import celery
from tests import fanning

pytestmark = pytest.mark.django_db


def release(*, topic: str) -> Edition:
    """An edition to those who follow ``topic``, fanned out."""
    (known,) = fanning.RELEASE.topics
    return fanning.issue(topics=(replace(known, slug=topic, name=topic),))


def rung() -> list[Edition]:
    """The editions for whose mail was rung, in the order in which a worker hears of them."""
    heard = []
    with celery.connection_for_read() as connection, connection.channel() as channel:
        queue: Queue = celery.amqp.queues["email"](channel)
        while message := queue.get(no_ack=True):
            batch, *_ = message.payload[0]
            heard.append(Batch.objects.get(pk=batch).edition)
    return heard


def test_the_first_batches_of_a_release_overtake_the_later_ones_of_another(
    redis_server: str,
) -> None:
    fanning.readers(3500, "trafik")
    fanning.readers(1500, "skola")
    many, few = release(topic="trafik"), release(topic="skola")
    assert rung() == [many, few, many, few, many, many]


def another_waits(edition: Edition) -> None:
    """It does."""


def it_is_begun(edition: Edition) -> None:
    leases.claim(edition.batches.get())


def it_is_paused(edition: Edition) -> None:
    control.pause(edition.release_id)


def it_follows_a_paused_one(edition: Edition) -> None:
    Edition.objects.filter(pk=edition.pk).update(pause_holds_since=timezone.now())


def it_corrects_a_paused_one(edition: Edition) -> None:
    it_follows_a_paused_one(edition)
    it_is_urgent(edition)


def it_is_cancelled(edition: Edition) -> None:
    Edition.objects.filter(pk=edition.pk).update(cancelled_at=timezone.now())


def it_is_urgent(edition: Edition) -> None:
    edition.batches.update(urgent=True)


def a_letter_waits(edition: Edition) -> None:
    edition.batches.update(due_at=None)
    Letter.objects.create(address="kim@readers.example", language="sv", kind="confirmation")


def a_fan_out_waits(edition: Edition) -> None:
    edition.batches.update(due_at=None)
    Edition.objects.filter(pk=edition.pk).update(fanned_out_at=None)


@pytest.mark.parametrize(
    ("another", "ends", "ends_what_is_urgent"),
    [
        (another_waits, True, False),
        (it_is_begun, False, False),
        (it_is_paused, False, False),
        (it_follows_a_paused_one, False, False),
        (it_corrects_a_paused_one, True, True),
        (it_is_cancelled, False, False),
        (it_is_urgent, True, True),
        (a_letter_waits, True, True),
        (a_fan_out_waits, True, True),
    ],
)
def test_a_turn_ends_where_others_could_begin(
    another: Callable[[Edition], None], ends: bool, ends_what_is_urgent: bool
) -> None:
    fanning.readers(1, "trafik")
    fanning.readers(1, "skola")
    mine, other = release(topic="trafik").batches.get(), release(topic="skola")
    another(other)
    assert said(mine) == ends
    mine.urgent = True
    assert said(mine) == ends_what_is_urgent


def test_a_correction_ends_the_turn_of_those_who_are_told_of_it_as_news() -> None:
    fanning.readers(1001, "trafik")
    first, second = release(topic="trafik").batches.order_by("pk")
    assert not said(first)
    Batch.objects.filter(pk=second.pk).update(urgent=True)
    assert said(first)


@pytest.mark.parametrize("stop", [control.pause, control.cancel])
def test_feeds_end_the_turn_of_feeds_whatever_was_done_to_their_sending(
    stop: Callable[[UUID], object],
) -> None:
    mine = fanning.issue(channels=("feed",)).batches.get()
    other = fanning.issue(channels=("email", "feed"))
    stop(other.release_id)
    assert said(mine)


def said(batch: Batch) -> bool:
    """Whether the turn of ``batch`` is over once it may be."""
    turn = Turn(batch)
    assert not turn.over(), "it has hardly begun"
    time.sleep(TURN)
    return turn.over()
