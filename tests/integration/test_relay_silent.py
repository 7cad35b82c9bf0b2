"""A relay that accepts connections and says nothing any more: told, waited for, told over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from structlog.testing import capture_logs

from distributor.adapters.smtp import Postman, Relay, Result, Timeouts, Trouble
from distributor.adapters.smtp.parcels import Unwatched, Watch
from distributor.audience.models import Letter
from distributor.dispatch import delivering, letters, relay_outage
from distributor.dispatch.models import Attempt, Batch, Delivery, Edition
from distributor.dispatch.relay_outage import RelayWatch
from distributor.newsroom import trouble
from distributor.service.cli import distributor
from tests.fanning import issue, readers
from tests.integration.smtp_senders import outcome, outcomes, parcel, parcels, until
from tests.listeners.smtp import Listener, Session
from tests.newsroom import told

QUICK = replace(Timeouts(), silence=1.0, command=2.0, stop=1.0)


FACTS = {"name": "Tips", "host": "tips.example", "since": "2026-11-01T08:00:00+00:00"}


class Hush:
    """The answer of a server that says nothing more, to anybody, once it has taken ``after``
    messages, until it is told to go on."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.goes_on = threading.Event()
        self.fell = threading.Event()
        self._taken = 0

    def __call__(self, session: Session, heard: bytes) -> None:
        if self._taken >= self.after and not self.goes_on.is_set():
            self.fell.set()
            self.goes_on.wait(15)
        self._taken += heard == b"."


def worker(*listeners: Listener, watch: Watch | None = None) -> Postman:
    relays = [Relay(host="127.0.0.1", port=one.port, security="none") for one in listeners]
    return Postman(relays, connections=2, timeouts=QUICK, watch=watch or RelayWatch())


def deliver(edition: Edition) -> None:
    for batch in Batch.objects.filter(edition=edition):
        delivering.deliver(batch.pk)


def hurry(edition: Edition) -> None:
    """Try now what waits for a minute, say."""
    now = timezone.now()
    Delivery.objects.filter(edition=edition, state="pending").update(due_at=now)
    Batch.objects.filter(edition=edition).update(due_at=now)
    deliver(edition)


def states(edition: Edition) -> set[tuple[str, int]]:
    return set(Delivery.objects.filter(edition=edition).values_list("state", "attempts"))


