"""Relays that refuse, hang, close and talk nonsense: nothing is lost, and little is doubled."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest

from distributor.adapters.smtp import Result
from distributor.adapters.smtp.answers import Step, enhanced_code, meaning
from tests.integration.smtp_senders import (
    PATIENT,
    QUICK,
    Ahead,
    outcome,
    outcomes,
    parcel,
    parcels,
    postman,
)
from tests.listeners.smtp import (
    CLOSE,
    EXTENSIONS,
    Answer,
    Listener,
    Session,
    dropping,
    refusing,
    together,
)

BOTH = pytest.mark.parametrize("extensions", [EXTENSIONS, ()], ids=["pipelining", "stepwise"])
STEPS: dict[bytes, Step] = {b"MAIL": "mail", b"RCPT": "rcpt", b"DATA": "data", b".": "end"}
ROWS = """
    421 4.7.28 rate|421 4.7.0 later|450 4.7.28 rate|452 4.5.3 too many recipients|451 4.7.1 grey
    |451 4.3.0 later|451 later|452 4.2.2 full|550 5.1.1 unknown|553 5.1.3 syntax|551 5.1.6 moved
    |556 5.1.10 null MX|556 no mail|550 No such user here|551 user unknown|553 no mailbox
    |550 5.4.1 Access denied|550 5.1.2 domain|550 5.4.4 route|550 5.2.1 disabled|552 5.2.2 full
    |550 5.2.3 long|552 5.3.4 big|554 5.6.0 content|552 too much|550 5.1.7 sender|550 5.1.8 sender
    |550 5.7.1 policy|554 spam|550 5.7.26 auth|550 5.7.515 auth|550 5.5.0 odd|500 what|501 syntax
    |502 command|503 sequence|504 parameter|550 policy or so|571 5.3.0 other
