"""How Celery is set up, for those who ring and those who answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kombu.entity import Queue
from kombu.transport.redis import Channel

from distributor.service import redis
from distributor.service.option_sections import Options
from distributor.service.parts import QUEUES

_PRIORITIES = list(range(10))


def lists(queues: Sequence[str]) -> list[str]:
    """The keys in Redis under which the messages of ``queues`` wait."""
    return [f"{name}{Channel.sep}{n}" if n else name for name in queues for n in _PRIORITIES]


def configuration(options: Options) -> dict[str, Any]:
    """Celery's settings, but for what only a worker or the clock needs."""
    return {
        "broker_url": redis.broker_url(options),
        # Whoever publishes with Redis away learns it at once, and the sweep makes up for it.
        "task_publish_retry": False,
        "broker_connection_timeout": 1,
        "broker_transport_options": {
            "queue_order_strategy": "priority",
            "priority_steps": _PRIORITIES,
            "max_retries": 0,
            "socket_connect_timeout": 1,
            "socket_timeout": 10,
        },
        "task_queues": [Queue(name, routing_key=name) for name in QUEUES],
        "task_default_queue": "housekeeping",
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "result_backend": None,
        "result_expires": None,
        "enable_utc": True,
        "timezone": "UTC",
    }
