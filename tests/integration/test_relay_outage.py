"""A relay that refuses us, or is away: asked again with care, and never silently."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from redis import Redis
from structlog.testing import capture_logs

from distributor.adapters.smtp import Postman, Relay
from distributor.dispatch import delivering, relay_outage
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.dispatch.relay_outage import RelayWatch
from distributor.service import vitals
from distributor.service.cli import distributor
from tests.fanning import issue, readers
from tests.integration.smtp_senders import outcome, outcomes, parcels, postman
from tests.listeners.smtp import Answer, Listener, Session, refusing
from tests.newsroom import told
from tests.running import free_port

WRONG = b"535 5.7.8 wrong password"


def no_login(session: Session, heard: bytes) -> list[bytes] | None:
    """What a server whose own directory is away says to everybody."""
    return [WRONG] if heard[:4] in (b"EHLO", b"HELO") else None


REFUSALS = {
    "at the log-in": no_login,
    "at the mail": refusing(1, b"530 5.7.0 log in first", at=b"MAIL"),
}


class Clock:
    """Monotonic seconds that only a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Moody:
    """Answers as it is told, and as a good server once it is told so."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.well = answer, False

    def __call__(self, session: Session, heard: bytes) -> Sequence[bytes] | None:
        return None if self.well else self.answer(session, heard)


@pytest.mark.parametrize("where", REFUSALS)
def test_a_relay_that_refuses_us_is_asked_by_one_connection_every_five_minutes(where: str) -> None:
    clock, mood = Clock(), Moody(REFUSALS[where])
    with Listener(answer=mood) as listener, postman(listener, connections=3, clock=clock) as one:
        results = list(one.send(parcels(100)))
        assert {outcome(result) for result in results} == {"Unavailable relay authentication"}
        begun = len(listener.sessions)
        clock.now += 299
        assert list(one.send(parcels(100))) == []
        assert len(listener.sessions) == begun
        for more in (1, 2):
            clock.now += 300 if more > 1 else 1
            refused = list(one.send(parcels(100)))
            assert {outcome(result) for result in refused} == {"Unavailable relay authentication"}
            assert len(listener.sessions) == begun + more
        mood.well = True
        clock.now += 299
        assert list(one.send(parcels(100))) == []
        clock.now += 1
        assert set(outcomes(list(one.send(parcels(100)))).values()) == {"ok"}
    assert begun + 2 < len(listener.sessions) <= begun + 2 + 3


@pytest.mark.parametrize("where", REFUSALS)
def test_the_next_relay_takes_over_from_one_that_refuses_us(where: str) -> None:
    clock, mood = Clock(), Moody(REFUSALS[where])
    with (
        Listener(answer=mood) as first,
        Listener() as second,
        postman(first, second, connections=2, clock=clock) as one,
    ):
        for _ in range(3):
            results = outcomes(list(one.send(parcels(120))))
            assert list(results.values()).count("ok") >= 118
            clock.now += 301
        mood.well = True
        assert set(outcomes(list(one.send(parcels(120)))).values()) == {"ok"}
        assert first.mails


def test_what_a_connection_from_before_the_stop_takes_does_not_end_it() -> None:
    """Of two servers behind a name one refuses us: it is not asked again after each mail."""

    def second(session: Session, heard: bytes) -> list[bytes] | None:
        return no_login(session, heard) if session.number >= 1 else None

    clock = Clock()
    with (
        Listener(answer=second, delay=0.002) as listener,
        postman(listener, connections=4, clock=clock) as one,
    ):
        list(one.send(parcels(50)))
        begun = len(listener.sessions)
        list(one.send(parcels(50)))
        assert len(listener.sessions) == begun


@pytest.fixture
def clock() -> Clock:
    return Clock()


def worker(port: int, clock: Clock) -> Postman:
    relay = Relay(host="127.0.0.1", port=port, security="none")
    return Postman([relay], connections=2, clock=clock, watch=RelayWatch())


def deliver(edition: Edition) -> None:
    Delivery.objects.filter(edition=edition).update(due_at=timezone.now())
    Batch.objects.filter(edition=edition).update(due_at=timezone.now())
    for batch in Batch.objects.filter(edition=edition):
        delivering.deliver(batch.pk)


def states(edition: Edition) -> set[tuple[str, int]]:
    return set(Delivery.objects.filter(edition=edition).values_list("state", "attempts"))


@pytest.mark.django_db
def test_a_relay_that_refuses_us_is_said_at_once_and_the_line_goes_when_it_is_well(
    sending: list[Postman],
    clock: Clock,
    client: Client,
    redis_server: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    mood = Moody(no_login)
    readers(20)
    with Listener(answer=mood) as listener, capture_logs() as log:
        sending.append(worker(listener.port, clock))
        edition = issue()
        deliver(edition)
        assert states(edition) == {("pending", 0)}
        (said,) = [entry for entry in log if entry["log_level"] == "error"]
        assert said["event"] == "relay.refuses_us"
        assert said["relay"] == f"127.0.0.1:{listener.port}"
        assert said["reply"] == WRONG.decode()
        assert "email.password" in said["remedy"]
        assert said["again_in_seconds"] == 300
        line = client.get("/readyz").json()["mail"]
        assert line.startswith(f"mail waits: 127.0.0.1:{listener.port} refuses us since ")
        assert WRONG.decode() in line
        assert "email.password" in line
        assert "asked again at" in line
        distributor.main(["status"], standalone_mode=False)
        assert f"mail      {line}" in capsys.readouterr().out
        distributor.main(["status", "--json"], standalone_mode=False)
        assert json.loads(capsys.readouterr().out)["services"]["mail"] == line

        mood.well = True
        clock.now += 301
        with Redis.from_url(redis_server) as connected:
            connected.delete(f"{relay_outage.ASKED}127.0.0.1:{listener.port}")
        deliver(edition)
        assert states(edition) == {("delivered", 1)}
        assert client.get("/readyz").json()["mail"] == "ok"
        assert [entry["event"] for entry in log].count("relay.back") == 1


@pytest.mark.django_db
def test_of_several_workers_one_asks(sending: list[Postman], clock: Clock) -> None:
    mood = Moody(no_login)
    readers(20)
    with Listener(answer=mood) as listener:
        edition = issue()
        for _ in range(2):
            sending.append(worker(listener.port, clock))
            deliver(edition)
        begun = len(listener.sessions)
        clock.now += 301
        deliver(edition)
        sending.reverse()
        deliver(edition)
        assert len(listener.sessions) == begun, "another was refused within these minutes"
        assert states(edition) == {("pending", 0)}


@pytest.mark.django_db
def test_a_relay_that_is_away_is_said_until_it_is_back(
    sending: list[Postman], clock: Clock, client: Client, admin_client: Client
) -> None:
    readers(20)
    port = free_port()
    sending.append(worker(port, clock))
    edition = issue()
    deliver(edition)
    now = relay_outage.clock(timezone.now(), "en")
    before = relay_outage.clock(timezone.now() - timedelta(minutes=1), "en")
    line = client.get("/readyz").json()["mail"]
    start = f"mail waits: no connection to 127.0.0.1:{port} since "
    assert line in (start + now, start + before)
    assert "mail" not in vitals.NEEDED
    with translation.override("sv"):
        assert f"ingen förbindelse med 127.0.0.1:{port} sedan" in told(admin_client.get("/admin/"))
    with Listener(port=port):
        clock.now += 61
        deliver(edition)
        assert states(edition) == {("delivered", 1)}
    assert client.get("/readyz").json()["mail"] == "ok"


@pytest.mark.django_db
def test_a_worker_that_is_started_anew_takes_the_line_of_another_back(
    sending: list[Postman], clock: Clock, client: Client
) -> None:
    mood = Moody(no_login)
    readers(20)
    with Listener(answer=mood) as listener:
        sending.append(worker(listener.port, clock))
        edition = issue()
        deliver(edition)
        assert client.get("/readyz").json()["mail"] != "ok"
        mood.well = True
        sending.append(worker(listener.port, clock))
        deliver(edition)
        assert states(edition) == {("delivered", 1)}
        assert client.get("/readyz").json()["mail"] == "ok"
