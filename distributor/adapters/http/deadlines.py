"""A clock outside the exchanges: what is still open after its time is shut down."""

import os
import threading
import time
from typing import Protocol

_TICK = 0.1


class Expiring(Protocol):
    """``deadline`` is on :func:`time.monotonic`'s clock; ``expire`` must not block or raise."""

    deadline: float

    def expire(self) -> None: ...


class Deadlines:
    """One thread for all exchanges of the process; it runs only while there are any.

    A timer per exchange would start a thread for each, which costs more than the exchange's own
    bookkeeping.
    """

    def __init__(self) -> None:
        self._open: set[Expiring] = set()
        self._work = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, exchange: Expiring) -> None:
        """``exchange.expire()`` is called at most 0.1 s after its deadline, until removed."""
        self._open.add(exchange)
        if not self._work.is_set():
            self._work.set()
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, daemon=True)
                    self._thread.start()

    def remove(self, exchange: Expiring) -> None:
        self._open.discard(exchange)

    def _run(self) -> None:
        while True:
            self._work.wait()
            while self._open:
                time.sleep(_TICK)
                now = time.monotonic()
                for exchange in tuple(self._open):
                    if now >= exchange.deadline:
                        self.remove(exchange)
                        exchange.expire()
            self._work.clear()
            if self._open:  # added between the last look and the clearing
                self._work.set()


deadlines = Deadlines()
if hasattr(os, "register_at_fork"):  # a child has the parent's memory and none of its threads
    os.register_at_fork(after_in_child=deadlines.__init__)  # type: ignore[misc]
