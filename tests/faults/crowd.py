"""Everybody who is sent mail, behind one mail server that can be told to behave badly."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.listeners.smtp import Answer, Listener, Mail, Session

SLOW = 0.3
"""Seconds for each message, while it takes its time."""


class Crowd:
    """A mail server that remembers who got what; ``port`` stays the same while it is away.

    ``answer`` puts other words into its mouth; with a ``delay`` there is time to do something to
    whoever sends.
    """

    def __init__(self) -> None:
        self.answer: Answer = self.usual
        self._going = threading.Event()
        self._going.set()
        self._before: list[Mail] = []
        self._keep = False
        self._slow_from: int | None = None
        self._listener = self._listen(0, 0.0)
        self.port = self._listener.port

    def anew(self, *, delay: float = 0.0, keep: bool = False, answer: Answer | None = None) -> None:
        """Forget what was; with ``keep`` the messages are kept whole."""
        self.answer, self._keep = answer or self.usual, keep
        self._before, self._slow_from = [], None
        self._listener.mails.clear()
        self._listener.delay, self._listener.keep = delay, keep

    def go_away(self) -> None:
        """End all connections, and let nobody connect."""
        self._listener.__exit__(None, None, None)
        self._before += self._listener.mails
        self._listener.mails.clear()

    def come_back(self) -> None:
        """Be there again."""
        self._listener = self._listen(self.port, self.delay)

    def slow_from(self, count: int | None) -> None:
        """Take its time once so many messages were taken over, so that what is to happen then
        happens before the last of them; with None no more, now or later."""
        self._slow_from = count

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Say nothing until the block ends."""
        self._going.clear()
        try:
            yield
        finally:
            self._going.set()

    def usual(self, session: Session, heard: bytes) -> None:
        """What a good server says is what the listener says by itself."""

    @property
    def delay(self) -> float:
        """What it waits before each answer, in seconds."""
        return self._listener.delay

    @delay.setter
    def delay(self, seconds: float) -> None:
        self._listener.delay = seconds

    @property
    def mails(self) -> list[Mail]:
        """What was taken over, in order."""
        return self._before + self._listener.mails

    @property
    def count(self) -> int:
        """How many messages were taken over."""
        return len(self._before) + len(self._listener.mails)

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return self._listener.open

    @property
    def connected(self) -> int:
        """How many connections there ever were since it came."""
        return len(self._listener.sessions)

    def of(self, release: str) -> list[Mail]:
        """The mails of a release."""
        return [mail for mail in self.mails if mail.message_id.startswith(f"<{release}.")]

    def _answer(self, session: Session, heard: bytes) -> Sequence[bytes] | None:
        slow_from = self._slow_from
        if heard == b"." and slow_from is not None and self.count >= slow_from:
            time.sleep(SLOW)
        self._going.wait()
        return self.answer(session, heard)

    def _listen(self, port: int, delay: float) -> Listener:
        listener = Listener(
            answer=self._answer,
            delay=delay,
            keep=self._keep,
            port=port,
        )
        return listener.__enter__()
