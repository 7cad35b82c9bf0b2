"""What MX groups have told us: stops, pauses and the days of a new sender, kept in the database.

Only groups of which there is something to say have a row. Each change is one counted UPDATE, so
that workers who hear the same at once act once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db.models import F, Q

from distributor.dispatch.models import MailGroup
from distributor.dispatch.rounds import kept
from distributor.errors import DeliveryError

FIRST_STOP = 600
LONGEST_STOP = 7200
"""Seconds."""

RELAPSE = timedelta(hours=1)
"""A group that complains within this time of its last stop's end stops for twice as long."""

GAINS_EVERY = timedelta(minutes=10)
"""After a stop a group gains a lane for each such time without a complaint."""

REMEMBERED = timedelta(days=1)
"""So long after a stop a group has regained more lanes than anybody has connections."""

FIRST_CAP = 500
_HIGHEST_CAP = 1_000_000_000
_TRIES = 5

_log = structlog.get_logger()


def troubled(now: datetime) -> dict[str, MailGroup]:
    """The groups that are stopped, paused, or recovering from a stop, by name."""
    rows = MailGroup.objects.filter(
        Q(paused_at__isnull=False) | Q(clean_since__gt=now - REMEMBERED)
    )
    return {row.name: row for row in rows}


def regained(row: MailGroup, now: datetime) -> int:
    """How many lanes a group that recovers has in all workers together."""
    if row.clean_since is None or row.clean_since > now:
        return row.lanes
    return row.lanes + (now - row.clean_since) // GAINS_EVERY


def stop(name: str, reply: str, now: datetime) -> datetime:
    """The group has said that we send too fast: nothing goes to it for 10 minutes.

    If it says so again within an hour of the end of its last stop, that one's length is doubled,
    to two hours at most. Afterwards it has one lane. Returns when the stop ends; a group that is
    stopped already (what was under way comes back too) stays so no longer.
    """
    row, _ = MailGroup.objects.get_or_create(name=name)
    last = row.stopped_until
    if last is not None and last > now:
        return last
    again = last is not None and now - last < RELAPSE
    seconds = min(2 * row.stop_seconds, LONGEST_STOP) if again else FIRST_STOP
    until = now + timedelta(seconds=seconds)
    stopped = MailGroup.objects.filter(pk=row.pk, stopped_until=last).update(
        stopped_until=until,
        stop_seconds=seconds,
        lanes=1,
        clean_since=until,
        reason="rate",
        reply=kept(reply),
        untroubled=False,
    )
    if not stopped:
        row.refresh_from_db()
        return row.stopped_until or until
    _log.warning("group.stopped", group=name, minutes=seconds // 60, reply=kept(reply))
    return until


def pause(name: str, error: DeliveryError, now: datetime) -> None:
    """The group takes nothing from us until a person has seen to it and says :func:`resume`."""
    MailGroup.objects.get_or_create(name=name)
    paused = MailGroup.objects.filter(name=name, paused_at=None).update(
        paused_at=now, reason=error.reason[:24], reply=kept(error.reply), untroubled=False
    )
    if paused:
        _log.error("group.paused", group=name, reason=error.reason, reply=kept(error.reply))


def resume() -> int:
    """Send to paused groups again; how many there were."""
    return MailGroup.objects.exclude(paused_at=None).update(paused_at=None)


def complained(name: str, lanes: int, now: datetime) -> None:
    """A group that recovers has deferred a message: it stays at ``lanes`` and begins to wait
    again."""
    MailGroup.objects.filter(name=name, clean_since__lt=now).update(lanes=lanes, clean_since=now)


def reserve(name: str, count: int, now: datetime) -> int:
    """Up to ``count`` mails of what a new sender may send to the group on this day of UTC.

    It is 500 on the first day and twice as many after each day on which mail went and neither a
    stop nor a pause came of it.
    """
    row, _ = MailGroup.objects.get_or_create(name=name)
    today = now.date()
    for _ in range(_TRIES):
        if row.day == today:
            granted = min(count, row.cap - row.used)
            free = MailGroup.objects.filter(pk=row.pk, day=today, used__lte=F("cap") - granted)
            if granted <= 0 or free.update(used=F("used") + granted):
                return max(0, granted)
        else:
            cap = row.cap * (2 if row.untroubled and row.used else 1) if row.day else FIRST_CAP
            MailGroup.objects.filter(pk=row.pk, day=row.day).update(
                day=today, cap=min(cap, _HIGHEST_CAP), used=0, untroubled=True
            )
        row.refresh_from_db()
    return 0


def give_back(name: str, count: int, now: datetime) -> None:
    """What was reserved and not used."""
    row = MailGroup.objects.filter(name=name, day=now.date(), used__gte=count)
    row.update(used=F("used") - count)
