"""Several relays, relays that are down, and relays that admit only few connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from distributor.adapters.smtp import Limits, Parcel, Postman, Relay
from tests.integration.smtp_senders import PATIENT, outcome, outcomes, parcels, postman
from tests.listeners.smtp import CLOSE, Listener, Session


@contextmanager
def nobody() -> Iterator[int]:
    """A port at which connections are refused."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """A port at which connections neither come about nor fail."""
    with socket.socket() as server, socket.socket() as filling:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        filling.connect(server.getsockname())
        yield server.getsockname()[1]


class Counted:
    """Parcels that tell how many were taken."""

    def __init__(self, count: int) -> None:
        self.taken = 0
        self._all = parcels(count)

    def __iter__(self) -> Iterator[Parcel]:
        for one in self._all:
            self.taken += 1
            yield one


def test_with_the_first_relay_down_the_second_delivers_all() -> None:
    with nobody() as port, Listener() as second, postman(port, second, connections=4) as one:
        assert set(outcomes(list(one.send(parcels(200)))).values()) == {"ok"}
    assert len(second.mails) == 200


def test_with_the_first_relay_in_a_black_hole_the_second_delivers_all() -> None:
    with (
        black_hole() as port,
        Listener() as second,
        postman(port, second, connections=2, timeouts=replace(PATIENT, connect=0.5)) as one,
    ):
        assert set(outcomes(list(one.send(parcels(50)))).values()) == {"ok"}


def test_with_all_down_few_are_taken_and_none_is_lost() -> None:
    now = [1000.0]
    with (
        nobody() as first,
        nobody() as second,
        postman(first, second, connections=4, clock=lambda: now[0]) as one,
    ):
        some = Counted(500)
        results = list(one.send(some))
        assert {outcome(result) for result in results} == {"Unavailable relay no-connection"}
        assert some.taken == len(results) <= 4
        again = Counted(500)
        assert list(one.send(again)) == []
        assert again.taken == 0


def test_nothing_is_taken_for_a_relay_that_has_not_greeted() -> None:
    taken: list[int] = []
    some = Counted(20)

    def answer(session: Session, heard: bytes) -> None:
        if not heard and not session.number:
            taken.append(some.taken)
            time.sleep(0.3)
            taken.append(some.taken)

    with Listener(answer=answer) as listener, postman(listener, connections=4) as one:
        assert set(outcomes(list(one.send(some))).values()) == {"ok"}
    assert taken == [0, 0]


def test_what_was_taken_is_given_back_where_no_connection_is_ready_any_more() -> None:
    greets = threading.Event()

    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        if not heard and session.number:
            greets.wait()
        return (
            [b"421 4.3.2 closing", CLOSE] if heard[:4] == b"MAIL" and session.taken == 5 else None
        )

    with Listener(answer=answer) as listener, postman(listener, connections=2) as one:
        some = Counted(50)
        began = time.monotonic()
        found = outcomes(list(one.send(some)))
        assert time.monotonic() - began < 30, "the greeting is not waited for"
        assert list(found.values()).count("ok") == 5
        assert set(found.values()) == {"ok", "Unavailable relay connecting"}
        assert len(found) == some.taken <= 5 + 2 * 2
        greets.set()
        assert set(outcomes(list(one.send(parcels(5)))).values()) == {"ok"}


def test_the_breaker_opens_and_tries_one_message_a_minute_later() -> None:
    now = [1000.0]
    with Listener(answer=lambda session, heard: down and [CLOSE] or None) as listener:
        down = True
        with postman(listener, connections=3, clock=lambda: now[0]) as one:
            for _ in range(5):
                assert len(list(one.send(parcels(50)))) == 1
                now[0] += 11
            assert len(listener.sessions) == 5
            down = False
            assert list(one.send(parcels(50))) == []
            now[0] += 60
            down = True
            assert len(list(one.send(parcels(50)))) == 1
            assert len(listener.sessions) == 6
            down = False
            now[0] += 30
            assert list(one.send(parcels(50))) == []
            now[0] += 31
            assert set(outcomes(list(one.send(parcels(50)))).values()) == {"ok"}
            assert len(listener.sessions) <= 9


def test_the_first_relay_is_used_again_when_it_is_back() -> None:
    now = [1000.0]
    with (
        nobody() as port,
        Listener() as second,
        postman(
            port, second, connections=1, limits=Limits(messages=5), clock=lambda: now[0]
        ) as one,
    ):
        assert len(list(one.send(parcels(5)))) == 5
        with Listener(port=port) as first:
            now[0] += 11
            assert set(outcomes(list(one.send(parcels(10)))).values()) == {"ok"}
            assert len(first.mails) == 10
        assert len(second.mails) == 5


@pytest.mark.parametrize("greeting", [[b"421 4.7.0 too many connections", CLOSE], [CLOSE]])
def test_a_relay_that_admits_two_connections_takes_everything(greeting: list[bytes]) -> None:
    def two(session: Session, heard: bytes) -> list[bytes] | None:
        open_ = sum(not other.ended for other in listener.sessions)
        return greeting if heard == b"" and open_ > 2 else None

    with Listener(answer=two, delay=0.001) as listener, Listener() as spare:
        with postman(listener, spare, connections=4) as one:
            assert set(outcomes(list(one.send(parcels(200)))).values()) == {"ok"}
        assert len(listener.mails) == 200
        assert len(listener.sessions) <= 8
        assert spare.sessions == []


def test_a_relay_that_comes_back_in_the_middle() -> None:
    """It drops everything once; what it had not answered is due, the rest goes on."""
    with Listener(delay=0.002) as listener, postman(listener, connections=3) as one:
        found = []
        for result in one.send(parcels(150)):
            found.append(result)
            if len(found) == 50:
                for session in list(listener.sessions):
                    session.hang_up()
    by_key = outcomes(found)
    due = [key for key, what in by_key.items() if what != "ok"]
    assert len(by_key) == 150
    assert len(due) <= 3
    assert {by_key[key] for key in due} <= {
        "Unavailable relay closed",
        "Unavailable relay unanswered",
    }
    assert max(listener.copies.values()) == 1


def test_a_name_without_an_address_is_a_relay_that_is_down() -> None:
    relay = Relay(host="no-such-host.invalid", port=25, security="none")
    one = Postman([relay])
    results = list(one.send(parcels(50)))
    one.close()
    assert {outcome(result) for result in results} == {"Unavailable relay no-connection"}
    assert len(results) == 1
    assert "no-such-host.invalid" in results[0].reply
