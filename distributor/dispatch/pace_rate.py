"""``email.max_per_second``: one bucket in Redis for all workers, an equal share of it without."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from distributor.adapters.limits import MOST, Bucket, Buckets, Grant, OwnBucket
from distributor.errors import Unavailable

_REDIS_AGAIN = 5.0
"""Seconds for which Redis is not asked after it was away."""

_MOMENT = 0.1
"""Seconds' worth of tokens that are taken at once, and that a bucket holds."""

_log = structlog.get_logger()


class Rate:
    """At most ``per_second`` messages begin, counted over all workers.

    ``workers`` tells how many there are. ``clock`` is monotonic, in seconds. Tokens that are not
    used in a moment lapse, so that a worker who rests saves none up.
    """

    def __init__(
        self,
        per_second: float,
        buckets: Buckets,
        workers: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._shared, self._own = buckets, OwnBucket(clock)
        self._workers, self._clock = workers, clock
        self._bucket = _bucket(per_second)
        self._stock = 0
        self._lapses = self._ask_at = self._redis_at = float("-inf")

    def ready(self) -> bool:
        """Whether a message may begin now."""
        now = self._clock()
        if self._stock > 0 and now < self._lapses:
            return True
        self._stock = 0
        if now < self._ask_at:
            return False
        grant = self._ask(now)
        self._stock, self._ask_at = grant.tokens, now + grant.wait * (not grant.tokens)
        self._lapses = now + 2 * max(self._bucket.burst / self._bucket.rate, _MOMENT)
        return grant.tokens > 0

    def spend(self) -> None:
        """One has begun."""
        self._stock -= 1

    def _ask(self, now: float) -> Grant:
        if now >= self._redis_at:
            try:
                return self._shared.take(self._bucket, int(self._bucket.burst))
            except Unavailable as error:
                self._redis_at = now + _REDIS_AGAIN
                _log.warning("rate.shared_by_count", reply=error.reply)
        own = _bucket(self._per_second / max(1, self._workers()))
        return self._own.take(own, int(own.burst))


def _bucket(rate: float) -> Bucket:
    return Bucket("mail", rate, max(1, min(MOST, int(rate * _MOMENT))))
