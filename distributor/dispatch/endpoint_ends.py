"""How an endpoint ends: warned, disabled, and who is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from distributor.audience import endpoints
from distributor.audience import letters as written
from distributor.audience.models import Endpoint, Letter
from distributor.dispatch import letters, rounds
from distributor.dispatch.models import Batch, Delivery

WARNED_AFTER = (timedelta(hours=24), timedelta(hours=60), timedelta(hours=108))
ENDED_AFTER = timedelta(hours=120)
NOTICE = ENDED_AFTER - WARNED_AFTER[-1]
"""So long before the end the first warning was written, at least."""
LEAST_FAILURES = 10
LEAST_ATTEMPT = 4


def judge(endpoint: Endpoint, attempt: int) -> None:
    """Warn of an endpoint that has just failed again, or disable it if that has lasted too long.

    ``attempt`` is the number of the attempt at its delivery. Where there is nobody to be warned it
    is never disabled.
    """
    now = timezone.now()
    since = endpoint.failing_since or now
    passed = sum(now - since > age for age in WARNED_AFTER)
    if passed > endpoint.warned:
        _warn(endpoint, passed)
    elif (
        attempt >= LEAST_ATTEMPT
        and endpoint.failures >= LEAST_FAILURES
        and now - since >= ENDED_AFTER
        and endpoint.warned_at is not None
        and now - endpoint.warned_at >= NOTICE
    ):
        end(endpoint, "failing")


def end(endpoint: Endpoint, reason: str) -> None:
    """Disable an endpoint, close what it is owed, and tell its contact and who may change it."""
    with transaction.atomic():
        if not endpoints.end(endpoint.pk, reason):
            return
        waiting = close(endpoint.pk)
        told = [_contact(endpoint), *endpoints.wardens()]
        owed = _write("endpoint-disabled", told, endpoint, reason=reason, waiting=waiting)
    _ring(owed)


def close(ident: int) -> int:
    """Nothing is owed any more to an endpoint that was disabled; how many deliveries were."""
    open_ones = Batch.objects.filter(channel="webhook", first__lte=ident, last__gte=ident)
    closed = 0
    for batch in open_ones.exclude(due_at=None):
        with transaction.atomic():
            rounds.lock(batch)
            owed = Delivery.objects.filter(
                edition_id=batch.edition_id,
                channel="webhook",
                urgent=batch.urgent,
                recipient=ident,
                state="pending",
            )
            if ended := owed.update(state="failed", reason="disabled"):
                rounds.recount(batch)
                rounds.close(batch)
            closed += ended
    return closed


def _warn(endpoint: Endpoint, passed: int) -> None:
    """Once for each time that has passed, however many workers see it pass."""
    to = [address for address in (_contact(endpoint),) if address] or endpoints.wardens()
    if not to:
        return
    unwarned = Endpoint.objects.filter(pk=endpoint.pk, warned__lt=passed)
    with transaction.atomic():
        if not unwarned.update(warned=passed, warned_at=Coalesce("warned_at", timezone.now())):
            return
        owed = _write("endpoint-failing", to, endpoint)
    _ring(owed)


def _contact(endpoint: Endpoint) -> str:
    return endpoint.contact or settings.DISTRIBUTOR.site.operator or ""


def _write(kind: str, to: list[str], endpoint: Endpoint, **more: Any) -> list[Letter]:
    since = endpoint.failing_since or timezone.now()
    facts = {"id": endpoint.pk, "name": endpoint.name, "host": endpoint.host}
    language = settings.DISTRIBUTOR.site.languages[0]
    return written.write(kind, to, language, **facts, since=since.isoformat(), **more)


def _ring(owed: list[Letter]) -> None:
    for letter in owed:
        letters.ring(letter)
