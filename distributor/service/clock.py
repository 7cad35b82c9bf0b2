"""The clock: it has the sweep and the housekeeping rung for. It needs no Django and no database.

It counts in intervals of UTC, so that summer time neither skips a turn nor doubles one, and begins
anew when the machine's clock is set back.
"""

from __future__ import annotations

import time
from typing import Any

from celery import Celery, signals
from celery.beat import Scheduler

from distributor.service import broker, heartbeat, logs, options, redis

SECOND = 1.0
HOUR = 3600 * SECOND

_options = options.load()


class Steady(Scheduler):
    """Does not wait until a clock that was set back has caught up with the turns that were had."""

    _latest = 0.0

    def tick(self, *arguments: Any, **named: Any) -> Any:
        now = time.time()
        if now < self._latest - SECOND:
            for entry in self.schedule.values():
                entry.last_run_at = entry.default_now()
            self._heap = None
        self._latest = now
        return super().tick(*arguments, **named)


celery = Celery("distributor", fixups=[])
celery.conf.update(
    broker.configuration(_options),
    beat_scheduler="distributor.service.clock:Steady",
    beat_max_loop_interval=SECOND,
    beat_schedule={
        "sweep": {
            "task": "distributor.service.sweep.sweep",
            "schedule": SECOND,
            "options": {"queue": "housekeeping", "expires": 10 * SECOND},
        },
        "prune": {
            "task": "distributor.dispatch.tasks.prune",
            "args": [1],
            "schedule": HOUR,
            "options": {"queue": "housekeeping", "expires": HOUR},
        },
    },
)


@signals.setup_logging.connect
def _our_logging(**_: Any) -> None:
    logs.configure()


@signals.beat_init.connect
def _clock_lives(**_: Any) -> None:
    heartbeat.begin(redis.client_url(_options), "clock")
