"""Whether this process was asked to stop: a running batch looks here before each message."""

import threading

_asked = threading.Event()


def request() -> None:
    """Ask what runs in this process to finish what is on the wire and begin nothing new."""
    _asked.set()


def requested() -> bool:
    """Whether :func:`request` was called."""
    return _asked.is_set()
