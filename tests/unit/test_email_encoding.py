import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.email.composition import Composition
from distributor.channels.email.encoding import quoted_printable
from distributor.channels.email.slots import Markers

LINES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\r")
    | st.sampled_from(" .\n=F"),
    max_size=400,
)


def assert_safe(encoded: bytes) -> None:
    assert encoded.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", encoded)
    for line in encoded.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
    assert b"=_" not in encoded


@given(LINES)
def test_any_text_decodes_to_itself_and_no_line_is_unsafe(text: str) -> None:
    encoded = quoted_printable(text)
    assert_safe(encoded)
    assert quopri.decodestring(encoded).decode() == text.replace("\n", "\r\n")


def test_a_lone_dot_and_a_from_line_are_written_in_code() -> None:
    assert quoted_printable("a\n.\nFrom b\n") == b"a\r\n=2E\r\n=46rom b\r\n"


def test_a_soft_break_never_cuts_a_character_in_two() -> None:
    for line in quoted_printable("😀" * 100 + "å" * 100).split(b"=\r\n"):
        quopri.decodestring(line).decode()


@given(LINES, LINES, st.from_regex(r"[a-z0-9]{1,70}", fullmatch=True))
def test_a_value_fits_between_soft_breaks(before: str, after: str, value: str) -> None:
    markers = Markers(before + after)
    pieces = markers.encoded(before + markers["unsubscribe"] + after, {"unsubscribe": 1})
    composition = Composition.joined(pieces)
    assert composition.slots == ("unsubscribe",)
    filled = value.encode().join(composition.parts)
    assert_safe(filled)
    whole = before + value + after
    assert quopri.decodestring(filled).decode() == whole.replace("\n", "\r\n")


def test_a_marker_too_many_or_too_few_fails() -> None:
    markers = Markers("")
    with pytest.raises(RuntimeError, match="mend its template"):
        markers.encoded("nothing here", {"unsubscribe": 1})
    with pytest.raises(RuntimeError, match="mend its template"):
        markers.encoded(markers["personal"], {})


def test_markers_vanish_so_that_equal_texts_give_equal_bytes() -> None:
    made = []
    for _ in range(2):
        markers = Markers("x")
        made.append(
            Composition.joined(markers.encoded(f"a{markers['preferences']}b", {"preferences": 1}))
        )
    assert made[0] == made[1]
    assert Composition.from_bytes(made[0].to_bytes()) == made[0]
    with pytest.raises(ValueError, match="cut short"):
        Composition.from_bytes(made[0].to_bytes()[:-1])
