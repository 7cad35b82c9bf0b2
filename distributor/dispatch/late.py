"""What came of deliveries that their pass has left behind: each is recorded by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import structlog
from django.db import Error, close_old_connections, connections

from distributor.dispatch import stopping

TRIED_AGAIN = 1.0
"""Seconds between two tries while the database is away."""

_log = structlog.get_logger()


def record(write: Callable[[], object], **what: object) -> None:
    """Have ``write`` put it into the database, at once or when that is back.

    If this process ends before, the delivery falls due again by itself. ``what`` names it in
    the log.
    """
    if not _written(write, what):
        _keeper().submit(_keep, write, what)


@cache
def _keeper() -> ThreadPoolExecutor:
    """Whoever brings an outcome has others behind it, and is not to wait."""
    return ThreadPoolExecutor(1, thread_name_prefix="late")


def _keep(write: Callable[[], object], what: dict[str, object]) -> None:
    pause = threading.Event()
    while not stopping.requested() and not _written(write, what):
        pause.wait(TRIED_AGAIN)


def _written(write: Callable[[], object], what: dict[str, object]) -> bool:
    try:
        write()
    except Error as error:
        _log.warning("late.not_recorded", error=str(error), **what)
        return False
    except Exception:
        _log.exception("late.not_recorded", **what)
    finally:
        if threading.current_thread() is threading.main_thread():
            close_old_connections()
        else:
            connections.close_all()
    return True