""".replace("\n    ", "").strip().split("|")  # fmt: skip


@BOTH
@pytest.mark.parametrize("step", STEPS)
def test_every_answer_at_every_step(extensions: Sequence[str], step: bytes) -> None:
    """Each is understood, and the next message on the connection is taken."""
    scripted = {f"b+{2 * number}@x.example": row for number, row in enumerate(ROWS)}

    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        sender = heard[11:].partition(b">")[0].decode() if step == b"MAIL" else session.sender
        row = scripted.get(sender)
        if row is None or not heard.startswith(step):
            return None
        return [row.encode()] + ([CLOSE] if row.startswith("421") else [])

    with Listener(answer=answer, extensions=extensions) as listener, postman(listener) as one:
        results = {result.key: result for result in one.send(parcels(2 * len(ROWS)))}
    assert len(results) == 2 * len(ROWS)
    for number, row in enumerate(ROWS):
        code, _, text = row.partition(" ")
        error = meaning(int(code), enhanced_code(text), text, STEPS[step])
        expected = outcome(Result(0, error, ""))
        assert (outcome(results[2 * number]), results[2 * number].reply) == (expected, row)
        assert outcome(results[2 * number + 1]) == "ok", f"after {row}"
    assert sorted(mail.sender for mail in listener.mails) == sorted(
        f"b+{2 * number + 1}@x.example" for number in range(len(ROWS))
    )


@BOTH
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("reply", [b"530 5.7.0 log in", b"535 no", b"538 no", b"550 5.7.8 no"])
def test_a_relay_that_wants_a_login_is_left_alone(
    extensions: Sequence[str], step: bytes, reply: bytes
) -> None:
    answer = refusing(1, reply, at=step)
    with Listener(answer=answer, extensions=extensions) as listener, postman(listener) as one:
        results = list(one.send(parcels(500)))
        assert {outcome(result) for result in results} == {"Unavailable relay authentication"}
        # The next message may already have been asked for when the answer to a dot comes.
        assert len(results) == (2 if step == b"." and extensions else 1)
        assert list(one.send(parcels(500))) == []
    assert len(listener.sessions) == 1


@BOTH
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("ending", [[b"421 4.3.2 closing", CLOSE], [CLOSE]])
def test_a_connection_ended_at_any_step_leaves_the_message_due(
    extensions: Sequence[str], step: bytes, ending: list[bytes]
) -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        return ending if session.number == 0 and heard.startswith(step) else None

    with Listener(answer=answer, extensions=extensions) as listener, postman(listener) as one:
        found = outcomes(list(one.send(parcels(5))))
        reason = "closing" if len(ending) > 1 else "unanswered" if step == b"." else "closed"
        assert found.pop(0) == f"Unavailable relay {reason}"
        assert found == dict.fromkeys(range(1, 5), "ok")
    assert len(listener.mails) == 4


@BOTH
def test_421_in_the_middle_of_a_group_spares_the_message_before(extensions: Sequence[str]) -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        return [b"421 4.3.2 x", CLOSE] if session.taken == 3 and heard[:4] == b"RCPT" else None

    with Listener(answer=answer, extensions=extensions) as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(parcels(9)))).values()) == {"ok"}
    assert [session.taken for session in listener.sessions] == [3, 3, 3]
    assert max(listener.copies.values()) == 1


@BOTH
@pytest.mark.parametrize("step", [b"", b"EHLO", *STEPS])
def test_silence_is_waited_out(extensions: Sequence[str], step: bytes) -> None:
    silent: set[int] = set()
    clock = Ahead()

    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        if session.number == 0 and (heard.startswith(step) if step else heard == b""):
            silent.add(session.number)
            clock.at_rest = max(PATIENT.command, PATIENT.final)
        return [] if session.number in silent else None

    listener = Listener(answer=answer, extensions=extensions)
    with listener, postman(listener, clock=clock) as one:
        found = outcomes(list(one.send(parcels(3))))
        reason = "unanswered" if step == b"." else "timeout"
        assert found.pop(0) == f"Unavailable relay {reason}"
        if step in STEPS:
            assert found == {1: "ok", 2: "ok"}
        else:
            assert found == {}


@BOTH
def test_some_451s(extensions: Sequence[str]) -> None:
    for step in STEPS:
        answer = refusing(0.3, b"451 4.3.0 later", at=step)
        listener = Listener(answer=answer, extensions=extensions)
        with listener, postman(listener, connections=3) as one:
            found = outcomes(list(one.send(parcels(100))))
        taken = {f"r{key}@y.example" for key, what in found.items() if what == "ok"}
        assert set(found.values()) == {"ok", "Unavailable unknown temporary"}
        assert set(listener.copies) == taken
        assert set(listener.copies.values()) == {1}


@BOTH
def test_a_drop_after_the_dot_leaves_that_message_open_and_no_other(
    extensions: Sequence[str],
) -> None:
    answer = dropping(0.1, taken=True)
    listener = Listener(answer=answer, extensions=extensions)
    with listener, postman(listener, connections=3) as one:
        found = outcomes(list(one.send(parcels(200))))
    assert set(found) == set(range(200))
    open_ = {key for key, what in found.items() if what == "Unavailable relay unanswered"}
    assert {key for key, what in found.items() if what == "ok"} == set(range(200)) - open_
    assert 5 < len(open_) < 50
    assert set(listener.copies) == {f"r{key}@y.example" for key in range(200)}
    assert set(listener.copies.values()) == {1}


@BOTH
def test_everything_at_once_until_all_have_it(extensions: Sequence[str]) -> None:
    """Retried until taken, as the batches do it; only drops after the dot may double."""
    drops: list[str] = []

    def counting(session: Session, heard: bytes) -> list[bytes] | None:
        said = drop(session, heard)
        drops.extend(session.recipients if said is not None else ())
        return list(said) if said is not None else None

    drop = dropping(0.03, taken=True)
    answers: list[Answer] = [counting, dropping(0.03, taken=False, seed=2)]
    for seed, step in enumerate(STEPS, 3):
        answers.append(refusing(0.03, b"451 4.3.0 later", at=step, seed=seed))
    owed = set(range(300))
    listener = Listener(answer=together(*answers), extensions=extensions, chunk=11)
    with listener, postman(listener, connections=4) as one:
        for _ in range(20):
            for result in one.send([parcel(key) for key in sorted(owed)]):
                if result.error is None:
                    owed.remove(result.key)
            if not owed:
                break
    assert owed == set()
    doubled = {recipient: n - 1 for recipient, n in listener.copies.items() if n > 1}
    assert len(listener.copies) == 300
    assert sum(doubled.values()) == len(drops)
    assert set(doubled) == set(drops)


def test_a_refused_recipient_that_gets_354_is_sent_nothing() -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        if heard.startswith(b"RCPT TO:<r3@"):
            return [b"550 5.1.1 no such user"]
        return [b"354 go on"] if heard == b"DATA" else None

    with Listener(answer=answer) as listener, postman(listener) as one:
        found = outcomes(list(one.send(parcels(6))))
    assert found.pop(3) == "Refused recipient no-such-address"
    assert set(found.values()) == {"ok"}
    (session,) = listener.sessions
    assert session.taken == 6
    assert [mail.recipient for mail in listener.mails] == [f"r{key}@y.example" for key in found]
    assert [mail.message for mail in listener.mails] == [parcel(key).message for key in found]
    assert b"RSET" not in session.heard


def test_the_answer_to_a_refused_message_is_waited_for_before_the_next() -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        if heard.startswith(b"RCPT TO:<r0@"):
            return [b"550 5.1.1 no such user"]
        return [b"354 go on"] if heard == b"DATA" else None

    with Listener(answer=answer, delay=0.05) as listener, postman(listener, connections=4) as one:
        assert outcomes(list(one.send(parcels(1)))) == {0: "Refused recipient no-such-address"}
        assert outcomes(list(one.send(parcels(1, start=1)))) == {1: "ok"}
    assert len(listener.mails) == 1


def test_reset_after_a_refusal_and_only_then() -> None:
    answer = refusing(1, b"550 5.1.1 no", at=b"RCPT TO:<r2@")
    with Listener(answer=answer) as listener, postman(listener) as one:
        list(one.send(parcels(5)))
    heard = [line[:4] for line in listener.heard]
    assert heard.count(b"RSET") == 1
    assert heard[heard.index(b"RSET") + 1] == b"MAIL"
    assert len(listener.mails) == 4


@BOTH
def test_replies_that_arrive_octet_by_octet(extensions: Sequence[str]) -> None:
    with Listener(chunk=1, extensions=extensions) as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(parcels(20)))).values()) == {"ok"}
    assert set(listener.copies.values()) == {1}


@BOTH
def test_replies_of_many_lines(extensions: Sequence[str]) -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        return [b"250-2.0.0 one", b"250-2.0.0 two", b"250 2.0.0 three"] if heard == b"." else None

    with Listener(answer=answer, extensions=extensions) as listener, postman(listener) as one:
        (result, *_) = list(one.send(parcels(5)))
    assert result.reply == "250 2.0.0 one\n2.0.0 two\n2.0.0 three"
    assert len(listener.mails) == 5


@pytest.mark.parametrize("at", [b"MAIL", b"RCPT", b"DATA"])
def test_one_reply_too_many_never_counts_for_a_message(at: bytes) -> None:
    """The reply to a command comes twice, so that all after it seem to come one step early."""

    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        if session.number == 0 and session.taken == 2 and heard.startswith(at):
            return [b"354 go on", b"250 hm"] if at == b"DATA" else [b"250 ok", b"250 ok"]
        return (
            [b"550 5.7.1 never"]
            if session.number == 0 and session.taken >= 2 and heard == b"."
            else None
        )

    with Listener(answer=answer) as listener, postman(listener) as one:
        found = outcomes(list(one.send(parcels(6))))
    assert set(found.values()) == {"ok"}
    assert set(listener.copies.values()) == {1}
    assert len(listener.copies) == 6


@pytest.mark.parametrize("said", [b"250hello", b"\xff\xfe", b"HTTP/1.1 400 Bad Request", b"25"])
def test_garbage_leaves_the_outcome_open(said: bytes) -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        return [said] if session.number == 0 and heard == b"." else None

    with Listener(answer=answer) as listener, postman(listener) as one:
        found = outcomes(list(one.send(parcels(3))))
    assert found.pop(0) == "Unavailable relay unanswered"
    assert set(found.values()) == {"ok"}
    assert len(listener.mails) == 2 + (said[:1] == b"2")


def test_a_relay_without_ehlo() -> None:
    answer = refusing(1, b"502 5.5.1 what", at=b"EHLO")
    with Listener(answer=answer) as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(parcels(3)))).values()) == {"ok"}
    assert listener.heard[1].startswith(b"HELO")


def test_a_parameter_that_is_not_understood_is_left_out() -> None:
    def answer(session: Session, heard: bytes) -> list[bytes] | None:
        return [b"555 5.5.4 SIZE?"] if b" SIZE=" in heard else None

    with Listener(answer=answer) as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(parcels(4)))).values()) == {"ok"}
    assert sum(b"SIZE" in line for line in listener.heard) == 1


@contextmanager
def raw_server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where each connection is treated as ``behave`` says."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, suppress(OSError):
                    behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def welcome(connection: socket.socket) -> None:
    """Until the message may come."""
    connection.sendall(b"220 x\r\n")
    connection.recv(4096)
    connection.sendall(b"250-x\r\n250 PIPELINING\r\n")
    connection.recv(4096)
    connection.sendall(b"250 ok\r\n250 ok\r\n354 go on\r\n")


def test_a_relay_that_stops_reading_is_waited_for_and_then_left() -> None:
    body = b"x" * 78 + b"\r\n"

    def behave(connection: socket.socket) -> None:
        welcome(connection)
        gone.wait(5)

    gone = threading.Event()
    with raw_server(behave) as port, postman(port, timeouts=QUICK) as one:
        (result,) = one.send([parcel(0, body=body * 200_000)])
        gone.set()
    assert outcome(result) == "Unavailable relay timeout"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"552 5.3.4 too big\r\n", "Refused message too-large"),
        (b"451 4.3.1 no space\r\n", "Unavailable unknown temporary"),
        (b"250 2.0.0 taken\r\n", "Unavailable relay unexpected-reply"),
        (b"421 4.4.2 too slow\r\n", "Unavailable relay closing"),
        (b"", "Unavailable relay closed"),
    ],
)
def test_a_reply_before_the_message_has_left(reply: bytes, expected: str) -> None:
    body = b"x" * 78 + b"\r\n"

    def behave(connection: socket.socket) -> None:
        welcome(connection)
        connection.recv(4096)
        connection.sendall(reply)

    with raw_server(behave) as port, postman(port) as one:
        (result,) = one.send([parcel(0, body=body * 200_000)])
    assert outcome(result) == expected
