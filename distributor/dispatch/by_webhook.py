"""The webhook desk: one signed request to each endpoint of the pass, several at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from django.conf import settings

from distributor.dispatch import stopping
from distributor.dispatch.endpoint_jobs import OVERTIME, Jobs
from distributor.dispatch.passing import Pass

ROUND = 200
RECORDED_EVERY = 0.5
LAST_WORDS = 8.0
"""Seconds that requests on the wire get once the process is to stop, or after a fault of ours; then
they are due again."""
_TICK = 0.1


def size() -> int:
    """How many deliveries a round holds at most."""
    return ROUND


def connections() -> int:
    """How many requests are on the wire at a time, but for those in overtime."""
    slots: int = settings.DISTRIBUTOR.webhooks.slots
    return slots


def deliver(pass_: Pass) -> None:
    """Post the edition to each endpoint of the pass that may be asked now."""
    jobs = Jobs(pass_, connections())
    try:
        while not stopping.requested() and (round_ := pass_.take()):
            jobs.add(round_)
            _work(jobs)
    except BaseException:
        # What is on the wire would be asked for again if its answer found no journal.
        jobs.drop()
        jobs.wait(LAST_WORDS)
        raise
    finally:
        jobs.settle()


def _work(jobs: Jobs) -> None:
    """Until nothing waits and nothing is under way but what has gone into overtime."""
    recorded, ends = time.monotonic(), 0.0
    while True:
        now = time.monotonic()
        if stopping.requested():
            jobs.drop()
            ends = ends or now + LAST_WORDS
        jobs.start(_threads())
        if not jobs.running:
            jobs.rest()
            return
        if ends and now > ends:
            jobs.into_overtime(after=0.0, every=True)
            return
        jobs.wait(_TICK)
        jobs.into_overtime()
        jobs.make_way()
        if now - recorded > RECORDED_EVERY:
            jobs.record()
            recorded = now


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(connections() + OVERTIME, thread_name_prefix="webhook")
