"""Messages over real sockets: round trips, the pool, the journal, what is never sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from distributor.adapters.smtp import Limits, Parcel, Result
from tests.integration.smtp_senders import outcome, outcomes, parcel, parcels, postman, until
from tests.listeners.smtp import CLOSE, EXTENSIONS, Listener, Session


def test_one_round_trip_for_each_message() -> None:
    with Listener() as listener, postman(listener) as one:
        results = list(one.send(parcels(50)))
        assert [result.key for result in results] == list(range(50))
        assert {outcome(result) for result in results} == {"ok"}
        assert {result.reply for result in results} == {"250 2.0.0 taken"}
        (session,) = listener.sessions
        # The greeting, EHLO, the first envelope; then one turn for each message.
        assert session.turns == 3 + 50
    assert [mail.message for mail in listener.mails] == [one.message for one in parcels(50)]
    assert b"RSET" not in listener.heard
    assert listener.heard[-1] == b"QUIT"


def test_the_same_mail_without_pipelining() -> None:
    with Listener(extensions=()) as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(parcels(20)))).values()) == {"ok"}
        assert listener.sessions[0].turns == 2 + 4 * 20
    assert [mail.message for mail in listener.mails] == [one.message for one in parcels(20)]


def test_connections_outlive_the_call() -> None:
    with Listener() as listener, postman(listener, connections=3) as one:
        for start in range(0, 300, 50):
            assert len(list(one.send(parcels(50, start)))) == 50
        assert len(listener.sessions) <= 6
        assert b"QUIT" not in listener.heard[:100]
    assert sorted(listener.copies.values()) == [1] * 300


def test_no_more_connections_than_parcels() -> None:
    with Listener() as listener, postman(listener, connections=8) as one:
        assert len(list(one.send(parcels(2)))) == 2
        assert len(listener.sessions) <= 2


def test_dots_and_a_missing_line_end() -> None:
    bodies = [b".\r\n", b"..\r\n.x\r\n", b"no end", b"", b"a\r\n.\r\nMAIL FROM:<x@y>\r\n"]
    sent = [parcel(key, body=body) for key, body in enumerate(bodies)]
    sent.append(parcel(9)._replace(message=b".begins\r\n"))
    sent.append(parcel(10)._replace(message=b""))
    with Listener() as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(sent))).values()) == {"ok"}
    ends = [one.message if one.message.endswith(b"\r\n") else one.message + b"\r\n" for one in sent]
    assert [mail.message for mail in listener.mails] == ends


def test_what_cannot_go_is_refused_and_spoils_nothing() -> None:
    sent = [
        parcel(0),
        parcel(1, body=b"bare\nfeed\r\n"),
        parcel(2, body=b"bare\rreturn\r\n"),
        parcel(3, recipient="r@y.example>\r\nRCPT TO:<victim@y.example"),
        parcel(4, recipient="ärlig@y.example"),
        parcel(5, body=b"x" * 2000),
        parcel(6),
    ]
    extensions = ("PIPELINING", "SIZE 1000")
    with Listener(extensions=extensions) as listener, postman(listener) as one:
        assert outcomes(list(one.send(sent))) == {
            0: "ok",
            1: "Refused message bare-newline",
            2: "Refused message bare-newline",
            3: "Refused ours bad-address",
            4: "Refused ours no-smtputf8",
            5: "Refused message too-large",
            6: "ok",
        }
    assert [mail.recipient for mail in listener.mails] == ["r0@y.example", "r6@y.example"]
    assert not any(b"victim" in line for line in listener.heard)


def test_extensions_are_used_where_they_are_wanted() -> None:
    sent = [parcel(1), parcel(2, recipient="ärlig@y.example"), parcel(3)._replace(envid="ab12")]
    with Listener() as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(sent))).values()) == {"ok"}
    heard = [line.decode() for line in listener.heard if line[:4] in (b"MAIL", b"RCPT")]
    sizes = [len(one.message) for one in sent]
    assert heard == [
        f"MAIL FROM:<b+1@x.example> SIZE={sizes[0]}",
        "RCPT TO:<r1@y.example>",
        f"MAIL FROM:<b+2@x.example> SIZE={sizes[1]} SMTPUTF8 BODY=8BITMIME",
        "RCPT TO:<ärlig@y.example>",
        f"MAIL FROM:<b+3@x.example> SIZE={sizes[2]} RET=HDRS ENVID=ab12",
        "RCPT TO:<r3@y.example> NOTIFY=FAILURE",
    ]


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
def test_a_result_is_in_the_journal_before_the_next_dot(extensions: Sequence[str]) -> None:
    written: set[int] = set()
    missing: list[int] = []
    last: dict[int, int] = {}

    def check(session: Session, heard: bytes) -> None:
        if heard == b".":
            key = int(session.sender[2:].partition("@")[0])
            before = last.get(session.number)
            missing.extend([before] if before is not None and before not in written else [])
            last[session.number] = key

    listener = Listener(answer=check, extensions=extensions)
    with listener, postman(listener, connections=3) as one:
        for result in one.send(parcels(120), journal=lambda result: written.add(result.key)):
            assert result.key in written
    assert missing == []
    assert len(listener.mails) == 120


def test_a_journal_that_fails_stops_all_before_the_next_dot() -> None:
    def journal(result: Result) -> None:
        if result.key == 5:
            raise OSError("disk full")

    with Listener() as listener, postman(listener) as one:
        seen: list[Result] = []
        with pytest.raises(OSError, match="disk full"):
            seen.extend(one.send(parcels(50), journal=journal))
        assert len(listener.mails) == 6
        assert len(list(one.send(parcels(3, 100)))) == 3


def test_parcels_that_fail_to_come_end_the_call_in_order() -> None:
    def some() -> Iterator[Parcel]:
        yield from parcels(10)
        raise LookupError("no composition")

    with Listener() as listener, postman(listener, connections=2) as one:
        seen: list[Result] = []
        with pytest.raises(LookupError):
            seen.extend(one.send(some()))
        assert {outcome(result) for result in seen} == {"ok"}
        assert {one.key for one in seen} == {int(m.sender[2:-10]) for m in listener.mails}
        assert len(list(one.send(parcels(5, 100)))) == 5
    assert max(listener.copies.values()) == 1


def test_closing_the_iterator_early_finishes_what_is_on_the_wire() -> None:
    written: list[int] = []
    with Listener(delay=0.01) as listener, postman(listener, connections=4) as one:
        sending = one.send(parcels(100), journal=lambda result: written.append(result.key))
        for _ in range(10):
            next(sending)
        sending.close()  # type: ignore[attr-defined]
        until(lambda: all(session.ended or not session.recipients for session in listener.sessions))
    assert sorted(int(mail.sender[2:-10]) for mail in listener.mails) == sorted(written)


def test_nothing_to_send_for_the_moment() -> None:
    """Parcels that may only begin once an earlier one is done, as with few lanes to one host."""
    done: set[int] = set()

    def one_at_a_time() -> Iterator[Parcel | None]:
        for key in range(5):
            while not done.issuperset(range(key)):
                yield None
            yield parcel(key)

    with Listener() as listener, postman(listener, connections=3) as one:
        for result in one.send(one_at_a_time()):
            done.add(result.key)
    assert [mail.recipient for mail in listener.mails] == [f"r{key}@y.example" for key in range(5)]


def test_a_connection_serves_so_many_messages_and_says_goodbye() -> None:
    limits = Limits(messages=10)
    with Listener() as listener, postman(listener, limits=limits) as one:
        assert len(list(one.send(parcels(35)))) == 35
    assert [session.taken for session in listener.sessions] == [10, 10, 10, 5]
    assert [session.heard[-1] for session in listener.sessions] == [b"QUIT"] * 4


def test_a_connection_grows_old_and_does_not_rest_for_long() -> None:
    now = [1000.0]
    limits = Limits(age=300, idle=30)
    with Listener() as listener, postman(listener, limits=limits, clock=lambda: now[0]) as one:
        for pause, connections in ((0, 1), (29, 1), (31, 2), (29, 2), (290, 3)):
            now[0] += pause
            assert len(list(one.send(parcels(1)))) == 1
            assert len(listener.sessions) == connections
        for _ in range(12):
            now[0] += 28
            assert len(list(one.send(parcels(1)))) == 1
        assert len(listener.sessions) == 4
    assert [session.heard[-1] for session in listener.sessions] == [b"QUIT"] * 4


@pytest.mark.parametrize("extensions", [EXTENSIONS, ()])
@pytest.mark.parametrize("reply", [b"421 4.3.2 enough", b""])
def test_a_relay_that_closes_after_some_messages_is_given_so_many(
    extensions: Sequence[str], reply: bytes
) -> None:
    def enough(session: Session, heard: bytes) -> list[bytes] | None:
        full = session.taken == 7 and heard.startswith(b"MAIL")
        return [line for line in (reply, CLOSE) if line] + [CLOSE] if full else None

    with Listener(answer=enough, extensions=extensions) as listener, postman(listener) as one:
        assert set(outcomes(list(one.send(parcels(50)))).values()) == {"ok"}
    assert [session.taken for session in listener.sessions] == [7] * 7 + [1]
    assert [session.heard[-1] == b"QUIT" for session in listener.sessions] == [False] * 2 + [
        True
    ] * 6


def test_a_connection_that_the_relay_closed_at_rest_costs_nothing() -> None:
    with Listener() as listener, postman(listener) as one:
        assert len(list(one.send(parcels(3)))) == 3
        listener.sessions[0].hang_up()
        until(lambda: listener.sessions[0].ended)
        assert set(outcomes(list(one.send(parcels(3, 10)))).values()) == {"ok"}
        assert len(listener.sessions) == 2


def test_large_messages_and_small_ones_at_the_same_time() -> None:
    large = b"".join(b"%070d\r\n" % line for line in range(60_000))
    sent = [parcel(key, body=large if key % 10 == 0 else b"small\r\n") for key in range(40)]
    with Listener() as listener, postman(listener, connections=3) as one:
        assert set(outcomes(list(one.send(sent))).values()) == {"ok"}
    received = {mail.recipient: mail.message for mail in listener.mails}
    assert received == {one.recipient: one.message for one in sent}
