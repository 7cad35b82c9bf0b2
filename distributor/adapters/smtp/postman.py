"""The sender: one thread, one selector, a pool of connections that outlive each call."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from distributor.adapters.smtp.overtime import Leave
from distributor.adapters.smtp.parcels import Parcel, Relay, Result, Timeouts, Watch
from distributor.adapters.smtp.pool import Limits, Pool
from distributor.adapters.smtp.rounds import Round


def _untold(what: object) -> None:
    """For callers that can do without."""


def _never() -> bool:
    return False


class Postman:
    """Hands messages over to the first of ``relays`` that stands well. For one thread.

    ``limits`` says after how many messages, how many seconds and how long a rest one of the
    ``connections`` is given up. A new connection costs some round trips and, in TLS, a millisecond
    of computing: where the relay is one's own and the rate high, raise messages and age.
    ``local_hostname`` is said in EHLO; by default this machine's full name, or else its address.
    ``clock`` is monotonic, in seconds; ``watch`` is told which relays are in trouble.

    Raises:
        ValueError: an option is out of range, or a relay's ``ca_file`` cannot be read.
    """

    def __init__(
        self,
        relays: Sequence[Relay],
        *,
        connections: int = 4,
        local_hostname: str = "",
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        clock: Callable[[], float] = time.monotonic,
        watch: Watch | None = None,
    ) -> None:
        if not relays:
            raise ValueError("there must be at least one relay")
        limits = replace(limits or Limits(), connections=connections)
        self._pool = Pool.of(relays, limits, timeouts or Timeouts(), local_hostname, clock, watch)

    def send(
        self,
        parcels: Iterable[Parcel | None],
        *,
        journal: Callable[[Result], None] = _untold,
        begins: Callable[[int], None] = _untold,
        stop: Callable[[], bool] = _never,
        leave: Leave | None = None,
    ) -> Iterator[Result]:
        """Send ``parcels``, taken one at a time as a connection is free; yield what came of each.

        ``journal`` gets each result before anything more is written on its connection, ``begins``
        the key of each parcel before the text of its message is: a relay that was only asked about
        one has not got it. Once ``stop`` says so no new message begins, and what is on the wire
        gets 8 seconds; closing the iterator early does the same, its results going to the journal
        alone. A parcel of which no result comes was not begun, or none of it has left. None among
        the parcels means that there is nothing to send for the moment. Where ``parcels`` is a
        generator, its ``yield`` gives the key of the parcel that is about to leave on the
        connection for which the next one is taken, if there is one; that next one leaves when the
        outcome of the other is known. If no relay can be used, the parcels taken come back as
        Unavailable, about the relay, and no more are taken. A message that a relay has whole when
        it falls silent is left to ``leave``, if given: whom that names is told of it in a thread,
        and no result comes here.

        Raises:
            Exception: what ``parcels``, ``journal`` or ``begins`` raised.
        """
        round_ = Round(self._pool, iter(parcels), journal, begins, stop, leave)
        work = round_.work()
        try:
            # Not "yield from": that would end the work with the caller's interest in it.
            for result in work:  # noqa: UP028
                yield result
        except GeneratorExit:
            round_.halt()
            deque(work, maxlen=0)
            raise
        finally:
            round_.abandon()

    def last_words(self) -> None:
        """After a stop: wait until those who were left are told, some seconds at most."""
        self._pool.overtime.join()

    def close(self) -> None:
        """Say ``QUIT`` on every connection. The postman is of no more use then."""
        self._pool.close()
