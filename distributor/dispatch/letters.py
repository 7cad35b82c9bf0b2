"""Letters on their way: composed, handed to the relay, tried again by the plan of urgent mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime

import structlog
from django.utils import timezone

from distributor import sealing
from distributor.adapters.smtp import Parcel, Result
from distributor.audience.keys import keys
from distributor.audience.models import Letter
from distributor.channels import email
from distributor.dispatch import bell, by_email, compositions, late, leases, letter_words, stopping
from distributor.dispatch.retry import PLANS, next_attempt
from distributor.dispatch.rounds import kept
from distributor.errors import DeliveryError

_log = structlog.get_logger()


def ring(letter: Letter) -> bool:
    """Have ``letter`` sent, at once if the bell is heard, else by the sweep."""
    now = timezone.now()
    if not Letter.objects.filter(pk=letter.pk, rung_at=None).update(rung_at=now):
        return True
    if bell.ring("send_letter", letter.pk, "urgent"):
        return True
    Letter.objects.filter(pk=letter.pk).update(rung_at=None)
    return False


def ring_due(patience: datetime) -> int:
    """Ring for letters that are due, again for those rung for before ``patience``; how many."""
    due = Letter.objects.filter(due_at__lte=timezone.now())
    due.filter(rung_at__lte=patience).update(rung_at=None)
    waiting = list(due.filter(rung_at=None).order_by("due_at")[: bell.WINDOW])
    for letter in waiting:
        ring(letter)
    return len(waiting)


def send(ident: int) -> None:
    """Send a letter that is due, unless somebody is at it already, and record what came of it."""
    letter = Letter.objects.filter(pk=ident, due_at__lte=timezone.now()).first()
    if letter is None or not leases.claim(letter):
        return
    with leases.held(letter):
        for error, reply in _sent(letter):
            _record(letter, error, reply)
        Letter.objects.filter(pk=ident).update(rung_at=None)


def _sent(letter: Letter) -> Iterator[tuple[DeliveryError | None, str]]:
    """What came of it; nothing where it was not begun."""
    postman = by_email.postman()
    if postman is None:
        yield by_email.no_relay(), ""
        return
    try:
        parcel = _parcel(letter)
    except DeliveryError as refused:
        yield refused, refused.reply
        return
    results: list[Result] = []

    def left(_: int, seconds: float) -> Callable[[Result], None]:
        until = timezone.now() + timedelta(seconds=seconds) + by_email.MARGIN
        Letter.objects.filter(pk=letter.pk).update(due_at=until)
        return lambda result: late.record(
            lambda: _record(letter, result.error, result.reply), letter=letter.pk
        )

    for _ in postman.send([parcel], journal=results.append, stop=stopping.requested, leave=left):
        pass
    yield from ((error, reply) for _, error, reply in results)


def _parcel(letter: Letter) -> Parcel:
    words = letter_words.words(letter)
    composition = email.compose_letter(words, compositions.sender())
    person = sealing.person(keys(), words.key, letter.pk)
    date = format_datetime(timezone.now())
    message = email.fill(composition, email.Reader(letter.pk, letter.address, person), date)
    return Parcel(letter.pk, by_email.return_path(), letter.address, message)


def _record(letter: Letter, error: DeliveryError | None, reply: str) -> None:
    row = Letter.objects.filter(pk=letter.pk, state=Letter.State.PENDING)
    if error is None:
        row.update(
            state=Letter.State.SENT, attempts=letter.attempts + 1, due_at=None, reply=kept(reply)
        )
        return
    attempts = letter.attempts + error.is_attempt
    again = next_attempt(
        PLANS["email-urgent"],
        error,
        attempts=attempts,
        first_due=letter.created_at,
        now=timezone.now(),
        seed=letter.pk,
    )
    state = Letter.State.PENDING if again else Letter.State.FAILED
    row.update(state=state, attempts=attempts, due_at=again, reply=kept(reply or error.reason))
    if again is None:
        _log.error("letter.failed", letter=letter.pk, kind=letter.kind, reason=error.reason)
