"""How often each endpoint may be asked: a bucket in Redis for all workers, a share without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from distributor.adapters.limits import Bucket, Buckets, Grant, OwnBucket
from distributor.audience.models import Endpoint
from distributor.errors import Unavailable

MINUTE = 60
AT_ONCE = 6
"""A sixth of what a minute allows may go at once."""
_REDIS_AGAIN = 5.0
"""Seconds for which Redis is not asked after it was away."""
_LEAST_WAIT = 0.1

_log = structlog.get_logger()


class EndpointRate:
    """At most ``max_per_minute`` requests to an endpoint in any minute, counted over all workers.

    ``workers`` tells how many there are, for while Redis is away. ``clock`` is monotonic.
    """

    def __init__(
        self,
        buckets: Buckets,
        workers: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared, self._workers, self._clock = buckets, workers, clock
        self._own: dict[int, OwnBucket] = {}
        self._redis_at = float("-inf")

    def waits(self, endpoints: Sequence[Endpoint]) -> dict[int, float]:
        """Seconds for which those of ``endpoints`` must wait that have had their share.

        The others have spent a token by this.
        """
        grants = zip(endpoints, self._grants(endpoints), strict=True)
        return {
            endpoint.pk: max(grant.wait, _LEAST_WAIT)
            for endpoint, grant in grants
            if not grant.tokens
        }

    def _grants(self, endpoints: Sequence[Endpoint]) -> list[Grant]:
        if self._clock() >= self._redis_at:
            try:
                return self._shared.take_each([bucket(each) for each in endpoints])
            except Unavailable as error:
                self._redis_at = self._clock() + _REDIS_AGAIN
                _log.warning("endpoints.shared_by_count", reply=error.reply)
        workers = max(1, self._workers())
        return [
            self._own.setdefault(each.pk, OwnBucket(self._clock)).take(bucket(each, workers))
            for each in endpoints
        ]


def bucket(endpoint: Endpoint, workers: int = 1) -> Bucket:
    """What ``endpoint`` may be asked by one of ``workers``: in no minute more than its limit."""
    most = max(1, endpoint.max_per_minute)
    burst = max(1, most // AT_ONCE)
    rate = (most - burst + 1) / MINUTE
    return Bucket(f"endpoint-{endpoint.pk}", rate / workers, max(1.0, burst / workers))
