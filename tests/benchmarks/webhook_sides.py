"""What the benchmarks of webhooks have in common: endpoints, editions, workers, and two references.

The references are a loop of the guarded client without any database (``webhook_bare``), and one
Celery task per delivery (``webhook_naive``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import IO

import django
import psutil

from tests import environment

os.environ["DISTRIBUTOR_WEBHOOKS__ALLOW_NETWORKS"] = '["127.0.0.0/8"]'
django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from distributor.audience import endpoints  # noqa: E402
from distributor.audience.models import Endpoint  # noqa: E402
from distributor.dispatch import editions, fanout  # noqa: E402
from distributor.dispatch.models import Batch, Delivery, Edition  # noqa: E402
from distributor.release import Paragraph, Release  # noqa: E402
from distributor.service import heartbeat, parts, prepare, redis, tether  # noqa: E402
from distributor.service.celery import celery  # noqa: E402

PROCESSES = 2
THREADS = 16
PATIENCE = 300.0
_LOOK = 0.02
_TEXT = "Biblioteket i Ekvik håller öppet hela dygnet från och med måndag. " * 6


def database() -> str:
    """Which database it runs on."""
    return "PostgreSQL" if environment.ON_POSTGRES else "SQLite"


def begin() -> None:
    """Make the tables."""
    prepare.prepare()


def add(port: int, paths: Sequence[str]) -> list[int]:
    """Endpoints of the receiver on ``port``, a path each; their ids."""
    with transaction.atomic():
        return [
            endpoints.add(f"http://127.0.0.1:{port}{path}", format="standard").endpoint.pk
            for path in paths
        ]


def change(ids: Sequence[int], **fields: object) -> None:
    """Have these endpoints stand so."""
    Endpoint.objects.filter(pk__in=ids).update(**fields)


def issue() -> Edition:
    """A new release, whose webhook has about 2 kB; it has left and is not fanned out."""
    ident = str(uuid.uuid4())
    words = Release(
        id=ident,
        uri=f"tag:press.example.se,2026:release/{ident}",
        url="https://press.example.se/biblioteket/",
        type="news",
        language="sv",
        title="Biblioteket öppnar dygnet runt",
        body=(Paragraph(text=_TEXT),),
    )
    return editions.issue(
        words,
        revision="1",
        leaves_at=timezone.now() - timedelta(seconds=1),
        issuer="bench",
        channels=["webhook"],
    )


def engine(count: int, workers: Sequence[psutil.Process]) -> float:
    """Seconds until ``count`` deliveries of an edition are on record as delivered.

    From when they are written and rung for: the workers stand still until then.
    """
    edition = issue()
    for worker in workers:
        worker.suspend()
    fanout.fan_out(edition.pk)
    started = time.perf_counter()
    for worker in workers:
        worker.resume()

    def done() -> int:
        counted = Batch.objects.filter(edition=edition).aggregate(done=Sum("delivered"))
        return counted["done"] or 0

    return _awaited(done, count, started)


def naive(count: int) -> float:
    """The same by one Celery task per delivery, each of which loads and saves its row."""
    edition = issue()
    now = timezone.now()
    started = time.perf_counter()
    ids = Endpoint.objects.exclude(state="disabled").values_list("pk", flat=True)
    rows = Delivery.objects.bulk_create(
        Delivery(edition=edition, channel="webhook", recipient=ident, since=now, due_at=now)
        for ident in ids
    )
    for row in rows:
        celery.send_task("benchmark.post", args=[row.pk], queue="housekeeping")
    delivered = Delivery.objects.filter(edition=edition, state="delivered")
    return _awaited(delivered.count, count, started)


class Bare:
    """``PROCESSES`` processes of ``THREADS`` threads that post and keep no record."""

    def __init__(self, port: int, count: int) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.webhook_bare"]
        self.processes = [
            subprocess.Popen(
                [*command, str(port), str(count // PROCESSES), str(THREADS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(PROCESSES)
        ]
        for process in self.processes:
            _line(process.stdout)

    def run(self) -> float:
        """Seconds that it takes them."""
        started = time.perf_counter()
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        for process in self.processes:
            _line(process.stdout)
        return time.perf_counter() - started

    def watched(self) -> list[psutil.Process]:
        """The processes, to be asked for their CPU."""
        return [psutil.Process(each.pid) for each in self.processes]

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def service(*, naively: bool = False) -> Iterator[list[psutil.Process]]:
    """A Redis and the workers for webhooks; with ``naively`` also those of the naive way."""
    data_dir = settings.DISTRIBUTOR.site.data_dir
    begun: list[tether.Process] = []
    try:
        begun.append(tether.spawn(redis.command(data_dir)))
        assert redis.wait(data_dir, begun[0])
        workers = [parts.worker(f"webhooks{n}", ("webhooks",)) for n in range(PROCESSES)]
        if naively:
            workers += [_naive_worker(n) for n in range(PROCESSES)]
        begun += [tether.spawn(command, environ=dict(os.environ)) for command in workers]
        with redis.client(settings.REDIS_URL) as connected:
            while len(heartbeat.alive(connected, "worker")) < len(workers):
                assert all(each.poll() is None for each in begun), "a worker has died"
                time.sleep(_LOOK)
        yield [psutil.Process(each.pid) for each in begun[1 : 1 + PROCESSES]]
    finally:
        for process in reversed(begun):
            process.kill()
            process.wait()


def cpu(processes: Sequence[psutil.Process]) -> float:
    """Seconds of CPU that they have used so far."""
    return sum(sum(each.cpu_times()[:2]) for each in processes)


def _naive_worker(number: int) -> list[str]:
    command = parts.worker(f"naive{number}", ("housekeeping",))
    command[command.index("distributor.service.celery")] = "tests.benchmarks.webhook_naive"
    command[command.index("solo")] = "threads"
    return [*command, "--concurrency", str(THREADS)]


def _awaited(done: Callable[[], int], count: int, started: float) -> float:
    while done() < count:
        took = time.perf_counter() - started
        assert took < PATIENCE, f"{done()} of {count} after {took:.0f} s"
        time.sleep(_LOOK)
    return time.perf_counter() - started


def _line(stream: IO[bytes] | None) -> None:
    assert stream is not None
    assert stream.readline(), "a process of the reference has died"
