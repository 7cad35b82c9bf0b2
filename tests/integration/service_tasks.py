"""The service's own Celery app, with a task that takes its time: what a running batch is.

Its workers are sooner impatient with themselves.
"""

import time
from pathlib import Path
from typing import Any

from celery import signals

from distributor.dispatch import stopping
from distributor.service import heartbeat
from distributor.service.celery import celery

__all__ = ["celery"]

heartbeat.EVERY, heartbeat.DEAF_FOR = 1.0, 5
_consumers: list[Any] = []


@signals.worker_ready.connect
def _keep(sender: Any, **_: Any) -> None:
    _consumers.append(sender.task_consumer)


@celery.task(name="tests.deafen")
def deafen() -> None:
    """Take no message from now on, and live."""
    _consumers[0].cancel()


@celery.task(name="tests.slow")
def slow(mark: str, seconds: float) -> None:
    path = Path(mark)
    path.write_text("begun")
    end = time.monotonic() + seconds
    while time.monotonic() < end and not stopping.requested():
        time.sleep(0.01)
    path.write_text("stopped" if stopping.requested() else "done")


@celery.task(name="tests.note")
def note(mark: str, word: str) -> None:
    with Path(mark).open("a") as file:
        print(word, file=file)
