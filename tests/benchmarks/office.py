"""An office to measure: readers, editions, real workers, and a sink that costs little.

On SQLite, or with ``DISTRIBUTOR_TEST_POSTGRES=1`` on a PostgreSQL of its own. Importing it sets the
options, so it comes first.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import django
import psutil

from tests import environment
from tests.running import free_port, until

PORT = free_port()
"""Where the workers' relay is; who wants mail there has something listen."""
os.environ |= {
    "DISTRIBUTOR_UNDO_SECONDS": "0",
    "DISTRIBUTOR_EMAIL__FROM": "press@ekvik.example",
    "DISTRIBUTOR_EMAIL__SMTP_HOST": "127.0.0.1",
    "DISTRIBUTOR_EMAIL__SMTP_PORT": str(PORT),
    "DISTRIBUTOR_EMAIL__SECURITY": "none",
}
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from distributor.audience.models import Topic  # noqa: E402
from distributor.channels import email  # noqa: E402
from distributor.dispatch import compositions, editions, fanout  # noqa: E402
from distributor.dispatch.models import Batch, Edition  # noqa: E402
from distributor.release import Paragraph, Release  # noqa: E402
from distributor.release import Topic as ReleaseTopic  # noqa: E402
from distributor.service import parts, prepare, redis, tether  # noqa: E402
from tests.samples import sample_release  # noqa: E402

DATABASE = "PostgreSQL" if environment.ON_POSTGRES else "SQLite"
TOPIC = "kultur"
DOMAINS = 500
"""Over so many domains the readers are spread: as many MX groups, since there is no DNS here."""


@contextmanager
def opened(readers: int) -> Iterator[None]:
    """Tables, Redis and ``readers`` confirmed readers of one topic, until the block ends."""
    prepare.prepare()
    data_dir = settings.DISTRIBUTOR.site.data_dir
    redis.clear(data_dir)
    server = tether.spawn(redis.command(data_dir))
    try:
        assert redis.wait(data_dir, server)
        admit(readers)
        yield
    finally:
        connection.close()
        server.terminate()
        server.wait(10)


def admit(readers: int, *, topic: str = TOPIC, start: int = 0) -> None:
    """Make ``readers`` more readers of ``topic``, by two statements."""
    row = Topic.objects.get_or_create(slug=topic, defaults={"names": {"sv": topic.capitalize()}})[0]
    numbers = "SELECT * FROM generate_series(%s, %s) AS one(n)"
    if connection.vendor == "sqlite":
        numbers = (
            "WITH RECURSIVE one(n) AS (SELECT %s UNION ALL SELECT n + 1 FROM one WHERE n < %s)"
            " SELECT n FROM one"
        )
    now = timezone.now().isoformat()
    address = f"'r' || n || '@kommun' || (n %% {DOMAINS}) || '.example'"
    span = [start, start + readers - 1]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO audience_subscriber (address, key, languages, name, outlet, beat,
                    created_at, confirmed_at, suppressed)
                SELECT {address}, {address}, ' sv ', '', '', '', '{now}', '{now}', ''
                FROM ({numbers}) AS numbers""",
            span,
        )
        cursor.execute(
            f"""INSERT INTO audience_subscription (subscriber_id, topic_id, pace, created_at,
                    ended_reason)
                SELECT id, {row.pk}, 'immediate', '{now}', ''
                FROM audience_subscriber
                WHERE id > (SELECT COALESCE(MAX(id), 0) - %s FROM audience_subscriber)""",
            [readers],
        )


def long_release(octets: int, *, topic: str = TOPIC) -> Release:
    """A release of its own whose mail, filled, has about ``octets``."""
    ident = str(uuid.uuid4())
    release = replace(
        sample_release("sv"),
        id=ident,
        uri=f"tag:press.ekvik.example,2023:release/{ident}",
        url=f"{settings.DISTRIBUTOR.site.url}/{ident}/",
        topics=(ReleaseTopic(slug=topic, name=topic.capitalize(), media_topic=""),),
        translations=(),
    )
    words = "Biblioteket är öppet hela dygnet för den som har lånekort och är över arton år. "
    while len(message(release)) < octets:
        release = replace(release, body=(*release.body, Paragraph(text=words * 4)))
    return release


def message(release: Release) -> bytes:
    """The mail of ``release`` to one reader."""
    return email.sample(email.compose(release, compositions.sender()))


def issue(release: Release, *, channels: Sequence[str] = ("email",)) -> Edition:
    """An edition of ``release`` that has left, with its deliveries written and rung for."""
    edition = bare(release, channels=channels)
    fanout.fan_out(edition.pk)
    # A worker may have been quicker, and be at it still.
    written = Edition.objects.filter(pk=edition.pk, fanned_out_at__isnull=False)
    until(written.exists, 60, "the fan-out")
    return edition


def bare(release: Release, *, channels: Sequence[str] = ()) -> Edition:
    """An edition of ``release`` that has left, and nothing more."""
    return editions.issue(
        release,
        revision=str(uuid.uuid4()),
        leaves_at=timezone.now(),
        issuer="benchmark",
        channels=channels,
    )


def again(release: Release) -> Release:
    """The same words as another release."""
    ident = str(uuid.uuid4())
    return replace(
        release,
        id=ident,
        uri=f"tag:press.ekvik.example,2023:release/{ident}",
        url=f"{release.url}x",
    )


def open_batches(*wanted: Edition) -> int:
    """How many batches of the editions have something owed."""
    return Batch.objects.filter(edition__in=wanted).exclude(due_at=None).count()


def delivered(edition: Edition) -> int:
    """How many of its deliveries are on record as delivered."""
    done = Batch.objects.filter(edition=edition).aggregate(done=Sum("delivered"))["done"]
    return int(done or 0)


def listening() -> bool:
    """Whether somebody answers on ``PORT``."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0


