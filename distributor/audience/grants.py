"""Accreditation: who is mailed what is under embargo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from distributor.audience.models import Grant

UNSUBSCRIBED = "unsubscribed"
"""Why a grant was revoked: by the reader, who wants no mail any more."""


def grant(
    subscriber: int,
    *,
    terms_version: str,
    accepted_at: datetime,
    by: str = "",
    valid_until: datetime | None = None,
    link_only: bool = False,
) -> Grant:
    """Accredit a subscriber who has accepted the terms; a grant that holds already is replaced."""
    revoke(subscriber, reason="replaced")
    return Grant.objects.create(
        subscriber_id=subscriber,
        terms_version=terms_version,
        accepted_at=accepted_at,
        granted_by=by,
        valid_until=valid_until,
        link_only=link_only,
    )


def revoke(subscriber: int, *, reason: str = "") -> int:
    """End what grants a subscriber holds; how many. It counts from the next round of a send."""
    standing = Grant.objects.filter(subscriber=subscriber, revoked_at=None)
    return standing.update(revoked_at=timezone.now(), revoked_reason=reason)


def holding(at: datetime | None = None) -> QuerySet[Grant]:
    """The grants that hold ``at`` (now)."""
    moment = at or timezone.now()
    return Grant.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=moment),
        Q(revoked_at=None) | Q(revoked_at__gt=moment),
        accepted_at__lte=moment,
    )


def holds(subscriber: int, at: datetime | None = None) -> bool:
    """Whether a subscriber may see what is under embargo ``at`` (now)."""
    return holding(at).filter(subscriber=subscriber).exists()


def link_only(subscribers: Iterable[int]) -> set[int]:
    """Those of ``subscribers`` whose mail is to hold no text, but the way to it."""
    sparing = holding().filter(subscriber__in=list(subscribers), link_only=True)
    return set(sparing.values_list("subscriber_id", flat=True))


def condition(person: str, named: Sequence[int] = ()) -> tuple[str, list[Any]]:
    """SQL that is true where the subscriber whose id is ``person`` holds a grant now.

    ``named`` are the only ones it is to be true of; empty: it may be anybody.
    """
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    sql = f"""EXISTS (SELECT 1 FROM audience_grant g WHERE g.subscriber_id = {person}
                AND g.accepted_at <= %s AND (g.valid_until IS NULL OR g.valid_until > %s)
                AND (g.revoked_at IS NULL OR g.revoked_at > %s))"""
    if named:
        sql += f" AND {person} IN ({', '.join(['%s'] * len(named))})"
    return sql, [now, now, now, *named]
