"""The connections that outlive a call, and the rules for keeping and leaving them."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from distributor.adapters.smtp.connection import TALKING, Connection
from distributor.adapters.smtp.overtime import Leave, Overtime
from distributor.adapters.smtp.parcels import Relay, Result, Timeouts, Watch
from distributor.adapters.smtp.routes import SILENT, Route, choose
from distributor.adapters.smtp.stuffing import Stuffing
from distributor.errors import DeliveryError, Unavailable

_SOON = 1.0
"""Seconds after which what a silent relay did not take may go to another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many connections there are and when one is given up: messages, seconds, seconds."""

    connections: int = 4
    messages: int = 100
    age: float = 300.0
    idle: float = 30.0

    def __post_init__(self) -> None:
        if self.connections < 1 or self.messages < 1:
            raise ValueError("connections, and messages per connection, must be at least 1")
        if self.age <= 0 or self.idle <= 0:
            raise ValueError("the age and the idle time of connections must be above 0 seconds")


@dataclass(slots=True)
class Pool:
    """Connections to the relays of ``routes``, in that order of preference."""

    routes: Sequence[Route]
    limits: Limits
    timeouts: Timeouts
    local_hostname: str
    clock: Callable[[], float]
    connections: list[Connection] = field(default_factory=list)
    leaving: list[Connection] = field(default_factory=list)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    stuffing: Stuffing = field(default_factory=Stuffing)
    overtime: Overtime = field(init=False)

    def __post_init__(self) -> None:
        self.overtime = Overtime(self.timeouts, self.clock)

    @classmethod
    def of(
        cls,
        relays: Sequence[Relay],
        limits: Limits,
        timeouts: Timeouts,
        local_hostname: str,
        clock: Callable[[], float],
        watch: Watch | None = None,
    ) -> Pool:
        routes = tuple(Route(relay, watch) for relay in relays)
        return cls(routes, limits, timeouts, local_hostname or _full_name(), clock)

    def choose(self, now: float) -> Route | None:
        """Where one more connection may go; see :func:`routes.choose`."""
        if sum(not one.route.silent for one in self.connections) >= self.limits.connections:
            return None
        return choose(self.routes, now)

    def open(self, route: Route, now: float) -> None:
        """Begins a connection, if the route lets one begin.

        That it cannot even begin is a failure of the relay like others.
        """
        if not route.begin(now):
            return
        try:
            connection = Connection(
                route, self.selector, self.timeouts, self.stuffing, self.local_hostname, now
            )
        except Unavailable as error:
            route.failed(error, now, connecting=True)
            return
        route.connections += 1
        self.connections.append(connection)

    def spent(self, connection: Connection, now: float, under_way: int = 0) -> bool:
        """Whether ``connection`` takes no message beyond the ``under_way`` that it has."""
        route, dialogue = connection.route, connection.dialogue
        assert dialogue is not None
        served = dialogue.served + under_way
        return (
            served >= self.limits.messages
            or now - connection.born >= self.limits.age
            or (route.stopped_at is not None and connection.begun <= route.stopped_at)
            or (route.messages_limit is not None and served >= route.messages_limit)
        )

    def retire(self, connection: Connection, now: float) -> None:
        """Takes leave of a connection that has nothing under way."""
        self._remove(connection)
        connection.leave(now)
        self.leaving.append(connection)

    def drop(self, connection: Connection) -> None:
        self._remove(connection)
        connection.close()

    def gone(self, connection: Connection) -> None:
        """One that was taken leave of has answered, or need not be waited for."""
        self.leaving.remove(connection)
        connection.close()

    def tidy(self, now: float) -> None:
        """Lets connections go that have rested too long or do not answer ``QUIT``."""
        for connection in list(self.connections):
            resting = connection.phase is TALKING and not connection.busy
            if resting and (
                now - connection.rested >= self.limits.idle or self.spent(connection, now)
            ):
                self.retire(connection, now)
        for connection in list(self.leaving):
            if now >= connection.deadline:
                self.gone(connection)

    def listen(self, route: Route, now: float) -> bool:
        """Lets ``route`` know that nothing more has come of it until now; see there."""
        owes = any(one.route is route and one.owed for one in self.connections)
        return route.listen(now, self.timeouts.silence, owes=owes)

    def move_on(
        self, route: Route, now: float, leave: Leave | None, stop: Callable[[], bool]
    ) -> list[Result]:
        """Has nobody wait for a relay that is silent now; what comes of that.

        Messages that it has whole are left to ``leave``. The rest is due again, to be claimed anew,
        since it was taken long ago. Where there is no other relay, what this one was only asked
        about stays with it for as long as a command may take.
        """
        elsewhere = any(
            one is not route and not one.silent and one.usable(now) for one in self.routes
        )
        error = Unavailable(SILENT, about="relay", wait=_SOON if elsewhere else None)
        results: list[Result] = []
        for connection in [one for one in self.connections if one.route is route and one.busy]:
            dialogue = connection.dialogue
            assert dialogue is not None
            sent = dialogue.sent
            if sent is None:
                if not elsewhere:
                    continue
                dialogue.lose(error)
                results += dialogue.results
                self.drop(connection)
            elif connection.wire.unsent > dialogue.tail:
                results.append(Result(sent.key, error, ""))
                self.drop(connection)
            elif leave is not None:
                told = leave(sent.key, connection.deadline - now)
                self._remove(connection)
                self.overtime.take(connection, sent.key, told, stop)
            else:
                continue
            results += [Result(parcel.key, error, "") for parcel in dialogue.take_back()]
        return results

    def why(self) -> DeliveryError:
        """What keeps the relays from being used: the first one's last trouble."""
        for route in self.routes:
            if route.error is not None:
                return Unavailable(route.error.reason, route.error.reply, about="relay")
        return Unavailable("no-connection", about="relay")

    def close(self) -> None:
        """Says ``QUIT`` on every connection and gives the answers a moment."""
        now = self.clock()
        for connection in list(self.connections):
            if connection.phase is TALKING and not connection.busy:
                self.retire(connection, now)
            else:
                self.drop(connection)
        while self.leaving:
            for key, _ in self.selector.select(self.timeouts.quit):
                self.gone(key.data)
            self.tidy(self.clock())
        self.selector.close()

    def _remove(self, connection: Connection) -> None:
        self.connections.remove(connection)
        connection.route.connections -= 1


def _full_name() -> str:
    name = socket.gethostname()
    return name if "." in name and name.isascii() and name.isprintable() and " " not in name else ""
