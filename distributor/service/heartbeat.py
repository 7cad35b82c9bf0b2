"""Signs of life: each worker and the clock says every few seconds, in Redis, that it is there.

Not so a worker with nothing in hand that leaves lie what waits in its queues: whatever has made it
deaf, it takes no message ever again. It counts as gone, and ends for another to be started.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog
from redis import Redis
from redis.exceptions import RedisError

from distributor.service import broker, redis

EVERY = 5.0
"""Seconds between two signs of life."""

GONE_AFTER = 16
"""Seconds without one after which a process counts as gone."""

DEAF_FOR = 9
"""For how many signs of life a worker is deaf at most. Celery itself may rest for thirty seconds
before it asks again for a Redis that was away."""

_log = structlog.get_logger()


class Hands:
    """What this process has in hand, as its threads may ask."""

    def __init__(self) -> None:
        self.taken = 0
        self.full = False

    def take(self) -> None:
        """Something is begun."""
        self.taken, self.full = self.taken + 1, True

    def free(self) -> None:
        """It is done."""
        self.full = False

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Something is in hand while the block runs."""
        self.take()
        try:
            yield
        finally:
            self.free()


hands = Hands()


def begin(url: str, role: str, queues: Sequence[str] = ()) -> None:
    """Give signs of life for this process, a ``worker`` of ``queues`` or a ``clock``.

    A thread gives them, so that a long batch does not look like death.
    """
    member = json.dumps([socket.gethostname(), os.getpid(), *queues])
    arguments = (url, role, member, broker.lists(queues))
    threading.Thread(target=_beat, args=arguments, name=__name__, daemon=True).start()


def _beat(url: str, role: str, member: str, lists: Sequence[str]) -> None:
    pause, deaf, taken = threading.Event(), 0, -1
    with redis.client(url) as connected:
        while not pause.wait(0):
            try:
                if hands.full or hands.taken != taken or not _any(connected, lists):
                    deaf, taken = 0, hands.taken
                    _sign(connected, role, member)
                else:
                    deaf += 1
            except RedisError:
                deaf = 0
            if deaf > DEAF_FOR:
                _log.critical("worker.deaf", worker=member)
                os._exit(1)
            pause.wait(EVERY)


def _any(connected: Redis, lists: Sequence[str]) -> bool:
    return bool(lists) and connected.exists(*lists) > 0


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
