"""Everybody who is sent mail, behind one mail server that can be told to behave badly."""

from __future__ import annotations

from collections import Counter

from tests.listeners.smtp import Answer, Listener, Mail, Session
from tests.running import until


class Crowd:
    """A mail server that remembers who got what; ``port`` stays the same while it is away.

    ``answer`` puts other words into its mouth; ``delay`` is what it waits before each answer, in
    seconds, so that there is time to do something to whoever sends.
    """

    def __init__(self) -> None:
        self.delay = 0.0
        self.answer: Answer = _as_usual
        self._before: list[Mail] = []
        self._keep = False
        self._listener = self._listen(0)
        self.port = self._listener.port

    def anew(self, *, delay: float = 0.0, keep: bool = False) -> None:
        """Forget what was, and be a good server; with ``keep`` the messages are kept whole."""
        self.answer, self.delay, self._keep = _as_usual, delay, keep
        self._before = []
        if self._listener is not None:
            self._listener.mails.clear()
            self._listener.delay, self._listener.keep = delay, keep

    def go_away(self) -> None:
        """End all connections, and let nobody connect."""
        self._listener.__exit__(None, None, None)
        self._before += self._listener.mails
        self._listener.mails.clear()

    def come_back(self) -> None:
        """Be there again."""
        self._listener = self._listen(self.port)

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

    @property
    def copies(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(mail.recipient for mail in self.mails)

    def wait_for(self, count: int, seconds: float = 120) -> None:
        """Wait until so many messages were taken over."""
        until(lambda: self.count >= count, seconds, f"{count} mails, there are {self.count}")

    def _listen(self, port: int) -> Listener:
        listener = Listener(
            answer=lambda session, heard: self.answer(session, heard),
            delay=self.delay,
            keep=self._keep,
            port=port,
        )
        return listener.__enter__()


def _as_usual(session: Session, heard: bytes) -> None:
    return None
