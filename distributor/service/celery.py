"""The Celery app of the workers, and of whoever rings for them.

Messages are ids, and nothing is kept of results. One process does one task at a time, so that a
signal reaches the batch that is running.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from celery import Celery, signals
from celery.platforms import ROOT_DISCOURAGED
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from distributor.dispatch import stopping
from distributor.service import broker, heartbeat, losses

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distributor.service.settings")

celery = Celery("distributor", include=["distributor.service.sweep"])
celery.conf.update(
    broker.configuration(settings.DISTRIBUTOR),
    worker_pool="solo",
    # No limit, and nothing is fetched ahead: a solo worker asks for a message when it is done with
    # one. Under a limit, one that it could not acknowledge, Redis being away, would count for ever.
    worker_prefetch_multiplier=0,
    task_acks_late=True,
    # A worker asks for Redis again, as long as it takes.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_redirect_stdouts=False,
    # Celery would close the database's connections around each task.
    CELERY_DB_REUSE_MAX=sys.maxsize // 2,
)
celery.autodiscover_tasks(["distributor.dispatch", "distributor.newsroom"])

# In a container there may be no other user, and a message holds no code.
warnings.filterwarnings("ignore", ROOT_DISCOURAGED.strip()[:40])


@signals.setup_logging.connect
def _leave_logging(**_: Any) -> None:
    """Django's settings have set it up. Celery does not where somebody answers this signal."""


@signals.worker_shutting_down.connect
def _stop(**_: Any) -> None:
    stopping.request()


@signals.worker_shutdown.connect
def _last_words(**_: Any) -> None:
    stopping.wait()


@signals.worker_ready.connect
def _worker_lives(sender: Any, **_: Any) -> None:
    heartbeat.begin(settings.REDIS_URL, "worker", tuple(sender.app.amqp.queues.consume_from))


@signals.task_prerun.connect
@signals.task_postrun.connect
def _forget_broken_connections(**_: Any) -> None:
    """As Django does around each request."""
    close_old_connections()


@signals.task_prerun.connect
def _begun(**_: Any) -> None:
    heartbeat.hands.take()


@signals.task_postrun.connect
def _done(**_: Any) -> None:
    heartbeat.hands.free()


@signals.task_failure.connect
def _used_up(exception: BaseException, **_: Any) -> None:
    """Without the database a message is used up for nothing: have it rung for again."""
    if isinstance(exception, OperationalError | InterfaceError):
        losses.tell(settings.REDIS_URL)
