"""The client's side of the dialogue, without a socket."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.adapters.smtp.dialogue import GO, OVER, READY, Dialogue, State
from distributor.adapters.smtp.opening import Capabilities
from distributor.adapters.smtp.parcels import Parcel, Result
from distributor.adapters.smtp.stuffing import Stuffing
from distributor.errors import Refused, Unavailable

PIPELINING = Capabilities(pipelining=True)
MESSAGE = b"Subject: x\r\n\r\nHello.\r\n"
ENVELOPE = b"MAIL FROM:<b@x.example>\r\nRCPT TO:<r%d@y.example>\r\nDATA\r\n"
GROUP = b"250 taken\r\n250 ok\r\n250 ok\r\n354 go on\r\n"


def parcel(key: int = 1, **changes: object) -> Parcel:
    one = Parcel(key=key, sender="b@x.example", recipient=f"r{key}@y.example", message=MESSAGE)
    return one._replace(**changes)  # type: ignore[arg-type]


def dialogue(capabilities: Capabilities = PIPELINING) -> Dialogue:
    return Dialogue(capabilities, Stuffing())


def asked(capabilities: Capabilities = PIPELINING, **changes: object) -> tuple[Dialogue, bytes]:
    one = dialogue(capabilities)
    one.offer(parcel(1, **changes))
    return one, one.ask()


def invited() -> Dialogue:
    one, _ = asked()
    assert one.receive(b"250 ok\r\n250 ok\r\n354 go on\r\n") == b""
    assert state(one) is GO
    return one


def state(one: Dialogue) -> State:
    return one.state


def keys(results: list[Result]) -> list[tuple[int, str | None]]:
    return [(one.key, one.error.reason if one.error else None) for one in results]


def test_an_envelope_is_one_write() -> None:
    _, out = asked()
    assert out == ENVELOPE % 1


def test_a_message_and_the_next_envelope_are_one_write_and_one_round_trip() -> None:
    one = invited()
    one.offer(parcel(2))
    assert one.go() == (MESSAGE, b".\r\n" + ENVELOPE % 2)
    assert one.tail == len(ENVELOPE % 2)
    assert (one.sent, one.asked) == (parcel(1), parcel(2))
    assert one.receive(GROUP) == b""
    assert one.results == [Result(1, None, "250 taken")]
    assert state(one) is GO
    assert one.go() == (MESSAGE, b".\r\n")
    one.receive(b"250-2.0.0 taken\r\n250 2.0.0 as 7\r\n")
    assert one.results[1:] == [Result(2, None, "250 2.0.0 taken\n2.0.0 as 7")]
    assert state(one) is READY
    assert one.served == 2


@settings(deadline=None)
@given(st.lists(st.integers(1, len(GROUP) - 1), unique=True))
def test_replies_may_be_split_anywhere(cuts: list[int]) -> None:
    one = invited()
    one.offer(parcel(2))
    one.go()
    edges = [0, *sorted(cuts), len(GROUP)]
    for start, end in zip(edges, edges[1:], strict=False):
        assert state(one) is not GO
        one.receive(GROUP[start:end])
    assert state(one) is GO
    assert keys(one.results) == [(1, None)]
    assert one.asked == parcel(2)


def test_replies_of_several_lines_and_bare_line_feeds_are_understood() -> None:
    one = invited()
    one.offer(parcel(2))
    one.go()
    one.receive(b"250-a\r\n250-b\r\n250 c\r\n250\r\n251-d\n251 e\n354-f\r\n354 g\r\n")
    assert state(one) is GO
    assert one.results == [Result(1, None, "250 a\nb\nc")]


def test_a_reply_begun_earlier_is_not_forgotten() -> None:
    one = invited()
    one.offer(parcel(2))
    one.go()
    one.receive(b"250-first\r\n")
    one.receive(GROUP)
    assert one.results == [Result(1, None, "250 first\ntaken")]
    assert state(one) is GO


def test_without_pipelining_every_command_waits() -> None:
    one, out = asked(Capabilities())
    assert out == b"MAIL FROM:<b@x.example>\r\n"
    assert one.receive(b"250 ok\r\n") == b"RCPT TO:<r1@y.example>\r\n"
    assert one.receive(b"250 ok\r\n") == b"DATA\r\n"
    assert one.receive(b"354 go on\r\n") == b""
    assert one.go() == (MESSAGE, b".\r\n")
    one.receive(b"250 taken\r\n")
    assert keys(one.results) == [(1, None)]
    one.offer(parcel(2))
    assert one.ask() == b"MAIL FROM:<b@x.example>\r\n"


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_refused_transaction_is_reset_where_one_is_open(pipelining: bool, step: str) -> None:
    one, out = asked(Capabilities(pipelining=pipelining))
    said = {"MAIL": b"250 ok\r\n", "RCPT": b"250 ok\r\n", "DATA": b"354 go on\r\n"}
    said[step] = b"451 4.3.0 not now\r\n"
    if pipelining:
        after = b"503 5.5.1 no\r\n"
        replies = list(said.values())
        at = list(said).index(step)
        one.receive(b"".join(replies[: at + 1] + [after] * (2 - at)))
    else:
        while one.state is not READY:
            out = one.receive(said[out[:4].decode()])
    assert keys(one.results) == [(1, "temporary")]
    assert one.results[0].reply == "451 4.3.0 not now"
    one.offer(parcel(2))
    out = one.ask()
    assert out.startswith(b"MAIL" if step == "MAIL" else b"RSET\r\n")
    if step == "MAIL":
        return
    if pipelining:
        assert out == b"RSET\r\n" + ENVELOPE % 2
        one.receive(b"250 reset\r\n250 ok\r\n250 ok\r\n354 go on\r\n")
        assert state(one) is GO
    else:
        assert one.receive(b"250 reset\r\n") == b"MAIL FROM:<b@x.example>\r\n"


def test_no_reset_follows_a_message_that_was_refused_at_its_end() -> None:
    one = invited()
    one.go()
    one.receive(b"554 5.7.1 spam\r\n")
    assert keys(one.results) == [(1, "policy")]
    one.offer(parcel(2))
    assert one.ask() == ENVELOPE % 2


def test_a_refused_recipient_and_354_get_a_lone_dot_and_the_refusal_stands() -> None:
    one, _ = asked()
    assert one.receive(b"250 ok\r\n550 5.1.1 no such user\r\n354 go on\r\n") == b".\r\n"
    assert keys(one.results) == [(1, "no-such-address")]
    assert one.asked is None
    one.receive(b"250 2.0.0 thanks for nothing\r\n")
    assert state(one) is READY
    assert len(one.results) == 1
    one.offer(parcel(2))
    assert one.ask() == ENVELOPE % 2


def test_a_lone_dot_is_never_sent_to_an_accepted_recipient() -> None:
    one, _ = asked()
    assert one.receive(b"451 4.3.0 no\r\n250 ok\r\n354 go on\r\n") == b""
    assert state(one) is OVER
    assert keys(one.results) == [(1, "temporary")]


def test_the_first_refusal_is_the_one_that_counts() -> None:
    one, _ = asked()
    one.receive(b"250 ok\r\n452 4.2.2 full\r\n554 5.5.1 no valid recipients\r\n")
    assert keys(one.results) == [(1, "full")]


def test_a_refusal_in_a_pipelined_group_concerns_its_own_message() -> None:
    one = invited()
    one.offer(parcel(2))
    one.go()
    one.receive(b"451 4.3.0 disk\r\n250 ok\r\n250 ok\r\n354 go on\r\n")
    assert keys(one.results) == [(1, "temporary")]
    assert (one.state, one.asked) == (GO, parcel(2))


@pytest.mark.parametrize(
    ("said", "results", "asked_still"),
    [
        (b"250 taken\r\n421 bye\r\n", [(1, None)], True),
        (b"250 taken\r\n250 ok\r\n421 4.3.2 bye\r\n", [(1, None)], True),
        (b"250 taken\r\n250 ok\r\n250 ok\r\n421 bye\r\n", [(1, None)], True),
        (b"250 taken\r\n250 ok\r\n421 4.7.28 rate\r\n", [(1, None), (2, "rate")], False),
        (
            b"250 taken\r\n250 ok\r\n550 5.1.1 x\r\n421 bye\r\n",
            [(1, None), (2, "no-such-address")],
            False,
        ),
        (b"421 bye\r\n", [(1, "closing")], True),
    ],
)
def test_421_ends_the_connection_at_any_place(
    said: bytes, results: list[tuple[int, str | None]], asked_still: bool
) -> None:
    one = invited()
    one.offer(parcel(2))
    one.go()
    one.receive(said)
    assert state(one) is OVER
    assert isinstance(one.error, Unavailable)
    assert (one.error.about, one.error.reason) == ("relay", "closing")
    assert keys(one.results) == results
    assert (one.asked == parcel(2)) is asked_still
    assert one.sent is None


def test_what_comes_after_the_invitation_ends_the_connection() -> None:
    for more in (b"250 more\r\n", b"25", b"\r\n"):
        one = invited()
        one.offer(parcel(2))
        one.go()
        one.receive(GROUP + more)
        assert state(one) is OVER
        assert keys(one.results) == [(1, None)]
        assert one.asked == parcel(2)


def test_unasked_replies_end_the_connection() -> None:
    one = invited()
    one.go()
    one.receive(b"250 taken\r\n250 and more\r\n")
    assert state(one) is OVER
    assert keys(one.results) == [(1, None)]
    assert one.error is not None
    assert one.error.reason == "unexpected-reply"
    other, _ = asked()
    assert other.receive(b"250 ok\r\n550 5.1.1 x\r\n354 go\r\n250 more\r\n") == b""
    assert other.state is OVER


@pytest.mark.parametrize(
    "said", [b"\r\n", b"hello\r\n", b"25 ok\r\n", b"2500 ok\r\n", b"250_ok\r\n", b"650 x\r\n",
             b"250-a\r\n251 b\r\n", b"\x16\x03\x01\n", b"2" * 70_000, b"250-x\r\n" * 20_000]
)  # fmt: skip
def test_garbage_ends_the_connection_and_leaves_the_outcome_open(said: bytes) -> None:
    one = invited()
    one.go()
    one.receive(said)
    assert state(one) is OVER
    assert one.error is not None
    assert (one.error.reason, one.error.about) == ("garbage", "relay")
    assert one.results == []
    assert one.sent == parcel(1)


@pytest.mark.parametrize("said", [b"354 go on\r\n", b"334 x\r\n"])
def test_a_reply_of_the_wrong_kind_is_no_success(said: bytes) -> None:
    one = invited()
    one.go()
    one.receive(said)
    assert state(one) is OVER
    assert one.sent == parcel(1)
    other, _ = asked()
    other.receive(b"250 ok\r\n" + said)
    assert other.state is OVER
    third, _ = asked()
    third.receive(b"250 ok\r\n250 ok\r\n250 no invitation\r\n")
    assert third.state is OVER


def test_success_before_the_final_dot_has_left_is_not_believed() -> None:
    one = invited()
    one.go()
    one.receive(b"250 taken\r\n", early=True)
    assert (one.state, one.results, one.sent) == (OVER, [], parcel(1))
    other = invited()
    other.offer(parcel(2))
    other.go()
    other.receive(GROUP, early=True)
    assert (other.state, other.results, other.sent) == (OVER, [], parcel(1))


def test_a_refusal_before_the_final_dot_has_left_stands() -> None:
    one = invited()
    one.go()
    one.receive(b"552 5.3.4 too big\r\n", early=True)
    assert state(one) is OVER
    assert keys(one.results) == [(1, "too-large")]
    assert one.sent is None


def test_a_refusal_already_heard_stands_when_the_connection_is_lost() -> None:
    one, _ = asked()
    one.receive(b"250 ok\r\n550 5.1.1 no such user\r\n")
    assert one.results == []
    one.lose(Unavailable("timeout", about="relay"))
    assert keys(one.results) == [(1, "no-such-address")]


@pytest.mark.parametrize("pipelining", [True, False])
def test_555_has_the_parcel_asked_for_again_without_parameters(pipelining: bool) -> None:
    one, out = asked(Capabilities(pipelining=pipelining, size=9999, dsn=True), envid="abc")
    assert out.startswith(b"MAIL FROM:<b@x.example> SIZE=22 RET=HDRS ENVID=abc\r\n")
    if pipelining:
        assert b"RCPT TO:<r1@y.example> NOTIFY=FAILURE\r\n" in out
        out = one.receive(b"250 ok\r\n555 5.5.4 NOTIFY?\r\n503 no\r\n")
        assert out == b"RSET\r\n" + ENVELOPE % 1
        out = one.receive(b"250 reset\r\n250 ok\r\n555 5.5.4 still\r\n503 no\r\n")
        assert out == b""
        assert keys(one.results) == [(1, "protocol")]
    else:
        assert one.receive(b"555 5.5.4 SIZE?\r\n") == b"MAIL FROM:<b@x.example>\r\n"
        assert one.receive(b"250 ok\r\n") == b"RCPT TO:<r1@y.example>\r\n"
    assert state(one) is not OVER


def test_parameters_are_named_only_where_offered_and_wanted() -> None:
    _, out = asked(Capabilities(pipelining=True, size=0, dsn=True, smtputf8=True, eightbit=True))
    assert out == ENVELOPE % 1
    _, out = asked(Capabilities(pipelining=True, dsn=False), envid="abc")
    assert out == ENVELOPE % 1


def test_a_non_ascii_local_part_needs_smtputf8() -> None:
    with pytest.raises(Refused) as caught:
        asked(PIPELINING, recipient="ärlig@y.example")
    assert (caught.value.reason, caught.value.about) == ("no-smtputf8", "ours")
    _, out = asked(
        Capabilities(pipelining=True, smtputf8=True, eightbit=True), recipient="ärlig@y.example"
    )
    mail = "MAIL FROM:<b@x.example> SMTPUTF8 BODY=8BITMIME\r\n"
    assert out == f"{mail}RCPT TO:<ärlig@y.example>\r\nDATA\r\n".encode()


def test_a_message_over_the_relays_size_never_leaves() -> None:
    fits = Capabilities(pipelining=True, size=len(MESSAGE))
    asked(fits)
    with pytest.raises(Refused) as caught:
        asked(Capabilities(pipelining=True, size=len(MESSAGE) - 1))
    assert (caught.value.reason, caught.value.about) == ("too-large", "message")


@pytest.mark.parametrize(
    "address",
    ["", "a@b.example\r\nDATA", "a@b\n", "a\0@b", "a b@c", "a>@b", "<a@b", "a\x7f@b", "a\x85@b",
     "a\u2028@b", "a\u202e@b", "a\ud800@b", "x" * 255],
)  # fmt: skip
def test_a_value_that_could_say_more_than_an_address_is_refused(address: str) -> None:
    capabilities = Capabilities(pipelining=True, smtputf8=True)
    with pytest.raises(Refused) as caught:
        asked(capabilities, recipient=address)
    assert (caught.value.reason, caught.value.about) == ("bad-address", "ours")
    if address:
        with pytest.raises(Refused):
            asked(capabilities, sender=address)
        with pytest.raises(Refused):
            asked(capabilities, envid=address[:50] if len(address) < 255 else "a b")


def test_the_null_return_path_is_allowed() -> None:
    _, out = asked(sender="")
    assert out.startswith(b"MAIL FROM:<>\r\n")


def test_a_parcel_that_cannot_go_changes_nothing() -> None:
    one = invited()
    with pytest.raises(Refused):
        one.offer(parcel(2, message=b"bare\nfeed\r\n"))
    assert one.go() == (MESSAGE, b".\r\n")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=12))
def test_no_stream_of_octets_makes_it_claim_a_delivery_twice(pieces: list[bytes]) -> None:
    one = invited()
    one.offer(parcel(2))
    one.go()
    for piece in pieces:
        if one.state is GO:
            one.go()
        if one.state in (READY, OVER):
            break
        one.receive(piece)
    reported = [result.key for result in one.results]
    assert len(reported) == len(set(reported))
