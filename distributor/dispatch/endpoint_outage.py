"""An outage of our own, told to every process by a mark in Redis that fades."""

from __future__ import annotations

import time
from contextlib import suppress

from redis import Redis
from redis.exceptions import RedisError

from distributor.dispatch import hasty

KEY = "distributor:outage"
LASTS = 90
"""Seconds. What nobody could be reached with is tried again each minute, which renews it."""
_TOLD_EVERY = 10.0


class Outage:
    """What this process knows of it, told when it changes and now and then."""

    def __init__(self) -> None:
        self._out = False
        self._told = float("-inf")

    def tell(self, *, out: bool) -> None:
        """Nobody has been reachable of late, or somebody has answered."""
        now = time.monotonic()
        if out == self._out and not (out and now - self._told > _TOLD_EVERY):
            return
        self._out, self._told = out, now
        with suppress(RedisError, OSError):
            hasty.redis().set(KEY, 1, ex=LASTS) if out else hasty.redis().delete(KEY)


def known(client: Redis) -> bool:
    """Whether a worker has found that nobody can be reached.

    Raises:
        RedisError: Redis is away.
    """
    return bool(client.exists(KEY))
