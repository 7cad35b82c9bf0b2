"""The sweep: what is owed is found and handed on, whether or not a message told of it."""

from __future__ import annotations

from celery import shared_task

from distributor.dispatch import sweep as dispatch_sweep
from distributor.newsroom import issuing


def run() -> int:
    """Issue what is due, then ring for everything owed; how much was found."""
    return issuing.issue_due() + dispatch_sweep.ring_due()


@shared_task(ignore_result=True)
def sweep() -> None:
    run()
