"""Whose turn it is, by lanes: no database, no clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from distributor.dispatch.pace_turns import Turns


@dataclass(frozen=True, slots=True)
class Reader:
    id: int


def turns(groups: str, *, most: int = 2, connections: int = 4) -> Turns[Reader]:
    made: Turns[Reader] = Turns(connections)
    made.most = most
    made.add([Reader(n) for n in range(len(groups))], groups)
    return made


def taken(made: Turns[Reader], *behind: int | None) -> list[int | None]:
    found = []
    for key in behind:
        reader = made.take(key)
        found.append(None if reader is None else reader.id)
    return found


def test_a_group_has_so_many_lanes_and_the_rest_of_it_waits() -> None:
    made = turns("aaaa")
    assert taken(made, None, None, None) == [0, 1, None]
    made.done(1)
    assert taken(made, None, None) == [2, None]


def test_a_message_behind_another_of_its_group_takes_over_its_lane() -> None:
    made = turns("aaaaaa", most=1)
    assert taken(made, None, 0, None) == [0, 1, None]
    made.done(0)
    assert taken(made, None, 1, None) == [None, 2, None]
    for key in (1, 2):
        made.done(key)
    assert taken(made, None, None) == [3, None]


def test_behind_a_message_of_another_group_it_needs_a_lane_of_its_own() -> None:
    made = turns("abb", most=1)
    assert taken(made, None, 0, None) == [0, 1, None]
    made.done(0)
    assert taken(made, None) == [None]
    made.done(1)
    assert taken(made, None) == [2]


def test_no_group_has_over_half_of_the_connections_while_another_waits() -> None:
    made = turns("aaaaab", most=4)
    assert taken(made, None, None, None, None, None) == [0, 1, 5, 2, 3]
    assert taken(made, None) == [None]


def test_with_one_connection_everybody_has_a_turn() -> None:
    made = turns("ab", most=1, connections=1)
    assert taken(made, None, None) == [0, 1]


def test_a_closed_group_gives_back_who_waited_and_the_others_go_on() -> None:
    made = turns("aaab")
    assert taken(made, None) == [0]
    assert [reader.id for reader in made.close("a")] == [1, 2]
    assert taken(made, 0, None) == [3, None]
    assert made.done(0) == "a"
    assert not made.queues


def test_a_postponed_group_comes_after_the_others_also_on_its_connections() -> None:
    made = turns("aaaabbcc")
    assert taken(made, None, None) == [0, 1]
    made.done(0)
    made.postpone("a")
    assert taken(made, 1, None, None, None) == [4, 5, 6, 7]
    assert made.done(1) == "a"
    assert taken(made, None, None) == [2, 3]
    made.postpone("a")
    assert not made.queues


def test_fewer_lanes_for_one_group() -> None:
    made = turns("aabb")
    made.lanes = {"a": 1}
    assert taken(made, None, None, None) == [0, 2, 3]


@given(
    groups=st.text(alphabet="abc", min_size=1, max_size=40),
    lanes=st.dictionaries(st.sampled_from("abc"), st.integers(1, 3)),
    most=st.integers(1, 5),
    connections=st.integers(1, 6),
    order=st.randoms(use_true_random=False),
)
def test_everybody_goes_once_and_no_group_has_more_connections_than_lanes(
    groups: str, lanes: dict[str, int], most: int, connections: int, order: object
) -> None:
    """Connections in any order, each with a message on the wire and one laid behind it."""
    made = turns(groups, most=most, connections=connections)
    made.lanes = lanes
    wire: list[list[int]] = [[] for _ in range(connections)]
    gone: list[int] = []
    while len(gone) < len(groups):
        connection = order.choice(wire)  # type: ignore[attr-defined]
        if len(connection) == 2:
            gone.append(connection.pop(0))
            made.done(gone[-1])
        reader = made.take(connection[-1] if connection else None)
        if reader is not None:
            connection.append(reader.id)
        elif connection:
            gone.append(connection.pop(0))
            made.done(gone[-1])
        used = Counter(groups[key] for held in wire for key in held[:1])
        for group, count in used.items():
            assert count <= min(most, lanes.get(group, most))
    assert sorted(gone) == list(range(len(groups)))
