"""What came of requests in overtime: recorded by itself, though the pass is over."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache

import structlog
from django.db import Error, close_old_connections, connections

from distributor.dispatch import endpoint_standing, rounds, stopping
from distributor.dispatch.endpoint_standing import Answered
from distributor.dispatch.journal import Outcome

TRIED_AGAIN = 1.0
"""Seconds between two tries while the database is away."""

_log = structlog.get_logger()


def record(batch: int, outcome: Outcome, answered: Answered, *, claimed_until: datetime) -> None:
    """Write down what came of a delivery of ``batch``, at once or when the database is back.

    If this process ends before, the delivery falls due again by itself.
    """
    if not _written(batch, outcome, answered, claimed_until):
        _keeper().submit(_keep, batch, outcome, answered, claimed_until)


@cache
def _keeper() -> ThreadPoolExecutor:
    """Whoever brings an outcome has others behind it, and is not to wait."""
    return ThreadPoolExecutor(1, thread_name_prefix="late")


def _keep(batch: int, outcome: Outcome, answered: Answered, claimed_until: datetime) -> None:
    pause = threading.Event()
    while not stopping.requested() and not _written(batch, outcome, answered, claimed_until):
        pause.wait(TRIED_AGAIN)


def _written(batch: int, outcome: Outcome, answered: Answered, claimed_until: datetime) -> bool:
    try:
        rounds.record_late(batch, outcome, claimed_until=claimed_until)
        endpoint_standing.learn([answered])
    except Error as error:
        _log.warning("webhook.not_recorded", delivery=outcome.delivery, error=str(error))
        return False
    except Exception:
        _log.exception("webhook.not_recorded", delivery=outcome.delivery)
    finally:
        if threading.current_thread() is threading.main_thread():
            close_old_connections()
        else:
            connections.close_all()
    return True
