"""What the tests of the sender share: parcels, and a postman for a listener."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from distributor.adapters.smtp import Limits, Parcel, Postman, Relay, Result, Timeouts
from tests.listeners.smtp import Listener

PATIENT = Timeouts(connect=10, command=20, data=20, final=20, stop=5)
QUICK = Timeouts(connect=0.5, command=0.5, data=0.5, final=0.5, stop=0.5)


def parcel(key: int, *, recipient: str = "", body: bytes = b"Hello.\r\n") -> Parcel:
    """A small message; its Message-ID and its return path tell the key."""
    recipient = recipient or f"r{key}@y.example"
    head = f"To: {recipient}\r\nMessage-ID: <{key}@x.example>\r\nSubject: x\r\n\r\n".encode()
    return Parcel(key=key, sender=f"b+{key}@x.example", recipient=recipient, message=head + body)


def parcels(count: int, start: int = 0) -> Iterator[Parcel]:
    return (parcel(key) for key in range(start, start + count))


class Ahead:
    """A monotonic clock that a test puts forward, so that nobody waits for what never comes.

    It is ``seconds`` ahead, and goes ``at_rest`` further once the sender has heard nothing for one
    of its turns.
    """

    def __init__(self) -> None:
        self.seconds = self.at_rest = 0.0
        self._asked = time.monotonic()

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._asked > 0.09:
            self.seconds += self.at_rest
            self.at_rest = 0.0
        self._asked = now
        return now + self.seconds


@contextmanager
def postman(
    *listeners: Listener | int,
    connections: int = 1,
    limits: Limits | None = None,
    timeouts: Timeouts = PATIENT,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Postman]:
    """A postman for ``listeners``, or the ports of this machine, without TLS."""
    ports = [one if isinstance(one, int) else one.port for one in listeners]
    one = Postman(
        [Relay(host="127.0.0.1", port=port, security="none") for port in ports],
        connections=connections,
        limits=limits,
        timeouts=timeouts,
        clock=clock,
    )
    try:
        yield one
    finally:
        one.close()


def outcome(result: Result) -> str:
    """``ok``, or the kind, the matter and the reason of the failure."""
    error = result.error
    return "ok" if error is None else f"{type(error).__name__} {error.about} {error.reason}"


def outcomes(results: list[Result]) -> dict[int, str]:
    """By key; each key has exactly one result."""
    found = {result.key: outcome(result) for result in results}
    assert len(found) == len(results)
    return found


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Waits for ``condition``, not for ever."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.002)
