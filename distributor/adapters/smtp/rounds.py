"""One call of the sender: parcels in, results out, replies journalled in between."""

from __future__ import annotations

import selectors
from collections import deque
from collections.abc import Callable, Generator, Iterator

from distributor.adapters.smtp.answers import STOPPING
from distributor.adapters.smtp.connection import TALKING, Connection
from distributor.adapters.smtp.dialogue import GO, OVER, READY
from distributor.adapters.smtp.overtime import Leave
from distributor.adapters.smtp.parcels import Parcel, Result
from distributor.adapters.smtp.pool import Pool
from distributor.errors import UNANSWERED, DeliveryError, Refused, Unavailable

_TICK = 0.1
_SHORT_TICK = 0.02
"""Seconds after which connections at rest ask again where there was nothing to send."""
_RESTED = 1.0
_PATIENCE = 1.0
"""Seconds for which what was taken from the source waits while no connection is ready."""


class Round:
    """What one call of :meth:`Postman.send` does with the pool.

    The source is not asked before a connection is ready for what it gives: what it gives is claimed
    then, and nobody asks again whether it is still to go. ``waiting`` holds parcels that were taken
    for further connections still being made, or that a relay was only asked about when it closed:
    none of their octets has left. They do not wait for long either.
    """

    def __init__(
        self,
        pool: Pool,
        source: Iterator[Parcel | None],
        journal: Callable[[Result], None],
        begins: Callable[[int], None],
        stop: Callable[[], bool],
        leave: Leave | None = None,
    ) -> None:
        self._pool, self._leave = pool, leave
        # A generator is told behind which message the parcel it gives will leave.
        self._take: Callable[[int | None], Parcel | None] = (
            source.send if isinstance(source, Generator) else lambda behind: next(source)
        )
        self._journal, self._begins = journal, begins
        self._stop = stop
        self._results: list[Result] = []
        self._waiting: deque[Parcel] = deque()
        self._invited: list[Connection] = []
        self._asked = False
        self._tried = bool(pool.connections)
        self._ready_at = pool.clock()
        self._ended = False
        self._paused = False
        self._slack = True
        self._halt_at: float | None = None
        self._look_at = self._ask_at = 0.0
        self._failure: Exception | None = None

    def work(self) -> Iterator[Result]:
        """Runs to the end, yielding results as they become known.

        Raises:
            Exception: what the source or the journal raised. After one of the source, messages on
                the wire are waited for as after a stop; after one of the journal they are not.
        """
        self._pool.tidy(self._pool.clock())
        now = self._turn(0)
        while True:
            if self._slack or (self._paused and now >= self._ask_at):
                self._spread(now)
            if self._results:
                results, self._results = self._results, []
                yield from results
            if self._ended and not self._waiting and not self._under_way():
                break
            now = self._turn(_SHORT_TICK if self._paused else _TICK)
            if self._failure is not None:
                self.halt()
        if self._failure is not None:
            raise self._failure

    def halt(self) -> None:
        """No new message begins; those whose text is on the wire get a little time."""
        now = self._pool.clock()
        if self._halt_at is None:
            self._ended, self._halt_at = True, now + self._pool.timeouts.stop
            self._waiting.clear()
            for connection in list(self._pool.connections):
                dialogue = connection.dialogue
                if dialogue is None or (dialogue.asked and not dialogue.sent):
                    self._lose(connection, _stopped(), now)

    def abandon(self) -> None:
        """Closes what still has something on the wire."""
        for connection in list(self._pool.connections):
            if connection.busy:
                self._pool.drop(connection)

    def _under_way(self) -> bool:
        return any(connection.busy for connection in self._pool.connections)

    def _turn(self, patience: float) -> float:
        """Waits for the other side, deals with all that has happened, returns the time.

        What relays are ready to take leaves at the end, one message right after the other: so a
        relay is woken once for several, which costs both sides less than each by itself.
        """
        events = self._pool.selector.select(patience)
        now = self._pool.clock()
        while events:
            for key, mask in events:
                self._deal(key.data, mask, now)
            # No connection that is invited is heard of again before it has its message.
            events = self._pool.selector.select(0) if self._invited else []
        if self._invited:
            self._hand_over(now)
        if now >= self._look_at:
            self._look(now)
        return now

    def _deal(self, connection: Connection, mask: int, now: float) -> None:
        talking = connection.phase is TALKING
        if talking or mask & selectors.EVENT_READ:
            # What it reads of a message that is on its way says too that it is alive.
            connection.route.heard_at = now
        if talking:
            if mask & selectors.EVENT_WRITE:
                connection.flush(now)
            if mask & selectors.EVENT_READ:
                self._talk(connection, now)
        elif connection.phase == "leaving":
            self._pool.gone(connection)
        elif connection.phase != "closed":
            self._advance(connection, now, writable=bool(mask & selectors.EVENT_WRITE))

    def _talk(self, connection: Connection, now: float) -> None:
        wire, dialogue = connection.wire, connection.dialogue
        assert dialogue is not None
        try:
            data = wire.read()
        except Unavailable as error:
            self._lose(connection, error, now)
            return
        if not data:
            return
        answer = dialogue.receive(data, early=wire.unsent > dialogue.tail)
        if dialogue.results:
            self._settle(connection)
        state = dialogue.state
        if state is GO:
            if self._halt_at is not None or self._stop():
                self.halt()
                self._lose(connection, _stopped(), now)
                return
            if dialogue.capabilities.pipelining and not self._pool.spent(connection, now, 1):
                self._lay(connection)
            self._invited.append(connection)
        elif state is READY:
            self._engage(connection, now)
        elif state is OVER:
            assert dialogue.error is not None
            self._lose(connection, dialogue.error, now)
        elif answer:
            connection.say(answer, now, self._pool.timeouts.command)
        elif dialogue.sent is None:
            connection.deadline = now + self._pool.timeouts.command

    def _hand_over(self, now: float) -> None:
        """Sends the messages that relays wait for."""
        invited, self._invited = self._invited, []
        for connection in invited:
            dialogue = connection.dialogue
            if connection.phase is TALKING and dialogue is not None and dialogue.state is GO:
                assert dialogue.asked is not None
                self._begins(dialogue.asked.key)
                message, rest = dialogue.go()
                connection.say(message, now, self._pool.timeouts.final, rest)

    def _advance(self, connection: Connection, now: float, *, writable: bool) -> None:
        try:
            connection.advance(now, writable=writable)
        except DeliveryError as error:
            self._lose(connection, error, now)
            return
        if connection.phase is TALKING:
            self._ready_at = now
            self._engage(connection, now)
            self._slack = True

    def _engage(self, connection: Connection, now: float) -> None:
        """Gives a connection that is ready its next parcel."""
        dialogue = connection.dialogue
        assert dialogue is not None
        if self._halt_at is not None or self._stop():
            self.halt()
            connection.rested = now
        elif self._pool.spent(connection, now):
            self._pool.retire(connection, now)
            self._slack = True
        elif self._lay(connection):
            if now - connection.rested > _RESTED:
                connection.woken = dialogue.served
            connection.say(dialogue.ask(), now, self._pool.timeouts.command)
        else:
            connection.rested = now

    def _lay(self, connection: Connection) -> bool:
        """Lays the next parcel that the relay could take ready on ``connection``."""
        dialogue = connection.dialogue
        assert dialogue is not None
        behind = None if dialogue.asked is None else dialogue.asked.key
        while (parcel := self._next(behind)) is not None:
            try:
                dialogue.offer(parcel)
            except Refused as error:
                self._report(Result(parcel.key, error, ""))
            else:
                return True
        return False

    def _next(self, behind: int | None) -> Parcel | None:
        return self._waiting.popleft() if self._waiting else self._pull(behind)

    def _pull(self, behind: int | None = None) -> Parcel | None:
        if self._ended:
            return None
        self._asked = True
        try:
            parcel = self._take(behind)
        except StopIteration:
            self._ended, self._paused = True, False
            return None
        except Exception as error:
            self._failure = error
            self._ended, self._paused = True, False
            return None
        self._paused = parcel is None
        if self._paused:
            self._ask_at = self._pool.clock() + _SHORT_TICK
        return parcel

    def _settle(self, connection: Connection) -> None:
        """Reports what the dialogue has found out, before anything more is written on it."""
        dialogue, route = connection.dialogue, connection.route
        assert dialogue is not None
        for result in dialogue.results:
            self._report(result)
            error = result.error
            if error is None or error.about != "relay":
                if route.breaker.troubled:
                    route.succeeded(connection.begun)
                    self._slack = True
            elif error.reason in STOPPING:
                route.stop(error, self._pool.clock())
        dialogue.results.clear()

    def _report(self, result: Result) -> None:
        self._journal(result)
        self._results.append(result)

    def _lose(self, connection: Connection, error: DeliveryError, now: float) -> None:
        """The connection is of no more use. What it had under way is due again.

        A parcel that the relay was only asked about goes to another connection if this one has
        been of use: relays close after so many messages, and that is no failure of theirs.
        """
        if connection.phase == "closed":
            return
        dialogue, route = connection.dialogue, connection.route
        whole = dialogue is not None and connection.wire.unsent <= dialogue.tail
        if dialogue is not None:
            dialogue.lose(error)
            self._settle(connection)
        self._pool.drop(connection)
        self._slack = True
        sent = dialogue.sent if dialogue is not None else None
        asked = dialogue.asked if dialogue is not None else None
        useful = dialogue is not None and (dialogue.served > 0 or sent is not None)
        if sent is not None:
            self._report(Result(sent.key, _unanswered(error) if whole else error, error.reply))
        if self._halt_at is not None:
            return
        if asked is not None:
            if useful:
                self._waiting.append(asked)
            else:
                self._report(Result(asked.key, error, error.reply))
        if dialogue is not None and dialogue.offered is not None:
            self._waiting.append(dialogue.offered[0])
        if dialogue is None:
            route.failed(error, now, connecting=True)
        elif sent is None and useful and error.reason in ("closed", "closing"):
            if asked is not None and dialogue.served > connection.woken:
                route.closed_after(dialogue.served)
        elif sent is not None or asked is not None:
            route.failed(error, now, connecting=False)

    def _spread(self, now: float) -> None:
        """Finds work for connections at rest, and connections for more work."""
        self._slack = self._paused = False
        pool = self._pool
        for connection in list(pool.connections):
            if connection.phase is TALKING and not connection.busy:
                self._engage(connection, now)
        while self._waiting or not (self._ended or self._paused):
            route = pool.choose(now)
            if route is None:
                break
            opening = sum(
                connection.phase is not TALKING and not connection.route.silent
                for connection in pool.connections
            )
            if not self._asked:
                if opening:
                    break
            elif opening >= len(self._waiting):
                parcel = None if self._paused else self._pull()
                if parcel is None:
                    break
                self._waiting.append(parcel)
            pool.open(route, now)
            self._tried = True
        if not pool.connections and not self._paused:
            self._give_up(pool.why())

    def _give_up(self, error: DeliveryError) -> None:
        """No relay can be used: what was taken is due again, and no more is taken.

        One is, if none was before a connection failed, so that the caller hears why.
        """
        if self._tried and not self._asked and (parcel := self._pull()) is not None:
            self._waiting.append(parcel)
        self._ended = True
        while self._waiting:
            self._report(Result(self._waiting.popleft().key, error, error.reply))

    def _look(self, now: float) -> None:
        """What only the clock tells: a stop, patience at an end, connections long at rest."""
        self._look_at, self._slack = now + _TICK, True
        if self._halt_at is None and self._stop():
            self.halt()
        if any(
            connection.phase is TALKING and not connection.route.silent
            for connection in self._pool.connections
        ):
            self._ready_at = now
        for connection in list(self._pool.connections):
            waited_for = connection.phase is not TALKING or connection.busy
            if self._halt_at is not None and connection.busy and now >= self._halt_at:
                self._lose(connection, _stopped(), now)
            elif waited_for and now >= connection.deadline:
                try:
                    connection.overdue(now)
                except Unavailable as error:
                    self._lose(connection, error, now)
        for route in self._pool.routes:
            if self._pool.listen(route, now) and self._halt_at is None:
                for result in self._pool.move_on(route, now, self._leave, self._stop):
                    self._report(result)
                self._slack = True
        if now - self._ready_at >= _PATIENCE:
            connections = self._pool.connections
            if connections and all(connection.route.silent for connection in connections):
                self._give_up(self._pool.why())
            elif self._asked:
                self._give_up(Unavailable("connecting", about="relay", wait=_PATIENCE))
        self._pool.tidy(now)


def _unanswered(error: DeliveryError) -> Unavailable:
    """The final dot has left, and nobody knows whether the relay took the message over."""
    return Unavailable(UNANSWERED, error.reply or error.reason, about="relay")


def _stopped() -> Unavailable:
    return Unavailable("stopped", about="relay")
