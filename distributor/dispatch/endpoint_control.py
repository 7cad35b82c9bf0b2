"""A person's hand on an endpoint: disable it, enable it, and send again what it has missed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from distributor.audience import endpoints
from distributor.audience.models import Endpoint
from distributor.dispatch import bell, endpoint_ends, rounds
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.dispatch.retry import PLANS

LONGEST_REPLAY = timedelta(days=30)


class Enabled(NamedTuple):
    """What came of enabling: warnings, and how many releases were missed since then."""

    warnings: tuple[str, ...]
    missed: int
    since: datetime


class _Missed(NamedTuple):
    edition: Edition
    row: Delivery | None


def disable(endpoint: Endpoint) -> None:
    """Send it nothing until somebody enables it; what it was owed is closed."""
    endpoints.disable(endpoint)
    endpoint_ends.close(endpoint.pk)


def delete(endpoint: Endpoint) -> None:
    """Erase its URL, headers and secrets; its deliveries stay on record."""
    endpoints.delete(endpoint)
    endpoint_ends.close(endpoint.pk)


def enable(endpoint: Endpoint) -> Enabled:
    """Let it get what is issued from now on; nothing old is sent.

    Raises:
        Blocked: the guard refuses its URL; it stays disabled.
        ValueError: its key is gone.
    """
    now = timezone.now()
    since = max(_since(endpoint) or now, now - LONGEST_REPLAY)
    warnings = endpoints.enable(endpoint)
    return Enabled(warnings, missed(endpoint, since), since)


def missed(endpoint: Endpoint, since: datetime) -> int:
    """How many releases it would get by a replay."""
    return sum(1 for _ in _undelivered(endpoint, since))


def replay(endpoint: Endpoint, since: datetime, *, delivered: bool = False) -> int:
    """Make owed again what it was not delivered of the releases that have left ``since`` then.

    Of each release the newest edition, by a fresh schedule; ``delivered``: that which it has, too.
    Returns how many deliveries are owed by this.

    Raises:
        ValueError: it is disabled, or ``since`` is more than 30 days ago or yet to come.
    """
    now = timezone.now()
    if endpoint.state == Endpoint.State.DISABLED:
        raise ValueError(f"endpoint {endpoint.pk} is disabled: enable it first")
    if not now - LONGEST_REPLAY <= since <= now:
        raise ValueError("a replay begins at a time in the last 30 days")
    count = 0
    for edition, row in _undelivered(endpoint, since, delivered=delivered):
        _owe(edition, endpoint, row)
        bell.ring_batches(edition.pk, "webhook")
        count += 1
    return count


def troubles() -> list[dict[str, Any]]:
    """The endpoints that the program has disabled, until somebody deals with them."""
    ended = Endpoint.objects.filter(state=Endpoint.State.DISABLED, deleted_at=None)
    return [
        {
            "id": endpoint.pk,
            "name": endpoint.name,
            "host": endpoint.host,
            "reason": endpoint.reason,
            "since": endpoint.disabled_at,
            "missed": missed(endpoint, _since(endpoint) or timezone.now()),
        }
        for endpoint in ended.exclude(reason=endpoints.OWNER).order_by("pk")
    ]


def _since(endpoint: Endpoint) -> datetime | None:
    """When what it has missed may have left at the earliest: what it was owed then counts too."""
    ended = endpoint.failing_since or endpoint.disabled_at
    return ended and ended - timedelta(seconds=PLANS["webhook"].until)


def _undelivered(
    endpoint: Endpoint, since: datetime, *, delivered: bool = False
) -> Iterator[_Missed]:
    """The newest edition of each release that has left since, where the endpoint lacks it.

    Where it has no row of that, but was to get an earlier edition and got none, it is given this
    one if it may be told of it.
    """
    states = ("failed", "delivered") if delivered else ("failed",)
    newest: dict[Any, Edition] = {}
    left = Edition.objects.filter(taken_back_at=None, leaves_at__lte=timezone.now())
    recent = left.filter(leaves_at__gte=since).values("release_id")
    for edition in left.filter(release_id__in=recent).order_by("number").defer("content"):
        newest[edition.release_id] = edition
    for edition in newest.values():
        if edition.cancelled_at:
            continue
        told = Delivery.objects.filter(
            edition__release_id=edition.release_id, channel="webhook", recipient=endpoint.pk
        )
        rows = {row.edition_id: row for row in told}
        row = rows.get(edition.pk)
        if row is not None:
            if row.state in states and row.reason != "cancelled":
                yield _Missed(edition, row)
        elif rows and all(earlier.state == "failed" for earlier in rows.values()):
            public = edition.published_at is not None or endpoint.trusted
            if public and edition.status == Edition.Status.USABLE and edition.fanned_out_at:
                yield _Missed(edition, None)


def _owe(edition: Edition, endpoint: Endpoint, row: Delivery | None) -> None:
    now = timezone.now()
    fresh = {"state": "pending", "reason": "", "attempts": 0, "since": now, "due_at": now}
    with transaction.atomic():
        urgent = bool(row and row.urgent)
        lane = Batch.objects.filter(edition=edition, channel="webhook", urgent=urgent)
        ident = endpoint.pk
        batch = lane.filter(first__lte=ident, last__gte=ident).first()
        batch = batch or Batch.objects.create(
            edition=edition, channel="webhook", urgent=urgent, first=ident, last=ident, total=1
        )
        rounds.lock(batch)
        if row is None:
            Delivery.objects.create(
                edition=edition, channel="webhook", recipient=ident, urgent=urgent, **fresh
            )
        else:
            Delivery.objects.filter(pk=row.pk).exclude(state="sending").update(**fresh)
        rounds.recount(batch)
        rounds.close(batch)
