"""Stops and kills: nobody missed, nobody doubled but what was on the wire."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.adapters.smtp import Parcel, Result
from tests.integration.smtp_senders import (
    PATIENT,
    Ahead,
    outcome,
    outcomes,
    parcels,
    postman,
    until,
)
from tests.listeners.smtp import EXTENSIONS, Listener, Session

BOTH = pytest.mark.parametrize("extensions", [EXTENSIONS, ()], ids=["pipelining", "stepwise"])
COUNT, CONNECTIONS = 1000, 4
SENDER = """
import os, sys
from distributor.adapters.smtp import Postman, Relay
from tests.integration.smtp_senders import parcel

port, connections, path, keys = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.stdin.read()
journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
postman = Postman(
    [Relay(host="127.0.0.1", port=port, security="none")], connections=connections
)
due = [parcel(int(key)) for key in keys.split()]
for result in postman.send(
    due, journal=lambda result: os.write(journal, b"%d\\n" % result.key)
):
    pass
postman.close()
"""


@BOTH
def test_a_stop_at_forty_per_cent(extensions: Sequence[str]) -> None:
    """Nobody is missed or doubled, no message begins, the answer comes at once."""
    known: list[Result] = []
    listener = Listener(delay=0.001, extensions=extensions)
    with listener, postman(listener, connections=CONNECTIONS) as one:
        for result in one.send(parcels(300), stop=lambda: len(known) >= 120):
            known.append(result)
        assert {outcome(result) for result in known} == {"ok"}
        assert 120 <= len(known) <= 120 + 2 * CONNECTIONS
        until(lambda: len(listener.mails) == len(known))
        assert {f"r{result.key}@y.example" for result in known} == set(listener.copies)
        done = {result.key for result in known}
        rest = [one for one in parcels(300) if one.key not in done]
        assert set(outcomes(list(one.send(rest))).values()) == {"ok"}
    assert len(listener.copies) == 300
    assert set(listener.copies.values()) == {1}


def test_a_stop_from_the_start_takes_nothing() -> None:
    with Listener() as listener, postman(listener) as one:
        assert list(one.send(parcels(5), stop=lambda: True)) == []
    assert listener.mails == []


def test_what_is_on_the_wire_gets_a_little_time_at_a_stop() -> None:
    """One message is answered late and one never; the third, asked about already, is not sent."""
    waiting: list[Session] = []

    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        if heard == b"." and session not in waiting:
            waiting.append(session)
            until(lambda: stopped)
            time.sleep(0.25)
        return [] if session in waiting[:1] else None

    stopped = False

    def stop() -> bool:
        nonlocal stopped
        stopped = len(waiting) == 2
        return stopped

    listener, clock, found = Listener(answer=answer), Ahead(), []
    timeouts = replace(PATIENT, stop=60, final=600)
    with listener, postman(listener, connections=2, timeouts=timeouts, clock=clock) as one:
        for result in one.send(parcels(9), stop=stop):
            found.append(outcome(result))
            clock.seconds = timeouts.stop
    assert found == ["ok", "Unavailable relay unanswered"]
    assert len(listener.mails) == 1


def test_a_slow_answer_after_a_stop_is_waited_for() -> None:
    asked: list[bytes] = []
    listener = Listener(answer=lambda _, heard: asked.append(heard), delay=0.1)
    with listener, postman(listener) as one:
        found = outcomes(list(one.send(parcels(9), stop=lambda: b"." in asked)))
        assert found == {0: "ok"}
        assert len(list(one.send(parcels(1, 50)))) == 1
    assert len(listener.mails) == 2


@pytest.mark.parametrize("connections", [1, CONNECTIONS])
def test_a_kill_doubles_at_most_one_message_a_connection(tmp_path: Path, connections: int) -> None:
    journal = tmp_path / "journal"
    root = Path(__file__).parents[2]

    def start(port: int, keys: list[int]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", SENDER, str(port), str(connections), str(journal)],
            stdin=subprocess.PIPE,
            cwd=root,
        )
        assert process.stdin is not None
        process.stdin.write(" ".join(map(str, keys)).encode())
        process.stdin.close()
        return process

    killed = threading.Event()

    def answer(session: Session, heard: bytes) -> None:
        """Who is to be killed gets no further than about half."""
        if len(listener.mails) >= COUNT // 2:
            killed.wait(60)

    with Listener(answer=answer) as listener:
        first = start(listener.port, list(range(COUNT)))
        until(lambda: len(listener.mails) >= 0.4 * COUNT)
        first.send_signal(signal.SIGKILL)
        first.wait()
        killed.set()
        until(lambda: all(session.ended for session in listener.sessions))
        written = {int(line) for line in journal.read_text().split()}
        before = len(listener.mails)
        assert before < COUNT
        assert 0 <= before - len(written) <= connections
        second = start(listener.port, [key for key in range(COUNT) if key not in written])
        assert second.wait(120) == 0
        assert len(listener.copies) == COUNT
        assert sum(copies - 1 for copies in listener.copies.values()) <= connections


@BOTH
def test_a_message_begins_with_its_text_and_not_when_the_relay_is_asked(
    extensions: Sequence[str],
) -> None:
    """Of what was only asked about, its receiver has nothing, whatever becomes of this process."""
    begun: list[int] = []
    taken: list[int] = []
    held, over = threading.Event(), threading.Event()

    def laid() -> Iterator[Parcel]:
        for parcel in parcels(4):
            taken.append(parcel.key)
            yield parcel

    def slow(session: Session, heard: bytes) -> None:
        if heard == b"." and session.taken == 1:
            held.set()
            over.wait(20)

    listener = Listener(answer=slow, extensions=extensions)
    with listener, postman(listener, timeouts=replace(PATIENT, stop=0.3)) as one:
        sent = one.send(laid(), begins=begun.append, stop=held.is_set)
        assert outcomes(list(sent)) == {0: "ok", 1: "Unavailable relay unanswered"}
        over.set()
    assert begun == [0, 1]
    assert taken == ([0, 1, 2] if extensions else [0, 1])
