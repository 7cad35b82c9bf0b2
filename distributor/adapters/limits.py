"""Token buckets: in Redis for all workers together, and in memory for one alone.

Both count by one number, the instant at which the bucket will be full again (the generic cell rate
algorithm), so that a bucket is one key, and a full one is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from distributor.errors import Unavailable

MOST = 50
"""How many tokens a call gives at most: nobody takes more than others may need in a moment."""

# The time is that of Redis, one clock for all workers. It is kept as text with microseconds, since
# Lua would write a number of that size with too few digits. The key goes when the bucket is full,
# and nothing is further from full than an empty one, unless the clock was set back meanwhile.
_SCRIPT = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local grants = {}
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
  local count = tonumber(ARGV[3 * i])
  local full = math.max(tonumber(redis.call('GET', key) or now), now)
  full = math.min(full, now + burst / rate)
  local given = math.max(0, math.min(count, math.floor(burst - (full - now) * rate + 0.000001)))
  if given > 0 then
    full = full + given / rate
    local left = math.ceil((full - now) * 1000)
    redis.call('SET', key, string.format('%.6f', full), 'PX', left)
  end
  local wait = 0
  if given < count then
    wait = math.max(0, full - now - (burst - 1) / rate)
  end
  grants[2 * i - 1], grants[2 * i] = given, math.ceil(wait * 1000000)
end
return grants
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A limit: ``rate`` tokens a second (above 0), at most ``burst`` (1 or more) at once."""

    name: str
    rate: float
    burst: float = 1.0

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.burst < 1:
            raise ValueError(f"bucket {self.name}: the rate must be above 0, the burst 1 or more")


@dataclass(frozen=True, slots=True)
class Grant:
    """``tokens`` that may be used now. If they are fewer than asked for, another one is there in
    ``wait`` seconds, unless somebody else takes it."""

    tokens: int
    wait: float


class Buckets:
    """The buckets in Redis (5 or newer), shared by whoever uses the same names there.

    ``client`` should give up after a moment, without trying again: whoever asks is in a hurry.
    """

    def __init__(self, client: Redis) -> None:
        self._script = client.register_script(_SCRIPT)

    def take(self, bucket: Bucket, count: int = 1) -> Grant:
        """Up to ``count`` tokens, and never more than ``MOST``: 1 or more are asked for.

        Raises:
            Unavailable: ``limits``, about ours: Redis is away; the caller has to do without.
        """
        return self._ask([bucket], min(count, MOST))[0]

    def take_each(self, buckets: Sequence[Bucket]) -> list[Grant]:
        """A token of each of ``buckets``, by one question for all of them.

        Raises:
            Unavailable: as :meth:`take`.
        """
        return self._ask(buckets, 1) if buckets else []

    def _ask(self, buckets: Sequence[Bucket], count: int) -> list[Grant]:
        keys = [f"distributor:bucket:{bucket.name}" for bucket in buckets]
        each = ((repr(bucket.rate), repr(bucket.burst), str(count)) for bucket in buckets)
        try:
            told = self._script(keys=keys, args=[argument for one in each for argument in one])
        except (RedisError, OSError) as error:
            raise Unavailable("limits", str(error)[:200], about="ours") from error
        pairs = zip(told[::2], told[1::2], strict=True)
        return [Grant(int(given), int(wait) / 1e6) for given, wait in pairs]


class OwnBucket:
    """A bucket of this process alone. ``clock`` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._full = clock()

    def take(self, bucket: Bucket, count: int = 1) -> Grant:
        """As :meth:`Buckets.take`; the limits of ``bucket`` may change from call to call."""
        now = self._clock()
        full = max(self._full, now)
        room = int(bucket.burst - (full - now) * bucket.rate + 1e-6)
        given = max(0, min(count, MOST, room))
        self._full = full + given / bucket.rate
        if given == count:
            return Grant(given, 0.0)
        return Grant(given, max(0.0, self._full - now - (bucket.burst - 1) / bucket.rate))
