"""Everybody who is sent mail, behind one mail server that can be told to behave badly."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.listeners.smtp import Answer, Listener, Mail, Session


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
        self._listener = self._listen(0, 0.0)
        self.port = self._listener.port

    def anew(self, *, delay: float = 0.0, keep: bool = False, answer: Answer | None = None) -> None:
        """Forget what was; with ``keep`` the messages are kept whole."""
        self.answer, self._keep = answer or self.usual, keep
        self._before = []
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
