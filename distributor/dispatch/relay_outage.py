"""Relays that take no mail of ours, told to every process by a hash in Redis, and to the log."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from django.conf import settings
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from distributor.adapters.smtp import SILENT, Relay, Trouble
from distributor.dispatch import hasty
from distributor.dispatch.rounds import kept
from distributor.rendering import dates

KEY = "distributor:relays"
ASKED = "distributor:relays:asked:"
"""Before the name of a relay: it has refused a worker just now, so that no other asks yet."""

_ASKED_LASTS = 290
_AWAY_LASTS = 180.0
_REFUSED_LASTS = 120.0
"""Seconds, beyond the wait: long enough for the next try to come and to fail slowly."""
_TOLD_EVERY = 10.0
_REMEDIES = {
    "authentication": "check email.username and email.password",
    "certificate": "its certificate must be valid for that name",
    "no-starttls": "check email.smtp_port and email.security",
    SILENT: "see whether the mail server hangs, and start it again",
}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ill:
    """A relay in trouble: where it is, since when, what it said, when it is asked again."""

    name: str
    refused: bool
    reason: str
    reply: str
    since: datetime
    again: datetime

    @property
    def remedy(self) -> str:
        """What to do, in a few words of English; empty where that is known to nobody."""
        return _REMEDIES.get(self.reason, "")


class RelayWatch:
    """What a sender of this process finds out, told when it changes and now and then."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[bool | None, float]] = {}

    def heard(self, relay: Relay, trouble: Trouble | None) -> None:
        """The relay is in trouble, or (None) takes mail."""
        name, now = _name(relay), time.monotonic()
        refused = None if trouble is None else trouble.refused
        before, told = self._told.get(name, (None, float("-inf")))
        if refused == before and now - told < _TOLD_EVERY:
            return
        self._told[name] = refused, now
        try:
            if trouble is None:
                _well(hasty.redis(), name)
                return
            news = _ill(hasty.redis(), name, trouble)
        except (RedisError, OSError):
            news = refused != before
        if trouble is not None and news:
            _say(name, trouble)

    def may_ask(self, relay: Relay) -> bool:
        """Whether no worker was refused by it of late; then this one is the one to ask."""
        try:
            return bool(hasty.redis().set(ASKED + _name(relay), 1, nx=True, ex=_ASKED_LASTS))
        except (RedisError, OSError):
            return True


def known(client: Redis) -> list[Ill]:
    """The relays that are in trouble, as the workers have found out.

    Raises:
        RedisError: Redis is away.
    """
    found: dict[bytes, bytes] = client.hgetall(KEY)  # type: ignore[assignment]
    now = time.time()
    marks = [(name.decode(), json.loads(mark)) for name, mark in sorted(found.items())]
    return [
        Ill(
            name,
            mark["refused"],
            mark["reason"],
            mark["reply"],
            datetime.fromtimestamp(mark["since"], UTC),
            datetime.fromtimestamp(mark["again"], UTC),
        )
        for name, mark in marks
        if mark["until"] > now
    ]


def mail_waits(ill: Sequence[Ill]) -> bool:
    """Whether no relay is left that takes over for those."""
    return len(ill) >= max(len(settings.DISTRIBUTOR.email.servers), 1)


def line(ill: Sequence[Ill]) -> str:
    """One line of English for the operator."""
    head = "mail waits: " if mail_waits(ill) else "mail goes by another relay: "
    return head + "; ".join(map(_described, ill))


def clock(moment: datetime, language: str) -> str:
    """When that was or will be, on the newsroom's clock."""
    return dates.brief(moment, timezone.now(), language, settings.DISTRIBUTOR.site.time_zone)


def _described(one: Ill) -> str:
    since = clock(one.since, "en")
    if one.reason == SILENT:
        return f"{one.name} has fallen silent: no answer since {since}"
    if not one.refused:
        if one.reason == "no-connection":
            return f"no connection to {one.name} since {since}"
        return f"{one.name} takes no mail since {since} ({one.reply or one.reason})"
    later = one.again > timezone.now()
    again = f"at {clock(one.again, 'en')}" if later else "with the next mail"
    said = f"{one.name} refuses us since {since} ({one.reply or one.reason})"
    return f"{said}: {one.remedy}; it is asked again {again}"


def _well(client: Redis, name: str) -> None:
    with client.pipeline(transaction=False) as pipe:
        pipe.hdel(KEY, name)
        pipe.delete(ASKED + name)
        was_ill, _ = pipe.execute()
    if was_ill:
        _log.info("relay.back", relay=name)


def _ill(client: Redis, name: str, trouble: Trouble) -> bool:
    """Keep the mark; whether that is news."""
    now = time.time()
    before = json.loads(client.hget(KEY, name) or "{}")
    same = before.get("refused") == trouble.refused and before["until"] > now
    mark = {
        "refused": trouble.refused,
        "reason": trouble.error.reason,
        "reply": kept(trouble.error.reply),
        "since": before["since"] if same else now - trouble.lasted,
        "again": now + trouble.wait,
        "until": now + (trouble.wait + _REFUSED_LASTS if trouble.refused else _AWAY_LASTS),
    }
    with client.pipeline(transaction=False) as pipe:
        pipe.hset(KEY, name, json.dumps(mark))
        pipe.expire(KEY, 3600)
        if trouble.refused:
            pipe.set(ASKED + name, 1, ex=_ASKED_LASTS)
        pipe.execute()
    return not same


def _say(name: str, trouble: Trouble) -> None:
    error = trouble.error
    silent = error.reason == SILENT
    _log.error(
        "relay.refuses_us" if trouble.refused else "relay.silent" if silent else "relay.away",
        relay=name,
        reason=error.reason,
        reply=kept(error.reply),
        remedy=_REMEDIES.get(error.reason, "see whether the mail server runs and can be reached"),
        again_in_seconds=round(trouble.wait),
    )


def _name(relay: Relay) -> str:
    return f"{relay.host}:{relay.port}"
