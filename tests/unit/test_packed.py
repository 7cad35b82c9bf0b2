"""Sets of ids in few bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.dispatch import packed

IDS = st.integers(min_value=0, max_value=2**63 - 1) | st.integers(min_value=0, max_value=300)


@given(st.lists(IDS))
def test_what_was_packed_comes_out_in_order_and_once(ids: list[int]) -> None:
    assert packed.unpack(packed.pack(ids)) == sorted(set(ids))


@given(st.sets(IDS))
def test_the_same_set_gives_the_same_bytes(ids: set[int]) -> None:
    assert packed.pack(sorted(ids, reverse=True)) == packed.pack(ids)


def test_neighbours_take_a_byte_each_and_far_ones_nine_at_most() -> None:
    assert len(packed.pack(range(1, 1001))) == 1000
    assert len(packed.pack([2**63 - 1])) == 9
    assert packed.unpack(b"") == []


def test_an_id_is_not_negative() -> None:
    with pytest.raises(ValueError, match="-1"):
        packed.pack([-1, 4])
