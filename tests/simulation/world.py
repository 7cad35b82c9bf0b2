"""Time, processes and threads that one seed decides on: whose turn it is, and who dies.

A thread is a greenlet. It gives way at its seams: before each statement, around each commit, and
where a desk says so. Killed there, nothing after it happens: every later statement is refused, and
an open transaction is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace, TracebackType
from typing import Any, cast

import psutil
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.utils import timezone
from greenlet import getcurrent, greenlet

from distributor.dispatch import bell, delivering, fanout, leases, passing

_CLAIM = "SET state = 'sending'"
START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


class Killed(BaseException):
    """This process is no more."""


@dataclass(eq=False)
class Process:
    """What lives and dies as one."""

    name: str
    pid: int
    started: float
    alive: bool = True
    threads: list[Thread] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.name}/{self.pid}"


class Thread:
    """One thread of a process. ``ready`` says whether what it waits for has come; ``claimed`` is
    the step at which it last claimed deliveries."""

    def __init__(self, world: World, process: Process, target: Callable[[], None]) -> None:
        self._world = world
        self._target = target
        self.process = process
        self.ready: Callable[[], bool] | None = None
        self.claimed = 0
        self.database = world.connect()
        self.greenlet = greenlet(self._run, world.hub)
        process.threads.append(self)

    @property
    def done(self) -> bool:
        return bool(self.greenlet.dead)

    def _run(self) -> None:
        try:
            self._target()
        except Killed:
            pass
        finally:
            self.process.threads.remove(self)
            assert not self.database.in_atomic_block
            _idle.append(self.database)


class Database(DatabaseWrapper):
    """A connection whose statements and commits are seams of the world it lives in."""

    world: World

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self.connection.execute("PRAGMA synchronous = OFF")

    def _commit(self) -> None:
        try:
            self.world.pause()
        except Killed:
            self._rollback()
            raise
        super()._commit()  # type: ignore[misc]
        self.world.let_go(self)
        self.world.pause()

    def _rollback(self) -> None:
        super()._rollback()  # type: ignore[misc]
        self.world.let_go(self)


_idle: list[Database] = []
"""Connections that nobody uses: to open one takes longer than most stories."""


class World:
    """All that happens in the story of one seed."""

    def __init__(self, seed: int, *, aloud: bool = False) -> None:
        self.dice = Random(seed)
        self.aloud = aloud
        self.now = START
        self.steps = 0
        self.hub = getcurrent()
        self.processes: list[Process] = []
        self.messages: list[tuple[str, int]] = []
        self.lost = 0.0
        self.doubled = 0.0
        self._born = 100
        self._writer: Database | None = None
        self._running: Thread | None = None
        self._silent = False

    def connect(self) -> Database:
        """A connection of this world."""
        database = _idle.pop() if _idle else Database(connections.settings["default"], "default")
        database.world = self
        database.execute_wrappers = [self._seam]
        return database

    def process(self, name: str) -> Process:
        """A new one, with nothing to do so far."""
        self._born += 1
        born = Process(name, self._born, self.now.timestamp())
        self.processes.append(born)
        return born

    def run(self, process: Process, target: Callable[[], None]) -> Thread:
        """Have ``process`` do something beside what else it does."""
        return Thread(self, process, target)

    def kill(self, process: Process) -> None:
        """End it where it stands."""
        self.say(f"KILL {process}")
        process.alive = False
        self.processes.remove(process)
        while process.threads:
            self.resume(process.threads[0])

    def threads(self) -> list[Thread]:
        """Those who could go on."""
        every = (thread for process in self.processes for thread in process.threads)
        return [thread for thread in every if thread.ready is None or thread.ready()]

    def busy(self) -> bool:
        return any(process.threads for process in self.processes)

    def resume(self, thread: Thread) -> None:
        """Let ``thread`` go on to its next seam."""
        mine = connections["default"]
        connections["default"] = thread.database
        self._running, thread.ready = thread, None
        self.steps += 1
        try:
            thread.greenlet.switch()
        finally:
            self._running = None
            connections["default"] = mine

    def current(self) -> Process:
        """Which process this is asked in."""
        assert self._running
        return self._running.process

    def claimed(self) -> int:
        """The step at which the thread that asks last claimed deliveries."""
        assert self._running
        return self._running.claimed

    def pause(self, ready: Callable[[], bool] | None = None) -> None:
        """A seam: others go on, until it is this thread's turn and ``ready``."""
        thread = self._running
        if thread is None or self._silent:
            return
        if thread.process.alive:
            thread.ready = ready
            self.hub.switch()
        if not thread.process.alive:
            raise Killed

    def sleep(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        self.pause(lambda: self.now >= until)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """No seams within: for a look at what is so at this instant."""
        self._silent = True
        try:
            yield
        finally:
            self._silent = False

    def let_go(self, database: Database) -> None:
        if self._writer is database:
            self._writer = None

    def say(self, what: str) -> None:
        if self.aloud:
            print(f"{self.steps:5} {self.now:%d %H:%M:%S.%f}  {what}")

    def _seam(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        database: Database = context["connection"]
        if self._silent or self._running is None:
            return execute(sql, params, many, context)
        self.pause()
        reads = sql.lstrip().startswith("SELECT")
        while self._writer not in (None, database) and not reads:
            self.pause(lambda: self._writer is None)
        if self.aloud:
            self.say(f"{self.current()}: {' '.join(sql.split())[:100]} {str(params)[:60]}")
        result = execute(sql, params, many, context)
        if _CLAIM in sql:
            self._running.claimed = self.steps
        if sql.startswith("BEGIN"):
            self._writer = database
        elif not (reads or database.in_atomic_block or "RETURNING" in sql):
            self.pause()
        return result


class _Event:
    def __init__(self, world: World) -> None:
        self._world, self._set = world, False

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float) -> bool:
        until = self._world.now + timedelta(seconds=timeout)
        self._world.pause(lambda: self._set or self._world.now >= until)
        return self._set


class _Thread:
    def __init__(self, world: World, target: Callable[[], None], daemon: bool) -> None:
        self._world, self._target = world, target

    def start(self) -> None:
        self._thread = self._world.run(self._world.current(), self._target)

    def join(self) -> None:
        self._world.pause(lambda: self._thread.done)


class _Lock:
    def __init__(self, world: World) -> None:
        self._world, self._held = world, False

    def __enter__(self) -> None:
        while self._held:
            self._world.pause(lambda: not self._held)
        self._held = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._held = False


@contextmanager
def installed(world: World) -> Iterator[None]:
    """What the code asks of the system outside, its clock, processes, threads and broker, is asked
    of ``world`` while the block runs."""
    outside = [
        (timezone, "now", lambda: world.now),
        (leases, "os", SimpleNamespace(getpid=lambda: world.current().pid)),
        (leases, "psutil", _processes(world)),
        (leases, "threading", _threading(world)),
        (passing, "threading", _threading(world)),
        (delivering, "time", SimpleNamespace(monotonic=lambda: world.now.timestamp())),
        (
            fanout,
            "time",
            SimpleNamespace(monotonic=lambda: world.now.timestamp(), sleep=world.sleep),
        ),
        (bell, "current_app", SimpleNamespace(send_task=_sender(world))),
    ]
    before = [getattr(place, name) for place, name, _ in outside]
    leases._started.cache_clear()
    for place, name, stand_in in outside:
        setattr(place, name, stand_in)
    try:
        yield
    finally:
        for (place, name, _), real in zip(outside, before, strict=True):
            setattr(place, name, real)


def _processes(world: World) -> SimpleNamespace:
    def process(pid: int) -> SimpleNamespace:
        born = {one.pid: one.started for one in world.processes}
        if pid not in born:
            raise psutil.NoSuchProcess(pid)
        return SimpleNamespace(create_time=lambda: born[pid], status=lambda: "running")

    return SimpleNamespace(
        LINUX=False,
        Process=process,
        NoSuchProcess=psutil.NoSuchProcess,
        STATUS_ZOMBIE=psutil.STATUS_ZOMBIE,
    )


def _threading(world: World) -> SimpleNamespace:
    return SimpleNamespace(
        Event=lambda: _Event(world),
        Lock=lambda: _Lock(world),
        Thread=lambda target, daemon: _Thread(world, target, daemon),
    )


def _sender(world: World) -> Callable[..., None]:
    def send(name: str, args: list[int], **_: object) -> None:
        task = name.rpartition(".")[2]
        fate = world.dice.random()
        copies = 0 if fate < world.lost else 2 if fate > 1 - world.doubled else 1
        world.say(f"ring {task} {args[0]} x{copies}")
        if copies == 0 and world.dice.random() < 0.3:
            raise OSError("the broker is away")
        world.messages += [(task, args[0])] * copies

    return cast("Callable[..., None]", send)
