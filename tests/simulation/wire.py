"""The far side: what receivers were handed, and the desk that hands it to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from distributor.audience import matching
from distributor.dispatch import rounds
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Batch
from distributor.dispatch.passing import Pass
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable
from tests.simulation.world import Killed, World

GONE = "no-such-address"
ANSWERS: dict[str, DeliveryError] = {
    "gone": Refused(GONE, "550 5.1.1 vem?", about="recipient"),
    "busy": Unavailable("busy", "451 4.3.0 later", about="recipient"),
    "asks": Unavailable("rate", "451 4.7.1 in a minute", about="recipient", wait=60.0),
    "away": Unavailable("connect", "", about="relay"),
    "rests": Unavailable("resting", "", about="group", wait=30.0),
}


class Copy(NamedTuple):
    """One edition for one reader: ``edition`` and ``recipient`` are ids."""

    edition: int
    recipient: int


class Claim(NamedTuple):
    """A round that was claimed at a step; ``urgent`` if its readers are told at once."""

    edition: int
    urgent: bool
    step: int


@dataclass(frozen=True, slots=True)
class Flight:
    """One hand-over: on the wire until its answer is on record."""

    due: Due
    copy: Copy
    error: DeliveryError | None


@dataclass
class Wire:
    """What came out at the other end.

    ``had`` counts what a receiver was handed of each copy, ``excused`` how often a process died, or
    had lost its lease, before that was on record: so often it may be handed over again.
    ``refused`` are those that were refused for good. ``claims`` are the
    rounds that were claimed.
    """

    had: Counter[Copy] = field(default_factory=Counter)
    excused: Counter[Copy] = field(default_factory=Counter)
    refused: set[Copy] = field(default_factory=set)
    unsubscribed: set[Copy] = field(default_factory=set)
    claims: list[Claim] = field(default_factory=list)


@dataclass
class Moods:
    """How the receivers answer: a word of ``ANSWERS`` with the chance of each, else 250."""

    chances: dict[str, float]
    gone: set[int]


class Desk:
    """Hands rounds over as the email desk does: some on the wire at a time, each on record as
    its answer comes, none begun for whoever wants no more."""

    def __init__(self, world: World, wire: Wire, moods: Moods) -> None:
        self._world, self._wire, self.moods = world, wire, moods
        self._round = world.dice.randint(1, 4)
        self._at_a_time = world.dice.randint(1, 3)
        self.late = world.dice.random() < 0.3

    def size(self) -> int:
        return self._round

    def connections(self) -> int:
        return self._at_a_time

    def deliver(self, pass_: Pass) -> None:
        under_way: list[Flight] = []
        try:
            while round_ := pass_.take():
                self._hand_over(pass_, round_, under_way)
            while under_way:
                self._end(pass_, under_way)
        except Killed:
            self._wire.excused.update(one.copy for one in under_way if one.error is None)
            raise

    def _hand_over(self, pass_: Pass, round_: list[Due], under_way: list[Flight]) -> None:
        dice, world = self._world.dice, self._world
        with world.at_once():
            urgent = Batch.objects.values_list("urgent", flat=True).get(pk=pass_.batch_id)
        self._wire.claims.append(Claim(pass_.edition.pk, urgent, world.claimed()))
        wanted = matching.still_wanted([due.recipient for due in round_])
        for at, due in enumerate(round_):
            copy = Copy(pass_.edition.pk, due.recipient)
            if due.recipient not in wanted:
                self._wire.unsubscribed.add(copy)
                pass_.know(Outcome(due.id, Refused("unsubscribed"), "", world.now.timestamp()))
                continue
            while len(under_way) >= self._at_a_time:
                self._end(pass_, under_way)
            if at and dice.random() < 0.05:
                world.say(f"{world.current()}: round over, {len(round_) - at} handed back")
                pass_.hand_back(round_[at:])
                return
            world.pause()
            pass_.begin(due.id)
            under_way.append(self._begin(due, copy))
            world.pause()

    def _begin(self, due: Due, copy: Copy) -> Flight:
        error = self._answer(copy.recipient)
        if error is None:
            self._wire.had[copy] += 1
        elif isinstance(error, Refused):
            self._wire.refused.add(copy)
        self._world.say(f"{self._world.current()}: {copy} {error or 'TAKEN'}")
        return Flight(due, copy, error)

    def _answer(self, recipient: int) -> DeliveryError | None:
        if recipient in self.moods.gone:
            return ANSWERS["gone"]
        for word, chance in self.moods.chances.items():
            if self._world.dice.random() < chance:
                return ANSWERS[word]
        return None

    def _end(self, pass_: Pass, under_way: list[Flight]) -> None:
        flight = self._world.dice.choice(under_way)
        self._world.pause()
        if self.late and self._world.dice.random() < 0.2:
            self._leave(pass_, flight)
        else:
            pass_.know(self._outcome(flight))
            if flight.error is None and not self._holds(pass_.batch_id):
                self._wire.excused[flight.copy] += 1
        under_way.remove(flight)

    def _outcome(self, flight: Flight) -> Outcome:
        reply = flight.error.reply if flight.error else "250 2.0.0 taken"
        return Outcome(flight.due.id, flight.error, reply, self._world.now.timestamp())

    def _leave(self, pass_: Pass, flight: Flight) -> None:
        """Its answer comes when the batch may be over, or not at all."""
        until = self._world.now + timedelta(seconds=60)
        batch = pass_.batch_id
        pass_.leave(flight.due, until)
        if flight.error is None and not self._holds(batch):
            self._wire.excused[flight.copy] += 1

        def hear() -> None:
            try:
                self._world.sleep(self._world.dice.uniform(0, 20))
                rounds.record_late(batch, self._outcome(flight), claimed_until=until)
                lost = self._world.now >= until
            except Killed:
                lost = True
                raise
            finally:
                if lost and flight.error is None:
                    self._wire.excused[flight.copy] += 1

        self._world.run(self._world.current(), hear)

    def _holds(self, batch: int) -> bool:
        """Whether the lease is still this process's."""
        with self._world.at_once():
            holder = Batch.objects.values_list("holder", flat=True).get(pk=batch)
        return holder.rpartition("/")[0].endswith(f"/{self._world.current().pid}")
