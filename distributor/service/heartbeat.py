"""Signs of life: each worker and the clock says every few seconds, in Redis, that it is there."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from distributor.service import redis

EVERY = 5.0
"""Seconds between two signs of life."""

GONE_AFTER = 16
"""Seconds without one after which a process counts as gone."""


def begin(url: str, role: str, queues: Sequence[str] = ()) -> None:
    """Give signs of life for this process, a ``worker`` of ``queues`` or a ``clock``.

    A thread gives them, so that a long batch does not look like death.
    """
    member = json.dumps([socket.gethostname(), os.getpid(), *queues])
    threading.Thread(target=_beat, args=(url, role, member), name=__name__, daemon=True).start()


def _beat(url: str, role: str, member: str) -> None:
    pause = threading.Event()
    with redis.client(url) as connected:
        while not pause.wait(0):
            with suppress(RedisError):
                _sign(connected, role, member)
            pause.wait(EVERY)


def _sign(connected: Redis, role: str, member: str) -> None:
    key, now = _key(role), _now(connected)
    with connected.pipeline(transaction=False) as pipe:
        pipe.zadd(key, {member: now})
        pipe.zremrangebyscore(key, "-inf", now - GONE_AFTER)
        pipe.expire(key, GONE_AFTER)
        pipe.execute()


def alive(connected: Redis, role: str) -> list[tuple[str, ...]]:
    """Machine, process id and queues of each process that lives.

    Raises:
        RedisError: Redis is away.
    """
    found: list[bytes] = connected.zrangebyscore(  # type: ignore[assignment]
        _key(role), _now(connected) - GONE_AFTER, "+inf"
    )
    return [tuple(str(part) for part in json.loads(member)) for member in found]


def _key(role: str) -> str:
    return f"distributor:alive:{role}"


def _now(connected: Redis) -> float:
    """The time by Redis's clock, which is one for all machines."""
    seconds, microseconds = connected.time()
    return float(seconds) + float(microseconds) / 1e6
