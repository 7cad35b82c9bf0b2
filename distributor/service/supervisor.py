"""Runs the parts of the service: starts again what dies, and leaves nothing behind.

Parts are tied to this process: they go when it goes, in whatever way. Signals go to the parts
themselves and never to what a part runs by itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType

from distributor.service import tether

_TURN = 0.1
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0
"""Seconds: what dies at once for good shall not fill the machine with starts, and what was killed
from outside, however often, shall not keep readers waiting."""
_SETTLED_AFTER = 2.0
"""Seconds after which a part that dies is started again at once, as if for the first time."""


class Stopped(Exception):
    """A signal asked for the end while something was being waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process to be kept running: a command line, or a function for a fork of this process.

    A higher ``stage`` ends earlier. After SIGTERM it has ``grace`` seconds. ``before`` is called
    before each start. If this process is killed, the part gets ``at_death``. What it prints goes to
    ``stdout``, a file descriptor.
    """

    name: str
    command: list[str] | Callable[[], object]
    stage: int
    grace: float
    role: str = ""
    before: Callable[[], None] = lambda: None
    at_death: signal.Signals = signal.SIGKILL
    keep: tuple[int, ...] = ()
    stdout: int = 2


@dataclass(slots=True)
class _Run:
    part: Part
    process: tether.Process | None = None
    started: float = 0.0
    failures: int = 0
    due: float = field(default_factory=time.monotonic)


class Supervisor:
    """The parts that run, in one thread. ``environ`` is what all of them get."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self._runs: list[_Run] = []
        self._asked = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Handle signals and, at the end, stop all parts in order.

        SIGTERM, SIGINT or SIGHUP ends the block with :class:`Stopped`, which is taken here; a
        second one ends everything at once.
        """
        signals = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {signum: signal.signal(signum, self._ask) for signum in signals}
        try:
            yield
        except Stopped:
            pass
        finally:
            self._stop()
            for signum, handler in before.items():
                signal.signal(signum, handler)

    def start(self, part: Part) -> tether.Process:
        """Start ``part``; from now on it is started again when it ends."""
        run = _Run(part)
        self._runs.append(run)
        return self._start(run)

    def once(self, part: Part) -> tether.Process:
        """Run ``part`` to its end and give it back ended.

        Raises:
            Stopped: the end was asked for meanwhile.
        """
        process = self._spawn(part)
        try:
            while process.poll() is None:
                self.turn()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        return process

    def turn(self) -> None:
        """Wait for a moment and start again what has died and is due.

        Raises:
            Stopped: the end is asked for.
        """
        time.sleep(_TURN)
        if self._asked:
            raise Stopped
        now = time.monotonic()
        for run in self._runs:
            if run.process is None:
                if run.due <= now:
                    self._start(run)
            elif run.process.poll() is not None:
                self._ended(run, now)

    def _start(self, run: _Run) -> tether.Process:
        run.part.before()
        run.process = self._spawn(run.part)
        run.started = time.monotonic()
        return run.process

    def _spawn(self, part: Part) -> tether.Process:
        if callable(part.command):
            return tether.fork(part.command)
        environ = self._environ | {"DISTRIBUTOR_ROLE": part.role or part.name}
        return tether.spawn(
            part.command,
            environ=environ,
            at_death=part.at_death,
            keep=part.keep,
            stdout=part.stdout,
        )

    def _ended(self, run: _Run, now: float) -> None:
        assert run.process is not None
        run.failures = 0 if now - run.started > _SETTLED_AFTER else run.failures + 1
        pause = min(_FIRST_PAUSE * 2 ** max(run.failures - 1, 0), _LONGEST_PAUSE)
        say(f"{run.part.name} ended ({_how(run.process.returncode)}); again in {pause:g} s")
        run.process, run.due = None, now + pause

    def _ask(self, _signum: int, _frame: FrameType | None) -> None:
        self._asked += 1
        if self._asked > 1:
            for run in self._runs:
                if run.process and run.process.poll() is None:
                    run.process.kill()
            os._exit(130)

    def _stop(self) -> None:
        for stage in sorted({run.part.stage for run in self._runs}, reverse=True):
            alive = [run for run in self._runs if run.part.stage == stage and run.process]
            for run in alive:
                _terminate(run.process)
            begun = time.monotonic()
            for run in alive:
                _await(run.process, begun + run.part.grace)
        self._runs.clear()


def say(line: str) -> None:
    """A line for the operator, on standard error, which may lie on a disk that is full."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def _terminate(process: tether.Process | None) -> None:
    if process and process.poll() is None:
        process.terminate()


def _await(process: tether.Process | None, deadline: float) -> None:
    if not process:
        return
    try:
        process.wait(max(deadline - time.monotonic(), 0.01))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"exit {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
