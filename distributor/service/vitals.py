"""What works and what does not, of all that the service needs."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from distributor.dispatch import endpoint_outage, feed_outage, relay_outage
from distributor.service import heartbeat, redis
from distributor.service.parts import QUEUES

NEEDED = frozenset({"database", "redis", "workers", "clock"})
"""Without these the service cannot do its job. Where ``mail``, ``webhooks`` or ``feeds`` is not
well, the rest goes on."""


def services() -> dict[str, str]:
    """Each of ``NEEDED``, ``mail``, ``webhooks`` and ``feeds``: ``ok`` or what is wrong."""
    return {"database": _database()} | _by_redis()


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except DatabaseError as error:
        return f"cannot be asked: {' '.join(str(error).split())[:200]}"
    return "ok"


def _by_redis() -> dict[str, str]:
    try:
        with redis.client(settings.REDIS_URL) as connected:
            workers = heartbeat.alive(connected, "worker")
            clocks = heartbeat.alive(connected, "clock")
            out = endpoint_outage.known(connected)
            ill = relay_outage.known(connected)
            unwritten = feed_outage.known(connected)
    except RedisError as error:
        parts = ("workers", "clock", "mail", "webhooks", "feeds")
        others = dict.fromkeys(parts, "unknown while Redis is away")
        return {"redis": f"away: {error}"[:200]} | others
    missing = sorted(set(QUEUES).difference(*(worker[2:] for worker in workers)))
    return {
        "redis": "ok",
        "workers": f"none for {', '.join(missing)}" if missing else "ok",
        "clock": "ok" if clocks else "not running",
        "mail": relay_outage.line(ill) if ill else "ok",
        "webhooks": "no endpoint can be reached: is this network cut off?" if out else "ok",
        "feeds": feed_outage.line(unwritten) if unwritten else "ok",
    }
