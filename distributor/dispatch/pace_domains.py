"""The MX groups of our readers' domains: found by housekeeping, never while sending.

What is found is kept for seven days. A domain of which nothing is known is a group of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache, lru_cache

from django.conf import settings
from django.db.models import Value
from django.db.models.functions import StrIndex, Substr
from django.utils import timezone

from distributor.adapters.dns import MailGroups
from distributor.audience import matching
from distributor.audience.models import Subscriber
from distributor.dispatch import bell
from distributor.dispatch.models import MailDomain
from distributor.errors import Unavailable

KEPT = timedelta(days=7)
RENEWED_AFTER = timedelta(days=6)
SURVEYED_EVERY = timedelta(hours=1)
RUNG_EVERY = 10.0
"""Seconds between two turns of the task."""

MOST = 160
"""How many domains are asked for in one turn."""

_AGAIN_AFTER = timedelta(hours=1)
_RESOLVER_AWAY = timedelta(minutes=10)
_AT_ONCE = 16
_IDS = 20_000
_NAMES = 500
_TURN = 1.0
_REMEMBERED = 50_000
_RELOADED_EVERY = timedelta(minutes=10)


class Domains:
    """The groups of domains, remembered by this process for some minutes."""

    def __init__(self) -> None:
        self.groups: dict[str, str] = {}
        self._since: datetime | None = None

    def load(self, domains: Iterable[str], now: datetime) -> dict[str, str]:
        """A dictionary that has the groups of ``domains``, and others that were asked for."""
        groups = self.groups
        if self._since is None or now - self._since > _RELOADED_EVERY or len(groups) > _REMEMBERED:
            groups.clear()
            self._since = now
        missing = [domain for domain in set(domains) if domain not in groups]
        for start in range(0, len(missing), _NAMES):
            part = missing[start : start + _NAMES]
            known = MailDomain.objects.filter(domain__in=part, found_at__gt=now - KEPT)
            groups.update(zip(part, part, strict=True))
            groups.update(known.values_list("domain", "mail_group"))
        return groups


class Survey:
    """Goes through the readers once an hour, some at a time, for domains nobody has looked up."""

    def __init__(self) -> None:
        self._reached = 0
        self._next: datetime | None = None

    def turn(self, now: datetime) -> None:
        """Go on for about a second, if it is time. What a whole pass did not find in use for a
        day is forgotten."""
        if self._next is not None and now < self._next:
            return
        began, highest = time.monotonic(), matching.highest_subscriber()
        while self._reached < highest and time.monotonic() - began < _TURN:
            note(_domains(self._reached + 1, self._reached + _IDS), now)
            self._reached += _IDS
        if self._reached >= highest:
            MailDomain.objects.filter(due_at=None, found_at__lt=now - KEPT).delete()
            self._reached, self._next = 0, now + SURVEYED_EVERY


def note(domains: Iterable[str], now: datetime) -> None:
    """Have ``domains`` looked up, those that are not known or not for much longer."""
    names = list(domains)
    for start in range(0, len(names), _NAMES):
        part = names[start : start + _NAMES]
        known = MailDomain.objects.filter(domain__in=part)
        known.filter(due_at=None, found_at__lt=now - RENEWED_AFTER).update(due_at=now)
        new = set(part).difference(known.values_list("domain", flat=True))
        MailDomain.objects.bulk_create(
            [MailDomain(domain=domain, due_at=now) for domain in sorted(new)],
            ignore_conflicts=True,
        )


def look_up(resolver: MailGroups, now: datetime, *, most: int = MOST) -> int:
    """Ask DNS for up to ``most`` domains, for about a second; how many groups were found.

    Where it is not there at all, it is left alone for ten minutes.
    """
    began, asked, found = time.monotonic(), 0, 0
    while asked < most and time.monotonic() - began < _TURN:
        due = list(MailDomain.objects.filter(due_at__lte=now).order_by("due_at")[:_AT_ONCE])
        if not due:
            break
        answers = resolver.find_all(row.domain for row in due)
        silent = [row for row in due if isinstance(answers[row.domain], Unavailable)]
        if len(silent) == len(due):
            MailDomain.objects.filter(due_at__lte=now).update(due_at=now + _RESOLVER_AWAY)
        _try_later(silent, now)
        for row in due:
            group = answers[row.domain]
            if isinstance(group, str):
                MailDomain.objects.filter(pk=row.pk).update(
                    mail_group=group[:255], found_at=now, due_at=None
                )
                found += 1
        asked += len(due)
    return found


def take_turn(most: int = MOST) -> None:
    """What housekeeping does about groups, in about two seconds."""
    now = timezone.now()
    _survey().turn(now)
    look_up(MailGroups(), now, most=most)


def ring() -> None:
    """Have housekeeping :func:`take_turn`, unless it did a moment ago or groups do not matter."""
    options = settings.DISTRIBUTOR.email
    if options.smtp_host and (options.throttle == "groups" or options.warm_up):
        _once_in(int(time.monotonic() // RUNG_EVERY))


@lru_cache(maxsize=1)
def _once_in(moment: int) -> None:
    """Rings once in each ``moment`` of ``RUNG_EVERY`` seconds."""
    bell.ring("find_mail_groups", MOST, "housekeeping")


@cache
def _survey() -> Survey:
    return Survey()


def _domains(low: int, high: int) -> list[str]:
    """Of the readers with ids from ``low`` to ``high``."""
    readers = Subscriber.objects.filter(pk__range=(low, high), suppressed="", key__contains="@")
    domain = Substr("key", StrIndex("key", Value("@")) + 1)
    return list(
        readers.exclude(confirmed_at=None)
        .annotate(domain=domain)
        .order_by("domain")
        .values_list("domain", flat=True)
        .distinct()
    )


def _try_later(silent: list[MailDomain], now: datetime) -> None:
    """What was found before stays good for its time. A domain that never answered is forgotten:
    the next survey finds it again if it is still in use."""
    ids = [row.pk for row in silent]
    rows = MailDomain.objects.filter(pk__in=ids)
    rows.filter(found_at__gt=now - KEPT).update(due_at=now + _AGAIN_AFTER)
    rows.exclude(found_at__gt=now - KEPT).delete()
