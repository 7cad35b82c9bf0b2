"""Whom an act would reach now, asked of what the fan-out itself asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy

from distributor.audience.models import Endpoint, Subscriber
from distributor.dispatch import editions, fanout, recipients
from distributor.dispatch.models import Delivery, Edition, lifted
from distributor.newsroom import snapshot
from distributor.release import Correction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from distributor.newsroom.models import ReleasePage

KINDS = {
    "language": gettext_lazy("Language: a slip of the pen, nothing new"),
    "update": gettext_lazy("Update: there is news, nothing was wrong"),
    "fact": gettext_lazy("Fact: something was wrong"),
}
_EVENTS = {
    "withhold": editions.WITHHELD,
    "resume": "release.resumed",
    "withdraw": editions.WITHDRAWN,
    "erase": editions.WITHDRAWN,
    "move_embargo": editions.EMBARGOED,
}
HOLDERS = 50
"""How many of those who have a text a screen lists by name."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of who will be told. ``kind`` is that of a correction, or empty."""

    kind: str
    told: dict[str, fanout.Reach]

    @property
    def endpoints(self) -> int:
        return self.told["webhook"].audience + self.told["webhook"].receivers


def rows(page: ReleasePage, act: str, channels: Sequence[str] = editions.CHANNELS) -> list[Row]:
    """Whom ``act`` would reach now; for a correction a row for each kind."""
    return [Row(kind, _reach(edition)) for kind, edition in _proposed(page, act, channels)]


def _reach(edition: Edition) -> dict[str, fanout.Reach]:
    none = dict.fromkeys(editions.CHANNELS, fanout.Reach(0, 0, 0))
    return none | fanout.reach(edition)


def _proposed(
    page: ReleasePage, act: str, channels: Sequence[str]
) -> Iterator[tuple[str, Edition]]:
    newest = editions.standing(page.release_id).first()
    if act == "publish":
        written = page.get_latest_revision_as_object()
        yield (
            "",
            editions.propose(
                snapshot.snapshot(written)[0],
                channels=channels,
                embargo_until=written.embargo_until,
            ),
        )
    if newest is None:
        return
    until = editions.embargo(newest)
    if act == "correct":
        words = snapshot.snapshot(page.get_latest_revision_as_object())[0]
        for kind in KINDS:
            event = "release.corrected" if kind == "fact" else "release.updated"
            said = replace(words, act=event, correction=Correction(kind=kind, note=""))
            yield (
                kind,
                editions.propose(
                    said, channels=newest.channels, embargo_until=until, granted=newest.granted
                ),
            )
    elif act == "lift":
        now = timezone.now()
        yield (
            "",
            editions.propose(lifted(newest.release, now), channels=newest.channels, public_at=now),
        )
    elif act in _EVENTS:
        said = replace(newest.release, act=_EVENTS[act], correction=None)
        yield (
            "",
            editions.propose(
                said, channels=newest.channels, embargo_until=until, granted=newest.granted
            ),
        )


def holders(page: ReleasePage) -> tuple[list[str], int]:
    """Who has the text: the first of them by name, and how many there are."""
    every = editions.standing(page.release_id)
    had = Delivery.objects.filter(recipients.HAD, edition__in=every)
    readers = had.filter(channel="email").values("recipient").distinct()
    served = had.filter(channel="webhook").values("recipient").distinct()
    people = Subscriber.objects.filter(pk__in=readers).order_by("address")
    endpoints = Endpoint.objects.filter(pk__in=served).order_by("name")
    names = [*people.values_list("address", flat=True)[:HOLDERS]]
    names += [str(endpoint) for endpoint in endpoints[: HOLDERS - len(names)]]
    return names, people.count() + endpoints.count()
