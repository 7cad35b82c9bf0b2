"""Receivers that refuse an edition's mails as such: from enough of them on its sending pauses."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

import structlog

from distributor.audience.models import Subscriber
from distributor.dispatch import control
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.dispatch.rounds import kept
from distributor.errors import DeliveryError, Refused

DOMAINS = 3
"""So many domains whose servers refuse the message pause its sending."""
IN_A_ROW = 5
"""So many refusals of how we speak, with no mail taken between them, do so from anywhere."""

_log = structlog.get_logger()


class Refusals:
    """What this process has heard of one edition. For one thread.

    ``in_a_row`` is set back by whoever sees a mail taken.
    """

    def __init__(self, edition: int) -> None:
        self.in_a_row = 0
        self._edition = edition
        self._domains: dict[str, set[str]] = {"message": set(), "protocol": set()}
        self._warned = False

    def heard(self, delivery: int, error: DeliveryError) -> bool:
        """``delivery`` has failed; whether the sending of its edition is paused now."""
        kind = _kind(error)
        if not kind:
            return False
        self.in_a_row += kind == "protocol"
        domains = self._domains[kind]
        if len(domains) < DOMAINS:
            domains.update(_domain(delivery))
        enough = len(domains) >= DOMAINS or (kind == "protocol" and self.in_a_row >= IN_A_ROW)
        if not enough:
            return False
        if kind == "message" and self._told_at_once():
            self._warn(error)
            return False
        control.pause_for(self._edition, error)
        self.in_a_row = 0
        for each in self._domains.values():
            each.clear()
        return True

    def _told_at_once(self) -> bool:
        """Whether somebody who has the text is still owed this edition, which tells them of it."""
        urgent = Batch.objects.filter(edition=self._edition, channel="email", urgent=True)
        return urgent.exclude(due_at=None).exists()

    def _warn(self, error: DeliveryError) -> None:
        if not self._warned:
            self._warned = True
            edition = Edition.objects.only("release_id", "number").get(pk=self._edition)
            _log.warning(
                "sending.refused",
                release=str(edition.release_id),
                edition=edition.number,
                reason=error.reason,
                reply=kept(error.reply),
            )


def refusals(edition: Edition) -> Refusals:
    """Those of the edition, the same ones for each pass of this process."""
    return _of(edition.pk, edition.release_id)


@lru_cache(maxsize=8)
def _of(edition: int, release: UUID) -> Refusals:
    return Refusals(edition)


def _kind(error: DeliveryError) -> str:
    if not isinstance(error, Refused):
        return ""
    if error.about == "message":
        return "message"
    return "protocol" if error.reason == "protocol" else ""


def _domain(delivery: int) -> list[str]:
    recipient = Delivery.objects.filter(pk=delivery).values("recipient")
    keys = Subscriber.objects.filter(pk__in=recipient).values_list("key", flat=True)
    return [key.rpartition("@")[2] for key in keys]
