"""Parts of the service by the command line, as they run in a cluster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from distributor.service import redis, tether
from tests.running import Service


class Parts:
    """``distributor worker``, ``clock`` and ``web`` with the options of ``service``.

    All of them end with the ``with`` block. ``there`` are the words before a command that has it
    run on the host.
    """

    def __init__(self, service: Service, there: Sequence[str] = ()) -> None:
        self.service, self._there = service, there
        self._running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(20)

    def start(self, *arguments: str) -> None:
        """Run ``distributor`` with ``arguments`` until the block ends."""
        with self.service.log.open("ab") as said:
            process = tether.spawn(
                [*self._there, sys.executable, "-m", "distributor", *arguments],
                environ=self.service.environ,
                stdout=said.fileno(),
                stderr=said.fileno(),
            )
        self._running.append(process)

    def worker(self, *queues: str) -> None:
        """Run a worker of ``queues``."""
        self.start("worker", *(word for queue in queues for word in ("--queue", queue)))

    def kill(self) -> None:
        """End them all with ``kill -9``."""
        for process in self._running:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(process.pid).kill()
            process.wait(10)
        self._running.clear()


@contextmanager
def shared_redis(folder: Path) -> Iterator[Path]:
    """The socket of a Redis that several hosts use."""
    (folder / "redis").mkdir(parents=True)
    process = tether.spawn(redis.command(folder))
    try:
        assert redis.wait(folder, process)
        yield redis.socket_path(folder)
    finally:
        process.terminate()
        process.wait(10)
