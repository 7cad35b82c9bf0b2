"""The processes that the service consists of, as command lines."""

from __future__ import annotations

import sys
from collections.abc import Sequence

FIRST_USER = "operator"

QUEUES = ("urgent", "email", "webhooks", "feeds", "housekeeping")

WORKERS = {
    "email": ("urgent", "email"),
    "webhooks": ("urgent", "webhooks"),
    "feeds": ("feeds", "housekeeping"),
}
"""The workers of one machine and the queues that each drains, in order. An endpoint that hangs can
hold up the second; mail, feeds and the sweep go by the others."""

_RUN = (sys.executable, "-m", "distributor.service.part")
_CELERY = (*_RUN, "celery", "-A")
_THREADS = 8


def web(host: str, port: int) -> list[str]:
    """The web server: one process that serves, and the one that watches it."""
    return [
        *(*_RUN, "granian", "--interface", "wsgi", "--host", host),
        *("--port", str(port), "--workers", "1", "--blocking-threads", str(_THREADS)),
        *("--respawn-failed-workers", "--workers-kill-timeout", "5", "--no-ws"),
        *("--log-level", "error", "distributor.service.wsgi:application"),
    ]


def workers() -> list[str]:
    """All workers of one machine, forks of one process."""
    return [sys.executable, "-m", "distributor.service.crew", "celery", "worker"]


def worker(name: str, queues: Sequence[str]) -> list[str]:
    """One worker alone."""
    return [*_CELERY, "distributor.service.celery", *worker_arguments(name, queues)]


def worker_arguments(name: str, queues: Sequence[str]) -> list[str]:
    """Celery's arguments for a worker that drains ``queues`` in order, one task at a time."""
    return [
        *("--quiet", "--skip-checks", "worker", "--pool", "solo"),
        *("--hostname", f"{name}@%h", "--queues", ",".join(queues)),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def clock() -> list[str]:
    """The clock, which has the sweep rung for."""
    return [*_CELERY, "distributor.service.clock", "--quiet", "beat"]
