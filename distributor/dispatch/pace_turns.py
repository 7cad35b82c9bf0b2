"""Whose turn it is: readers who wait, by group, and how many of each group are under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar


class Item(Protocol):
    """What waits: a delivery with its id."""

    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Item)


class Turns(Generic[T]):
    """Each group has a queue of its own, in ``queues`` while anybody waits in it.

    A group has lanes: so many of its messages may be under way at once, ``most`` unless ``lanes``
    names fewer. A message that is laid ready behind another of its group, on the same connection,
    leaves only when that one is done, and so takes over its lane. While another group waits too,
    none has over half of the ``connections``, and each has at least one.
    """

    __slots__ = ("_half", "_lane", "_under_way", "_used", "lanes", "most", "queues")

    def __init__(self, connections: int) -> None:
        self.queues: dict[str, deque[T]] = {}
        self.lanes: dict[str, int] = {}
        self.most = 1
        self._half = max(1, connections // 2)
        self._used: dict[str, int] = {}
        self._lane: dict[int, str] = {}
        self._under_way: dict[int, str] = {}

    def add(self, items: Iterable[T], groups: Iterable[str]) -> None:
        """Each of ``items`` waits in its group, one of ``groups`` for each."""
        queues = self.queues
        for item, group in zip(items, groups, strict=True):
            queue = queues.get(group)
            if queue is None:
                queues[group] = deque((item,))
            else:
                queue.append(item)

    def take(self, behind: int | None) -> T | None:
        """The next one, or None if every group that waits has all its lanes in use.

        ``behind`` is the id of the message that is about to leave on the connection for which
        this one is taken, if there is one.
        """
        queues, lane = self.queues, self._lane
        group = None if behind is None else lane.get(behind)
        if group is not None and group in queues:
            del lane[behind]  # type: ignore[arg-type]
        else:
            group = self._free()
            if group is None:
                return None
            self._used[group] = self._used.get(group, 0) + 1
        queue = queues[group]
        item = queue.popleft()
        if not queue:
            del queues[group]
        ident = item.id
        lane[ident] = self._under_way[ident] = group
        return item

    def done(self, ident: int) -> str | None:
        """What became of the message ``ident`` is known; its group, if it was under way."""
        group = self._lane.pop(ident, None)
        if group is not None:
            used = self._used[group] - 1
            if used:
                self._used[group] = used
            else:
                del self._used[group]
        return self._under_way.pop(ident, None)

    def group(self, ident: int) -> str | None:
        """That of a message under way."""
        return self._under_way.get(ident)

    def close(self, group: str) -> deque[T]:
        """Nobody of ``group`` waits any more; who did."""
        return self.queues.pop(group, deque())

    def postpone(self, group: str) -> None:
        """The other groups have their turns first, also on the connections that it uses."""
        queues, used = self.queues, self._used
        if group not in queues or len(queues) == 1:
            return
        queues[group] = queues.pop(group)
        # Its messages under way keep their lanes, but have none of the group behind them.
        for ident in [each for each, held in self._lane.items() if held == group]:
            self._lane[ident] = ""
        used[""] = used.get("", 0) + used.pop(group, 0)

    def _free(self) -> str | None:
        """A group with a lane to spare."""
        queues, used, lanes = self.queues, self._used, self.lanes
        most = min(self.most, self._half) if len(queues) > 1 else self.most
        for group in queues:
            limit = min(most, lanes[group]) if group in lanes else most
            if used.get(group, 0) < limit:
                return group
        return None