class Crew:
    """Workers as one machine has them: ``machines`` times a worker for mail and two idle ones."""

    def __init__(self, machines: int = 1) -> None:
        self._processes = [
            tether.spawn(
                parts.workers(),
                environ={**os.environ, "DISTRIBUTOR_ROLE": "worker"},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(machines)
        ]
        until(lambda: len(self.all()) == machines * (1 + len(parts.WORKERS)), 60, "the workers")
        time.sleep(2.0)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(20)

    def all(self) -> list[psutil.Process]:
        """The processes: each machine's first one and its workers."""
        found = []
        for process in self._processes:
            first = psutil.Process(process.pid)
            found += [first, *first.children(recursive=True)]
        return found

    def halt(self) -> None:
        """Nobody works, as if time stood still."""
        for process in self.all():
            process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        for process in self.all():
            process.send_signal(signal.SIGCONT)

    def cpu(self) -> float:
        """Seconds of CPU, user and system, that they have used."""
        times = [process.cpu_times() for process in self.all()]
        return sum(one.user + one.system for one in times)

    def memory(self) -> float:
        """MB of the largest one at its largest."""
        peaks = []
        for process in self.all():
            with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
                peaks += [int(line.split()[1]) / 1024 for line in file if line[:6] == "VmHWM:"]
        return max(peaks)


@dataclass(frozen=True)
class Sent:
    """What a send took: seconds of wall clock, and of CPU in all processes of ours."""

    messages: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def microseconds(self) -> float:
        """CPU a message."""
        return self.cpu / self.messages * 1e6


def send(crew: Crew, release: Release, messages: int) -> Sent:
    """Send ``release`` to all, from rows that are there to rows that say delivered."""
    crew.halt()
    edition = issue(release)
    cpu, begun = crew.cpu(), time.perf_counter()
    crew.go_on()
    while open_batches(edition):
        time.sleep(0.02)
    sent = Sent(messages, time.perf_counter() - begun, crew.cpu() - cpu)
    done = delivered(edition)
    assert done == messages, f"{done} of {messages} delivered"
    return sent


@contextmanager
def sink(*arguments: str) -> Iterator[psutil.Process]:
    """A counting mail server on ``PORT``, in a process of its own."""
    command = [sys.executable, "-m", "tests.listeners.smtp", "--count", "--port", str(PORT)]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["port"] == PORT
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Least, median and most, for the JSON document."""
    ordered = sorted(values)
    return {
        "min": round(ordered[0], 2),
        "median": round(ordered[len(ordered) // 2], 2),
        "max": round(ordered[-1], 2),
    }
