"""Dot-stuffing, and that no bare CR or LF passes, by the quick way and the slow one alike."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from distributor.adapters.smtp.stuffing import Stuffing
from distributor.errors import Refused

PIECES = st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"To: x", b"\r\n.", b"\0", b"\xe5"])
LINES = st.lists(st.sampled_from([b"", b"a", b"bb", b".", b"..", b".c", b"=2E"]), max_size=8)


def expected(message: bytes) -> bytes | None:
    """What RFC 5321 wants, said plainly; None where the message must not pass."""
    if not message.endswith(b"\r\n"):
        message += b"\r\n"
    if re.search(rb"\r(?!\n)|(?<!\r)\n", message):
        return None
    return b"".join(
        b"." + line if line.startswith(b".") else line
        for line in re.findall(rb"(?s).*?\r\n", message)
    )


def actual(stuffing: Stuffing, message: bytes) -> bytes | None:
    try:
        return stuffing.ready(message)
    except Refused:
        return None


@settings(deadline=None)
@given(st.lists(PIECES).map(b"".join))
@example(b"")
@example(b"\r\n.\r\n")
@example(b"a\r")
@example(b"a\r\r\n")
@example(b"\n.\n")
def test_it_does_what_the_standard_says(message: bytes) -> None:
    assert actual(Stuffing(), message) == expected(message)


@settings(deadline=None)
@given(st.lists(st.lists(PIECES).map(b"".join), min_size=2))
def test_what_it_remembers_changes_nothing(messages: list[bytes]) -> None:
    stuffing = Stuffing()
    for message in messages * 2:
        assert actual(stuffing, message) == expected(message)


@settings(deadline=None)
@given(st.data(), st.lists(LINES.map(b"\r\n".join), min_size=1, max_size=4))
def test_messages_of_one_form(data: st.DataObject, constant: list[bytes]) -> None:
    """Constant stretches and between them lines of which now and then one is not in order."""
    slot = st.sampled_from([b"", b"x", b"token", b".", b"..x", b"a\rb", b"a\nb", b"a\r\nb", b"\r"])
    clean = st.sampled_from([b"", b"x", b"token", b"other"])
    stuffing = Stuffing()
    for _ in range(8):
        values = data.draw(st.lists(clean | slot, min_size=len(constant), max_size=len(constant)))
        parts = [part for pair in zip(values, constant, strict=True) for part in pair]
        message = b"\r\n".join([*parts, b"--the same end, longer than the tail looked at--", b""])
        assert actual(stuffing, message) == expected(message)


@pytest.mark.parametrize("bad", [b".x", b"a\nb", b"a\rb", b"\n.", b"\r", b"\n", b"a\r\n.\r\nb"])
def test_a_bad_slot_is_noticed_once_the_form_is_known(bad: bytes) -> None:
    stuffing = Stuffing()

    def message(slot: bytes) -> bytes:
        return b"To: " + slot + b"\r\nX: y\r\n\r\n" + slot + b"\r\n" + b"text\r\n" * 20

    for number in range(5):
        stuffing.ready(message(b"r%d" % number))
    assert actual(stuffing, message(bad)) == expected(message(bad))
    assert stuffing.ready(message(b"fine")) == message(b"fine")


def test_it_says_what_is_wrong() -> None:
    with pytest.raises(Refused) as caught:
        Stuffing().ready(b"a\nb\r\n")
    assert (caught.value.reason, caught.value.about) == ("bare-newline", "message")


def test_a_clean_message_is_not_copied() -> None:
    stuffing = Stuffing()
    for number in range(5):
        message = b"To: r%d\r\n\r\n" % number + b"text\r\n" * 2000
        assert stuffing.ready(message) is message


def test_it_forgets_rather_than_grow() -> None:
    stuffing = Stuffing()
    for number in range(100):
        stuffing.ready(b"x\r\n" * 10 + b"%032d\r\n" % number)
    assert len(stuffing._families) <= 8
