"""Whether nobody can be reached, which is our own trouble and counts against no endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from distributor.dispatch.journal import Outcome
from distributor.errors import Unavailable

HOSTS = 10
"""So many different hosts unreachable in a row are taken for an outage of ours."""
AGAIN = 60.0
"""Seconds after which it is tried again."""
_UNREACHABLE = frozenset({"dns", "connect"})


class _Held(NamedTuple):
    host: str
    outcome: Outcome
    record: Callable[[Outcome], None]


class Reach:
    """Holds unreachable hosts back until it is clear whose trouble it is. For many threads.

    ``out`` says that the last ten hosts were unreachable, and that nothing has answered since.
    """

    def __init__(self) -> None:
        self.out = False
        self._held: list[_Held] = []
        self._lock = threading.Lock()

    def heard(self, host: str, outcome: Outcome, record: Callable[[Outcome], None]) -> None:
        """``record`` is called with ``outcome``, now or later, or with what stands in its place."""
        error = outcome.error
        with self._lock:
            if error is None or error.reason not in _UNREACHABLE:
                self.out = False
                self._flush()
                record(outcome)
                return
            self._held.append(_Held(host, outcome, record))
            if self.out or len({held.host for held in self._held}) >= HOSTS:
                self.out = True
                self._flush()

    def settle(self) -> None:
        """Nothing more is under way: what is held back counts."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        held, self._held = self._held, []
        for _, outcome, record in held:
            if self.out:
                error = Unavailable("outage", outcome.reply, about="group", wait=AGAIN)
                outcome = outcome._replace(error=error)
            record(outcome)
