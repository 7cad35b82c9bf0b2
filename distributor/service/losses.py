"""Whether messages were lost, so that nothing that was rung for is waited for.

Redis holds a mark of ours, which names its run: it is gone or another one when Redis was emptied
or started anew, and whoever uses a message up in vain takes it away.
"""

from __future__ import annotations

from contextlib import suppress

from redis.exceptions import RedisError

from distributor.service import redis

_MARK = "distributor:rung"


def tell(url: str) -> None:
    """A message was used up and nothing came of it."""
    with suppress(RedisError), redis.client(url) as connected:
        connected.delete(_MARK)


def since_last_asked(url: str) -> bool:
    """Whether any were lost; False while Redis is away, and for the next to ask."""
    try:
        with redis.client(url) as connected:
            run = str(connected.info("server")["run_id"])
            lost: bool = connected.getset(_MARK, run) != run.encode()
            return lost
    except RedisError:
        return False
