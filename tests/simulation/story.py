"""What happens in a world: a newsroom at work, readers who come and go, faults; then calm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import inf

import structlog
from django.db import connection
from django.db.models import Min
from django.utils import timezone

from distributor.audience.models import Subscription
from distributor.dispatch import control, delivering, editions, fanout, feeds, journal, sweep
from distributor.dispatch.models import Batch, Edition, Feed
from distributor.service import prepare
from tests import fanning
from tests.simulation.wire import Desk, Moods, Wire
from tests.simulation.world import Process, Thread, World, installed

STORM = 400
"""Steps until no more faults come."""
BETWEEN = 300
"""Steps that one sweep is given at most before the next."""
CALM = 60
"""Sweeps that everything must be done after."""
_ACTS = (
    ("release.updated", ""),
    ("release.updated", "fact"),
    ("release.withheld", ""),
    ("release.withdrawn", ""),
)
_TABLES = (
    "dispatch_attempt",
    "dispatch_delivery",
    "dispatch_batch",
    "dispatch_editiontopic",
    "dispatch_composition",
    "dispatch_edition",
    "audience_subscription",
    "audience_subscriber",
)


@dataclass
class Act:
    """What a person did to ``editions``, from step to step; one that was killed never ended."""

    kind: str
    begun: int
    editions: set[int]
    ended: float = inf


class Story:
    """One seed: afterwards ``world``, ``wire`` and the database tell what came of it."""

    def __init__(self, seed: int, *, aloud: bool = False) -> None:
        self.world = world = World(seed, aloud=aloud)
        dice = world.dice
        self.wire = Wire()
        self.readers = _cleared(dice.randint(3, 9))
        gone = {reader for reader in self.readers if dice.random() < 0.08}
        chances = {"busy": 0.1, "asks": 0.03, "away": 0.05, "rests": 0.05}
        chances = {word: chance for word, chance in chances.items() if dice.random() < 0.5}
        self.desk = Desk(world, self.wire, Moods(chances, gone))
        self.followers = set(self.readers)
        self.acts: list[Act] = []
        self.release = ""
        self._deaths = dice.choice((0.0, 0.005, 0.02))
        self._leaps = dice.choice((0.0, 0.0, 0.01))
        world.lost = dice.choice((0.0, 0.1, 0.5))
        world.doubled = dice.choice((0.0, 0.1, 0.3))
        self._workers = [world.process("worker") for _ in range(dice.randint(1, 3))]
        self._clock: Thread | None = None
        self._acts: list[tuple[int, Callable[[], None]]] = []
        self._tasks: dict[Process, tuple[str, int]] = {}
        self._batch = dice.choice((1, 2, 3, 5))

    def run(self) -> None:
        """Storm, then calm."""
        delivering.DESKS["email"] = self.desk
        fanout.SIZES["email"] = self._batch
        with installed(self.world):
            self._plan()
            self._storm()
            self._calm()
            for process in list(self.world.processes):
                self.world.kill(process)

    def _plan(self) -> None:
        dice = self.world.dice
        self._do("editor", self._publish)
        choice = (self._correct, self._unsubscribe, self._pause, self._resume, self._cancel)
        likely = (3, 2, 2, 1.5, 0.7)
        for act in dice.choices(choice, likely, k=dice.randint(0, 4)):
            self._acts.append((dice.randint(20, STORM), act))

    def _storm(self) -> None:
        world, dice = self.world, self.world.dice
        while world.steps < STORM and (world.busy() or world.messages or self._acts):
            for at, act in list(self._acts):
                if world.steps >= at:
                    self._acts.remove((at, act))
                    self._do("editor", act)
            if dice.random() < 0.01:
                self._sweep(again=dice.random() < 0.2)
            if dice.random() < self._deaths:
                self._kill(dice.choice(world.processes))
            if dice.random() < self._leaps:
                self._leap(dice.choice((35, 65, 125, 130, 3600)))
            if not self._step():
                world.steps += 10
                self._leap(dice.choice((5, 20, 65)))
                self._sweep(again=False)

    def _calm(self) -> None:
        """Sweep until nothing is owed."""
        world = self.world
        self.desk.moods.chances = {}
        self._deaths = world.lost = world.doubled = 0.0
        world.say("CALM")
        for _, act in self._acts:
            self._do("editor", act)
        settled = False
        for _ in range(CALM):
            if self._waits_for_a_resume():
                self._do("editor", self._resume)
            for _ in range(BETWEEN):
                if not self._step():
                    break
            quiet = not world.busy() and not self._owed()
            if settled and quiet:
                return
            settled = quiet
            self._leap(61)
            if not world.busy() and not world.messages and (due := self._due()):
                world.now = max(world.now, due)
            self._sweep(again=False)

    def _step(self) -> bool:
        """One thread goes on to its next seam, or one message is taken; False if there is none."""
        world = self.world
        ready = world.threads()
        free = [one for one in self._workers if not one.threads] if world.messages else []
        if not ready and not free:
            return False
        choices: list[Thread | Process] = [*ready, *free]
        chosen = world.dice.choice(choices)
        if isinstance(chosen, Process):
            message = world.messages.pop(world.dice.randrange(len(world.messages)))
            self._work(chosen, message)
        else:
            world.resume(chosen)
        world.now += timedelta(milliseconds=world.dice.choice((1, 1, 5, 20, 300)))
        return True

    def _work(self, worker: Process, message: tuple[str, int]) -> None:
        task, ident = message
        todo = {"fan_out": fanout.fan_out, "deliver": delivering.deliver}.get(task)
        if todo is None:
            return
        self.world.say(f"{worker} takes {task} {ident}")
        self._tasks[worker] = message
        self.world.run(worker, partial(todo, ident))

    def _kill(self, process: Process) -> None:
        """A message that dies with a worker is sent again by the broker, or is not."""
        at_work = bool(process.threads)
        self.world.kill(process)
        if process in self._workers:
            self._workers.remove(process)
            self._workers.append(self.world.process("worker"))
            if at_work and self.world.dice.random() < 0.5:
                self.world.messages.append(self._tasks[process])

    def _do(self, name: str, act: Callable[[], None]) -> None:
        self.world.say(f"{name}: {getattr(act, '__name__', act)}")
        self.world.run(self.world.process(name), act)

    def _sweep(self, *, again: bool) -> None:
        if self._clock is None or self._clock.done:
            process = self.world.process("clock")
            self._clock = self.world.run(process, lambda: _swept(again))

    def _leap(self, seconds: float) -> None:
        self.world.say(f"{seconds} s pass")
        self.world.now += timedelta(seconds=seconds)

    def _owed(self) -> bool:
        return (
            Batch.objects.exclude(due_at=None).exists()
            or Edition.objects.filter(fanned_out_at=None).exists()
        )

    def _waits_for_a_resume(self) -> bool:
        """Whether a pause stands, and whoever it spares has been told."""
        paused = Edition.objects.exclude(paused_at=None, pause_holds_since=None)
        spared = Batch.objects.filter(urgent=True, edition__paused_at=None).exclude(due_at=None)
        unwritten = Edition.objects.filter(fanned_out_at=None)
        return paused.exists() and not spared.exists() and not unwritten.exists()

    def _due(self) -> datetime | None:
        due: datetime | None = Batch.objects.aggregate(next=Min("due_at"))["next"]
        return due

    @contextmanager
    def _acting(self, kind: str) -> Iterator[Act]:
        with self.world.at_once():
            standing = set(Edition.objects.values_list("pk", flat=True))
        act = Act(kind, self.world.steps, standing)
        self.acts.append(act)
        yield act
        act.ended = self.world.steps

    def _publish(self) -> None:
        with self._acting("issue") as act:
            edition = fanning.issue(fan_out=False)
            act.editions = {edition.pk}
        self.release = str(edition.release_id)

    def _correct(self) -> None:
        newest = Edition.objects.order_by("-number").first()
        if newest is None or newest.status == "canceled":
            return
        act, kind = self.world.dice.choice(_ACTS)
        title = f"Bron, {newest.number + 1}"
        with suppress(editions.Final), self._acting("issue") as issued:
            after = fanning.issue(newest, act=act, kind=kind, fan_out=False, title=title)
            issued.editions = {after.pk}

    def _unsubscribe(self) -> None:
        reader = self.world.dice.choice(self.readers)
        self.followers.discard(reader)
        rows = Subscription.objects.filter(subscriber=reader, ended_at=None)
        rows.update(ended_at=timezone.now(), ended_reason="unsubscribed")

    def _pause(self) -> None:
        if self.release:
            with self._acting("pause"):
                control.pause(self.release)

    def _resume(self) -> None:
        if self.release:
            with self._acting("resume"):
                control.resume(self.release)

    def _cancel(self) -> None:
        if self.release:
            with self._acting("cancel"):
                control.cancel(self.release)


def prepared() -> None:
    """The tables and the feeds, once."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(50), cache_logger_on_first_use=False
    )
    prepare.migrate()
    fanning.readers(1)
    feeds.found()
    # Built already, so that no sweep rings for them.
    Feed.objects.update(built_at=timezone.now())


def _swept(again: bool) -> None:
    sweep.ring_due(again=again)


def _cleared(readers: int) -> list[int]:
    """Ids of so many new readers, and nothing else in the database."""
    for ident in journal.batches():
        journal.remove(ident)
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute(f"UPDATE sqlite_sequence SET seq = 0 WHERE name IN {_TABLES}")
    return fanning.readers(readers)
