"""Feeds that cannot be built or written, told to the log once, whichever process finds out.

That files cannot be written is told to every process, too, by a hash in Redis.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError

from distributor.adapters import files
from distributor.dispatch import hasty
from distributor.dispatch.relay_outage import clock
from distributor.errors import Refused, Unavailable

KEY = "distributor:feeds"

_LASTS = 120.0
"""Seconds: what is owed is tried again every ten or twenty."""
_REMEDY = "let the workers write to the folder, or make room on its disk"
_REFUSED = f"{KEY}:refused"
_MEND = (
    "what is out stays; mend what the reply names: the topic's name, or an option (site.*,"
    " feeds.websub_hub) and start distributor again; what the feed lacks is built by itself"
)

_log = structlog.get_logger()
_unwritten: set[str] = set()
"""The feeds that this process could not write the last time."""


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Since when feeds cannot be written, and what the system says of the first of them."""

    reply: str
    since: datetime


@contextmanager
def writing(feed: str, folder: Path) -> Iterator[None]:
    """Tell whether the block could build ``feed`` and write its files into ``folder``.

    Where this process has not been able to write of late, that is found out before the block does
    all its work.

    Raises:
        Refused: its documents would not be valid.
        Unavailable: (``disk``) it could not.
    """
    try:
        if _unwritten:
            files.try_folder(folder)
        yield
    except Unavailable as error:
        if error.about == "disk":
            _ill(feed, error.reply)
        raise
    except Refused as error:
        _refused(feed, error.reply)
        raise
    _well(feed)


def known(client: Redis) -> Unwritten | None:
    """Whether feeds cannot be written, as the workers have found out.

    Raises:
        RedisError: Redis is away.
    """
    marks = _marks(client)
    if not marks:
        return None
    first = min(marks.values(), key=lambda mark: mark["since"])
    return Unwritten(first["reply"], datetime.fromtimestamp(first["since"], UTC))


def forget() -> None:
    """Have what is refused still be told of again: at a start, which may have mended it."""
    with suppress(RedisError, OSError):
        hasty.redis().delete(_REFUSED)


def line(unwritten: Unwritten) -> str:
    """One line of English for the operator."""
    since = clock(unwritten.since, "en")
    return f"feeds wait: {unwritten.reply}, since {since}; {_REMEDY}"


def _ill(feed: str, reply: str) -> None:
    news, now = not _unwritten, time.time()
    _unwritten.add(feed)
    try:
        client = hasty.redis()
        before = _marks(client)
        since = before[feed]["since"] if feed in before else now
        mark = {"reply": reply[:500], "since": since, "until": now + _LASTS}
        client.hset(KEY, feed, json.dumps(mark))
        client.expire(KEY, 3600)
        news = not before
    except (RedisError, OSError):
        pass
    if news:
        _log.error("feeds.not_written", feed=feed, reply=reply[:500], remedy=_REMEDY)


def _refused(feed: str, reply: str) -> None:
    reply = reply[:500]
    try:
        client = hasty.redis()
        news = client.hget(_REFUSED, feed) != reply.encode()
        client.hset(_REFUSED, feed, reply)
    except (RedisError, OSError):
        news = True
    if news:
        _log.error("feeds.refused", feed=feed, reply=reply, remedy=_MEND)


def _well(feed: str) -> None:
    back = feed in _unwritten
    _unwritten.discard(feed)
    back = back and not _unwritten
    try:
        client = hasty.redis()
        client.hdel(_REFUSED, feed)
        back = bool(client.hdel(KEY, feed)) and not _marks(client)
    except (RedisError, OSError):
        pass
    if back:
        _log.info("feeds.written_again")


def _marks(client: Redis) -> dict[str, dict[str, Any]]:
    found: dict[bytes, bytes] = client.hgetall(KEY)  # type: ignore[assignment]
    marks = {feed.decode(): json.loads(mark) for feed, mark in found.items()}
    return {feed: mark for feed, mark in marks.items() if mark["until"] > time.time()}