@pytest.mark.django_db(transaction=True)
def test_it_is_told_while_it_is_silent_and_told_over_when_it_answers(
    sending: list[Postman],
    client: Client,
    admin_client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it has whole is answered for later; nobody waits, and nobody is mailed twice."""
    hush = Hush(5)
    readers(20)
    edition = issue()
    with Listener(answer=hush) as listener, capture_logs() as log:
        name = f"127.0.0.1:{listener.port}"
        sending.append(worker(listener))
        deliver(edition)
        assert hush.fell.is_set()
        assert states(edition) == {("pending", 0), ("delivered", 1), ("sending", 0)}
        whole = Delivery.objects.filter(edition=edition, state="sending")
        assert 1 <= whole.count() <= 2
        assert not Batch.objects.filter(edition=edition).exclude(lease_until=None).exists()
        now = timezone.now()
        assert all(9 < (one.due_at - now).total_seconds() / 60 < 11 for one in whole)

        since = [relay_outage.clock(now - timedelta(minutes=ago), "en") for ago in (0, 1)]
        line = client.get("/readyz").json()["mail"]
        assert line in [
            f"mail waits: {name} has fallen silent: no answer since {at}" for at in since
        ]
        distributor.main(["status"], standalone_mode=False)
        assert f"mail      {line}" in capsys.readouterr().out
        distributor.main(["status", "--json"], standalone_mode=False)
        assert json.loads(capsys.readouterr().out)["services"]["mail"] == line
        with translation.override("sv"):
            words = told(admin_client.get("/admin/"))
            assert f"e-postservern {name} har tystnat: inget svar sedan" in words
        with translation.override("en"):
            assert f"the mail server {name} has fallen silent" in trouble.lines()[0]
        (error,) = [entry for entry in log if entry["log_level"] == "error"]
        assert (error["event"], error["relay"]) == ("relay.silent", name)

        begun = time.monotonic()
        hurry(edition)
        assert time.monotonic() - begun < 1, "it is not asked again so soon"
        hush.goes_on.set()
        until(lambda: client.get("/readyz").json()["mail"] == "ok", 10)
        until(lambda: not whole.all().exists(), 10)
        assert [entry["event"] for entry in log].count("relay.back") == 1
        hurry(edition)
        assert states(edition) == {("delivered", 1)}, log
        assert [entry["event"] for entry in log].count("relay.back") == 1
    assert len(listener.copies) == 20
    assert max(listener.copies.values()) == 1


@pytest.mark.django_db(transaction=True)
def test_the_next_relay_takes_over_from_one_that_falls_silent(
    sending: list[Postman], client: Client
) -> None:
    hush = Hush(5)
    readers(40)
    edition = issue()
    with Listener(answer=hush) as first, Listener() as second:
        sending.append(worker(first, second))
        deliver(edition)
        assert "has fallen silent" in client.get("/readyz").json()["mail"]
        hurry(edition)
        assert states(edition) == {("delivered", 1), ("sending", 0)}
        assert len(second.mails) >= 40 - 5 - 2
        hush.goes_on.set()
        until(lambda: states(edition) == {("delivered", 1)}, 10)
        until(lambda: client.get("/readyz").json()["mail"] == "ok", 10)
        copies = first.copies + second.copies
        assert len(copies) == 40
        assert max(copies.values()) == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_silent_relay_never_answers_for_is_tried_again_as_unanswered(
    sending: list[Postman],
) -> None:
    hush = Hush(0)
    readers(1)
    edition = issue()
    with Listener(answer=Hush(99)) as listener:
        listener.answer = lambda session, heard: hush(session, heard) if heard == b"." else None
        sending.append(worker(listener))
        deliver(edition)
        assert states(edition) == {("sending", 0)}
        for session in listener.sessions:
            session.hang_up()
        until(lambda: states(edition) == {("pending", 1)}, 10)
        (attempt,) = Attempt.objects.filter(delivery__edition=edition)
        assert attempt.reason == "unanswered"
        hush.goes_on.set()


@pytest.mark.django_db(transaction=True)
def test_a_letter_holds_nobody_up_either(sending: list[Postman]) -> None:
    hush = Hush(0)
    letter = Letter.objects.create(
        address="anna@readers.example", language="sv", kind="endpoint-failing", context=FACTS
    )
    with Listener() as listener:
        listener.answer = lambda session, heard: hush(session, heard) if heard == b"." else None
        sending.append(worker(listener))
        letters.send(letter.pk)
        letter.refresh_from_db()
        assert (letter.state, letter.lease_until) == ("pending", None)
        assert letter.due_at is not None
        assert letter.due_at > timezone.now() + timedelta(minutes=9)
        hush.goes_on.set()
        until(lambda: Letter.objects.filter(pk=letter.pk, state="sent").exists(), 10)
    assert len(listener.mails) == 1


@pytest.mark.parametrize(
    "step",
    [
        *(pytest.param(step, marks=pytest.mark.long) for step in (b"", b"EHLO", b"MAIL", b"RCPT")),
        *(b"DATA", b"."),
    ],
)
def test_one_that_takes_longer_than_a_silence_is_waited_for(step: bytes) -> None:
    """At every step the answer is used when it comes, and nothing is handed over twice."""
    late: list[Result] = []

    def slow(session: Session, heard: bytes) -> None:
        if heard.startswith(step) if step else not heard:
            time.sleep(1.6)

    owed = set(range(4))
    with Listener(answer=slow) as listener:
        one = worker(listener, watch=Unwatched())
        for _ in range(60):
            left = set()

            def leave(key: int, seconds: float, left: set[int] = left) -> Callable[[Result], None]:
                left.add(key)
                return late.append

            owed -= {result.key for result in late if result.error is None}
            waiting = [parcel(key) for key in sorted(owed)]
            done = outcomes(list(one.send(waiting, leave=leave)))
            owed -= {key for key, what in done.items() if what == "ok"}
            until(lambda left=left: left <= {result.key for result in late})
            owed -= {result.key for result in late if result.error is None}
            if not owed:
                break
            time.sleep(0.1)
        one.close()
    assert owed == set()
    assert len(listener.copies) == 4
    assert max(listener.copies.values()) == 1


def test_at_a_stop_what_was_left_is_awaited_no_longer_than_what_is_on_the_wire() -> None:
    hush, late = Hush(0), []
    stop = threading.Event()
    with Listener() as listener:
        listener.answer = lambda session, heard: hush(session, heard) if heard == b"." else None
        one = worker(listener, watch=Unwatched())
        parcels_ = list(one.send(parcels(1), leave=lambda *_: late.append, stop=stop.is_set))
        assert parcels_ == []
        stop.set()
        begun = time.monotonic()
        one.last_words()
        assert time.monotonic() - begun < QUICK.stop + 1
        assert [outcome(result) for result in late] == ["Unavailable relay unanswered"]
        hush.goes_on.set()
        one.close()


def test_one_that_is_slow_on_one_connection_and_answers_on_another_is_not_silent() -> None:
    heard: list[Trouble | None] = []

    class Listening(Unwatched):
        def heard(self, relay: Relay, trouble: Trouble | None) -> None:
            heard.append(trouble)

    def answer(session: Session, heard: bytes) -> None:
        if heard == b".":
            time.sleep(2.5 if session.number and not session.taken else 0.3)

    with Listener(answer=answer) as listener:
        one = worker(listener, watch=Listening())
        assert set(outcomes(list(one.send(parcels(14)))).values()) == {"ok"}
        one.close()
    assert not any(heard)
