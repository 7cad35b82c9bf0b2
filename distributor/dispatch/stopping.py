"""Whether this process was asked to stop: a running batch looks here before each message."""

import threading
from collections.abc import Callable

_asked = threading.Event()
_awaited: list[Callable[[], None]] = []


def request() -> None:
    """Ask what runs in this process to finish what is on the wire and begin nothing new."""
    _asked.set()


def requested() -> bool:
    """Whether :func:`request` was called."""
    return _asked.is_set()


def await_too(ends: Callable[[], None]) -> None:
    """Have this process end only when ``ends`` returns, which it does soon after a request."""
    _awaited.append(ends)


def wait() -> None:
    """At the end of this process: wait for what goes on beside its batches."""
    for ends in _awaited:
        ends()
