"""Two connections that issue and pause at the same time; says what came of it as JSON.

Run with the options of a new PostgreSQL in the environment, by ``test_pausing_turns``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import django
from django.db import connections, transaction

django.setup()

from distributor.dispatch import control  # noqa: E402
from distributor.dispatch.models import Edition  # noqa: E402
from distributor.service import prepare  # noqa: E402
from tests import fanning  # noqa: E402

LOOK = 1.0
"""Seconds in which whoever need not wait is done."""


def in_turn(first: Callable[[], object], second: Callable[[], object]) -> bool:
    """Do ``second`` while ``first`` is done and not committed; whether it waited for that."""
    done = threading.Event()

    def other() -> None:
        second()
        done.set()
        connections.close_all()

    with transaction.atomic():
        first()
        thread = threading.Thread(target=other)
        thread.start()
        waited = not done.wait(LOOK)
    thread.join()
    return waited


def story(order: str) -> dict[str, object]:
    edition = fanning.issue(fan_out=False)
    release = edition.release_id

    def issue() -> None:
        fanning.issue(edition, act="release.updated", title="Bron öppnar i dag", fan_out=False)

    def pause() -> None:
        control.pause(release)

    def resume() -> None:
        control.resume(release)

    acts = {"issue": issue, "pause": pause, "resume": resume}
    first, second = order.split()
    if "resume" in order:
        pause()
    waited = in_turn(acts[first], acts[second])
    second_edition = Edition.objects.get(release_id=release, number=2)
    return {"waited": waited, "held": second_edition.pause_holds_since is not None}


if __name__ == "__main__":
    prepare.migrate()
    fanning.readers(1)
    orders = ("issue pause", "pause issue", "issue resume", "resume issue")
    print(json.dumps({order: story(order) for order in orders}))
