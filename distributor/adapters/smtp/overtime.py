"""Messages handed over whole whose answer is awaited in a thread, since their relay is silent."""

from __future__ import annotations

import selectors
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from distributor.adapters.smtp.connection import Connection
from distributor.adapters.smtp.dialogue import OVER
from distributor.adapters.smtp.parcels import Result, Timeouts
from distributor.errors import UNANSWERED, DeliveryError, Unavailable

Told = Callable[[Result], None]
"""Whom to tell, in another thread, what came of a message that was left; it raises nothing."""
Leave = Callable[[int, float], Told]
"""Told that the message of a key is left, to be answered for in so many seconds at most."""

_TICK = 0.25


@dataclass(frozen=True, slots=True)
class _Left:
    connection: Connection
    key: int
    told: Told


class Overtime:
    """Waits for the final reply on connections that the sender has left, each to its deadline.

    Nothing more is written on them but the rest of what was begun. Once ``stop`` of the last that
    was taken says so, all have as long as messages on the wire have then.
    """

    def __init__(self, timeouts: Timeouts, clock: Callable[[], float]) -> None:
        self._timeouts, self._clock = timeouts, clock
        self._taken: deque[_Left] = deque()
        self._held: list[_Left] = []
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], bool] = lambda: False
        self._ends: float | None = None

    def take(self, connection: Connection, key: int, told: Told, stop: Callable[[], bool]) -> None:
        """Wait for the answer about ``key``, the message that ``connection`` has sent."""
        connection.detach()
        with self._lock:
            self._stop = stop
            self._taken.append(_Left(connection, key, told))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="overtime", daemon=True)
                self._thread.start()

    def join(self) -> None:
        """Wait until nothing is awaited any more: not for long once there is a stop."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while self._go_on():
            events = self._selector.select(_TICK)
            now = self._clock()
            for key, mask in events:
                self._deal(key.data, mask)
            if self._ends is None and self._stop():
                self._ends = now + self._timeouts.stop
            for left in list(self._held):
                left.connection.route.awaited()
                if now >= left.connection.deadline:
                    self._lose(left, Unavailable("timeout"))
                elif self._ends is not None and now >= self._ends:
                    self._lose(left, Unavailable("stopped"))

    def _go_on(self) -> bool:
        with self._lock:
            while self._taken:
                left = self._taken.popleft()
                self._held.append(left)
                wire = left.connection.wire
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE * wire.wants_write)
                self._selector.register(wire.socket, events, left)
            if not self._held:
                self._thread = None
            return bool(self._held)

    def _deal(self, left: _Left, mask: int) -> None:
        connection = left.connection
        wire, dialogue = connection.wire, connection.dialogue
        assert dialogue is not None
        if mask & selectors.EVENT_WRITE:
            wire.flush()
            if not wire.wants_write:
                self._selector.modify(wire.socket, selectors.EVENT_READ, left)
        if not mask & selectors.EVENT_READ:
            return
        try:
            dialogue.receive(wire.read(), early=wire.unsent > dialogue.tail)
        except Unavailable as error:
            self._lose(left, error)
            return
        known = [result for result in dialogue.results if result.key == left.key]
        if known:
            connection.route.answered(connection.begun)
            self._end(left, known[0])
        elif dialogue.state is OVER:
            assert dialogue.error is not None
            self._lose(left, dialogue.error)

    def _lose(self, left: _Left, error: DeliveryError) -> None:
        said = error.reply or error.reason
        unanswered = Unavailable(UNANSWERED, said, about="relay")
        self._end(left, Result(left.key, unanswered, error.reply))

    def _end(self, left: _Left, result: Result) -> None:
        self._held.remove(left)
        self._selector.unregister(left.connection.wire.socket)
        left.connection.wire.close()
        left.told(result)
