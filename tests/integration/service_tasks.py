"""The service's own Celery app, with a task that takes its time: what a running batch is."""

import time
from pathlib import Path

from distributor.dispatch import stopping
from distributor.service.celery import celery

__all__ = ["celery"]


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
