"""The sweep: what is owed is found and handed on, whether or not a message told of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog
from celery import shared_task, signals
from django.conf import settings
from django.db import DatabaseError

from distributor.dispatch import sweep as dispatch_sweep
from distributor.newsroom import issuing
from distributor.service import heartbeat, losses

_log = structlog.get_logger()


def run() -> int:
    """Issue what is due, then ring for everything owed; how much was found.

    A page that cannot be issued, for whatever reason, keeps nobody from what was issued before.
    """
    try:
        issued = issuing.issue_due()
    except Exception:
        _log.exception("sweep.issuing_failed")
        issued = 0
    lost = losses.since_last_asked(settings.REDIS_URL)
    if lost:
        _log.info("sweep.messages_lost")
    return issued + dispatch_sweep.ring_due(again=lost)


@shared_task(ignore_result=True)
def sweep() -> None:
    run()


@signals.worker_ready.connect
def _settle_here(**_: Any) -> None:
    """The sweep may run on another machine, which cannot read what was journalled on this one.

    Whoever was here before may have died with a message in hand, before it took what that is about.
    """
    losses.tell(settings.REDIS_URL)
    with suppress(DatabaseError), heartbeat.hands.busy():
        dispatch_sweep.end_what_died()
