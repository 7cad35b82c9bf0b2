"""Lanes, stops, pauses and a new sender's days, with a real mail server and a clock handed in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from distributor.adapters.smtp import Parcel, Result
from distributor.dispatch import pace_groups
from distributor.dispatch.models import MailDomain, MailGroup
from distributor.dispatch.pace import Pace, Unpaced
from distributor.dispatch.retry import PLANS, next_attempt
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Unavailable
from tests.integration.smtp_senders import postman
from tests.listeners.smtp import CLOSE, Listener, Session

pytestmark = pytest.mark.django_db

CONNECTIONS = 4


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 10, 14, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: int) -> None:
        self.now += timedelta(**time)


class Receivers:
    """Answers for the provider of some domains, and sees how many sessions each has at once."""

    def __init__(self) -> None:
        self.says: dict[str, bytes] = {}
        self.begun: list[tuple[str, int]] = []
        """Of each mail its domain, and how many sessions that had under way with it."""
        self._at_once: dict[str, set[int]] = {}
        self._domain: dict[int, str] = {}
        self._lock = threading.Lock()

    def __call__(self, session: Session, heard: bytes) -> Sequence[bytes] | None:
        if heard[:4] == b"RCPT":
            domain = heard.partition(b"@")[2].rstrip(b">").decode()
            if domain in self.says:
                reply = self.says[domain]
                return [reply, CLOSE] if reply.startswith(b"421") else [reply]
            self._domain[session.number] = domain
        elif heard == b"DATA" and session.number in self._domain:
            domain = self._domain[session.number]
            with self._lock:
                at_once = self._at_once.setdefault(domain, set())
                at_once.add(session.number)
                self.begun.append((domain, len(at_once)))
        elif heard == b".":
            time.sleep(0.001)
            with self._lock:
                self._at_once[self._domain[session.number]].discard(session.number)
        return None

    @property
    def most(self) -> dict[str, int]:
        return dict(sorted(self.begun, key=lambda mail: mail[1]))


def send(
    pace: Pace | Unpaced, port: Listener, *addresses: str, size: int = 100
) -> tuple[dict[str, str], dict[str, DeliveryError]]:
    """One pass over all of them: what came of each that was tried, and why others were not."""
    readers = [Due(n, n, 0, None) for n in range(len(addresses))]
    known: dict[str, str] = {}
    waiting: dict[str, DeliveryError] = {}

    def parcels() -> Generator[Parcel | None, int | None, None]:
        behind = None
        for start in range(0, len(readers), size):
            pace.add(readers[start : start + size], dict(enumerate(addresses)))
            while pace.waiting:
                due = pace.take(behind)
                behind = yield None if due is None else parcel(due.id, addresses[due.id])
            waiting.update((addresses[due.id], error) for due, error in pace.left())

    def written(result: Result) -> None:
        error = pace.done(result.key, result.error)
        known[addresses[result.key]] = "ok" if error is None else error.reason
        if error is not None and error.about == "group":
            waiting[addresses[result.key]] = error

    pace.begin()
    with postman(port, connections=CONNECTIONS) as sender:
        for _ in sender.send(parcels(), journal=written):
            pass
    return known, waiting


def parcel(key: int, recipient: str) -> Parcel:
    return Parcel(key=key, sender="b@x.example", recipient=recipient, message=b"Subject: x\r\n\r\n")


def people(domain: str, count: int) -> list[str]:
    return [f"r{number}@{domain}" for number in range(count)]


def one_provider(clock: Clock, *domains: str) -> None:
    MailDomain.objects.bulk_create(
        MailDomain(domain=domain, mail_group="google", found_at=clock()) for domain in domains
    )


def test_a_rate_reply_stops_that_group_for_ten_minutes_and_leaves_the_others_running() -> None:
    clock, receivers = Clock(), Receivers()
    one_provider(clock, "one.example", "two.example")
    slow = [*people("one.example", 15), *people("two.example", 15)]
    fine = people("fine.example", 30)
    mixed = [address for pair in zip(slow, fine, strict=True) for address in pair]
    receivers.says["one.example"] = b"421 4.7.28 our system has detected an unusual rate"
    with Listener(answer=receivers) as listener:
        known, waiting = send(Pace(connections=CONNECTIONS, now=clock), listener, *mixed)
        assert {known[address] for address in fine} == {"ok"}
        tried = [address for address in slow if known.get(address) == "rate"]
        # Two lanes, and in each at most one message laid behind another.
        assert 1 <= len(tried) <= 4
        went = [address for address in slow if known.get(address) == "ok"]
        assert len(went) <= 4
        assert sorted(waiting) == sorted(set(slow) - set(went))
        assert {error.wait for error in waiting.values()} == {600.0}

        clock.forward(minutes=4)
        restarted = Pace(connections=CONNECTIONS, now=clock)
        known, waiting = send(restarted, listener, *slow, *fine)
        assert set(known) == set(fine)
        assert {error.wait for error in waiting.values()} == {360.0}

        receivers.says.clear()
        receivers.begun.clear()
        clock.forward(minutes=6)
        known, waiting = send(restarted, listener, *people("one.example", 20), *fine)
        assert set(known.values()) == {"ok"}
        assert len(known) == 50
        assert not waiting
        assert receivers.most["one.example"] == 1
        assert receivers.most["fine.example"] >= 2


def test_what_waits_for_a_group_has_used_no_attempt_and_is_never_given_up() -> None:
    error = Unavailable("resting", about="group", wait=600)
    assert not error.is_attempt
    now = datetime(2026, 10, 14, tzinfo=UTC)
    first = now - timedelta(days=30)
    again = next_attempt(PLANS["email"], error, attempts=0, first_due=first, now=now, seed=1)
    assert again == now + timedelta(seconds=600)


def test_a_stop_is_doubled_within_the_hour_to_two_hours_at_most_and_lanes_come_back() -> None:
    clock, lengths = Clock(), []
    until = clock()
    for _ in range(6):
        until = pace_groups.stop("google", "421 4.7.28", clock())
        # What was under way comes back too, and says nothing new.
        assert pace_groups.stop("google", "421 4.7.28", clock() + timedelta(seconds=5)) == until
        lengths.append((until - clock()) // timedelta(minutes=1))
        clock.now = until + timedelta(minutes=30)
    assert lengths == [10, 20, 40, 80, 120, 120]
    assert _lanes(clock, "google", connections=100) == 2  # the edition's own
    row = pace_groups.troubled(clock())["google"]
    assert [
        pace_groups.regained(row, until + timedelta(minutes=minutes))
        for minutes in (0, 9, 10, 19, 20, 60)
    ] == [1, 1, 2, 2, 3, 7]
    clock.forward(hours=2)
    until = pace_groups.stop("google", "421 4.7.28", clock())
    assert until == clock() + timedelta(minutes=10)


def test_a_deferral_while_a_group_recovers_makes_it_wait_for_its_next_lane_again() -> None:
    clock = Clock()
    clock.now = pace_groups.stop("a.example", "421 4.7.28", clock())
    clock.forward(minutes=15)
    pace = Pace(connections=8, now=clock)
    _taken(pace, "a.example")
    pace.done(0, Unavailable("policy", "450 4.7.1 greylisted", about="ours"))
    row = MailGroup.objects.get()
    assert (row.lanes, row.clean_since) == (2, clock())


def test_lanes_grow_by_one_a_minute_without_a_deferral() -> None:
    clock = Clock()
    pace = Pace(connections=8, now=clock)
    assert _taken(pace, "a.example") == 2
    clock.forward(minutes=1)
    assert _taken(pace, "a.example") == 3
    clock.forward(seconds=45)
    _taken(pace, "a.example")
    pace.done(0, Unavailable("temporary", "451 4.3.0 later"))
    clock.forward(seconds=45)
    assert _taken(pace, "a.example") == 3
    assert _taken(pace, "b.example") == 4
    clock.forward(seconds=15)
    assert _taken(pace, "a.example") == 4
    clock.forward(minutes=11)
    assert _taken(pace, "a.example") == 2, "an edition that was at rest begins anew"


def test_several_workers_share_the_lanes_and_one_lane_is_for_one_of_them() -> None:
    clock = Clock()
    clock.now = pace_groups.stop("slow.example", "421 4.7.28", clock())
    shares = []
    for place in range(3):
        pace = Pace(connections=8, now=clock, workers=_worker(place, of=3))
        shares.append(_taken(pace, "slow.example"))
        waits = {error.wait for _, error in pace.left()}
        assert waits == (set() if shares[-1] else {5.0})
        assert _taken(pace, "fine.example") == 1
    assert sorted(shares) == [0, 0, 1]


def test_one_domain_has_two_connections_at_first_and_each_costs_one_round_trip_a_message() -> None:
    receivers = Receivers()
    with Listener(answer=receivers, delay=0.001) as listener:
        known, _ = send(Pace(connections=CONNECTIONS), listener, *people("a.example", 60), size=30)
        assert list(known.values()) == ["ok"] * 60
        assert receivers.most == {"a.example": 2}
        assert len(listener.sessions) == 2
        # The greeting, EHLO and the first envelope; a round's end may cost a turn or two.
        assert sum(session.turns for session in listener.sessions) <= 60 + 2 * 3 + 6


def test_no_group_has_over_half_of_the_connections_while_another_has_mail_due() -> None:
    clock, receivers = Clock(), Receivers()
    pace = Pace(connections=CONNECTIONS, now=clock)
    _taken(pace, "a.example")
    clock.forward(minutes=9)
    addresses = [*people("a.example", 40), *people("b.example", 40)]
    with Listener(answer=receivers, delay=0.001) as listener:
        known, _ = send(pace, listener, *addresses)
    assert len(known) == 80
    due, meanwhile = {"a.example": 40, "b.example": 40}, []
    for domain, at_once in receivers.begun:
        # The last few of a group may be laid ready already, and nobody of it waits.
        if min(due.values()) > CONNECTIONS:
            meanwhile.append((domain, at_once))
        due[domain] -= 1
    assert {domain for domain, _ in meanwhile} == {"a.example", "b.example"}
    assert max(at_once for _, at_once in meanwhile) <= CONNECTIONS // 2


def test_a_group_that_does_not_trust_us_is_paused_until_a_person_resumes() -> None:
    clock, receivers = Clock(), Receivers()
    receivers.says["a.example"] = b"550 5.7.26 unauthenticated mail is not accepted"
    addresses = [*people("a.example", 12), *people("b.example", 12)]
    with Listener(answer=receivers) as listener:
        pace = Pace(connections=CONNECTIONS, now=clock)
        known, waiting = send(pace, listener, *addresses)
        assert list(known.values()).count("unauthenticated") <= 4
        assert list(known.values()).count("ok") == 12
        assert {error.about for error in waiting.values()} == {"group"}
        assert len(known) + len(waiting) == 24
        row = MailGroup.objects.get()
        assert (row.name, row.reason) == ("a.example", "unauthenticated")
        assert row.reply.startswith("550 5.7.26")
        receivers.says.clear()
        clock.forward(hours=30)
        assert len(send(pace, listener, *addresses)[0]) == 12
        assert pace_groups.resume() == 1
        clock.forward(seconds=2)
        assert len(send(pace, listener, *addresses)[0]) == 24


def test_other_refusals_of_us_pause_a_group_after_five_in_a_row() -> None:
    receivers = Receivers()
    receivers.says["a.example"] = b"550 5.7.1 rejected by policy"
    with Listener(answer=receivers) as listener:
        pace = Pace(connections=CONNECTIONS)
        assert len(send(pace, listener, *people("a.example", 4))[0]) == 4
        assert not MailGroup.objects.exists()
        receivers.says.clear()
        send(pace, listener, *people("a.example", 1))
        receivers.says["a.example"] = b"550 5.7.1 rejected by policy"
        send(pace, listener, *people("a.example", 4))
        assert not MailGroup.objects.exists()
        known, waiting = send(pace, listener, *people("a.example", 20))
        assert len(known) <= 4
        assert len(known) + len(waiting) == 20


def test_no_such_address_and_the_relays_own_trouble_are_nothing_of_the_groups() -> None:
    receivers = Receivers()
    receivers.says["a.example"] = b"550 5.1.1 no such user"
    with Listener(answer=receivers) as listener:
        known, _ = send(Pace(connections=CONNECTIONS), listener, *people("a.example", 20))
    assert list(known.values()) == ["no-such-address"] * 20
    assert not MailGroup.objects.exists()


def test_a_new_sender_sends_a_group_so_many_a_day_and_twice_as_many_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace_groups, "FIRST_CAP", 5)
    clock = Clock()
    addresses = [*people("a.example", 30), *people("b.example", 3)]
    with Listener() as listener:
        pace = Pace(connections=CONNECTIONS, warm_up=True, now=clock)
        known, waiting = send(pace, listener, *addresses, size=10)
        assert len(known) == 5 + 3
        assert set(known) >= {*people("a.example", 5), *people("b.example", 3)}
        assert {error.wait for error in waiting.values()} == {18 * 3600.0}
        restarted = Pace(connections=CONNECTIONS, warm_up=True, now=clock)
        assert len(send(restarted, listener, *addresses[:30])[0]) == 0
        clock.forward(days=1)
        assert len(send(pace, listener, *addresses[:30])[0]) == 10
        pace_groups.stop("a.example", "421 4.7.28", clock())
        clock.forward(days=1)
        assert len(send(pace, listener, *addresses[:30])[0]) == 10
        clock.forward(days=1)
        assert len(send(pace, listener, *addresses[:30])[0]) == 20


def test_what_a_new_sender_reserved_and_did_not_use_is_given_back() -> None:
    clock = Clock()
    pace = Pace(connections=CONNECTIONS, warm_up=True, now=clock)
    assert _taken(pace, "a.example") == 2
    assert MailGroup.objects.get().used == 10
    assert len(pace.drop()) == 8
    assert MailGroup.objects.get().used == 2
    assert pace_groups.reserve("a.example", 600, clock()) == 498


def test_without_limits_everybody_goes_in_order() -> None:
    with Listener() as listener:
        known, waiting = send(Unpaced(), listener, *people("a.example", 30))
    assert sorted(known) == sorted(people("a.example", 30))
    assert not waiting


def _taken(pace: Pace, domain: str) -> int:
    """How many of ten readers of a domain have a turn at once."""
    pace.begin()
    pace.add([Due(n, n, 0, None) for n in range(10)], dict(enumerate(people(domain, 10))))
    return sum(pace.take() is not None for _ in range(10))


def _worker(place: int, *, of: int) -> Callable[[], tuple[int, int]]:
    return lambda: (of, place)


def _lanes(clock: Clock, domain: str, connections: int) -> int:
    return _taken(Pace(connections=connections, now=clock), domain)
