"""Who follows what: wishes put on record, many at a time, and changed by the reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from distributor.audience import bulk
from distributor.audience.addresses import Address
from distributor.audience.models import Consent, Subscriber, Subscription, Topic

READER = "the reader"
"""``Consent.recorded_by`` where it was the person, and not the office, who said so."""

ADDED, MERGED, SAME = "added", "merged", "same"
SUPPRESSED, ENDED, UNAGREED = "suppressed", "ended", "unagreed"

_PARTICULARS = ("languages", "name", "outlet", "beat")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Why somebody may be written to. ``given_at`` is None where only the fact is known."""

    basis: str
    source: str
    text: str = ""
    given_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one person is to get: ``paces`` has the pace of each topic, by its slug.

    Without an agreement the person is asked to confirm before anything is sent.
    """

    address: Address
    paces: Mapping[str, str]
    languages: tuple[str, ...]
    name: str = ""
    outlet: str = ""
    beat: str = ""
    agreement: Agreement | None = None


def record(wishes: Sequence[Wish], *, by: str, save: bool = True) -> list[str]:
    """Put wishes on record, and say of each in turn what came of it.

    ``ADDED``: a new person. ``MERGED``: somebody already here, who now has more topics, languages
    or particulars, or has been confirmed. ``SAME``: already here, nothing new. Nothing is changed
    where the address is ``SUPPRESSED``, where its owner has ``ENDED`` all of it, as only they may
    undo that, and where a confirmed reader would get new topics that are ``UNAGREED``. An ended
    topic stays ended, a pace that stands is kept, and so are languages that the reader chose.

    ``by`` is who says so. The keys of the addresses must differ from each other, and the topics
    exist. One transaction and a few statements; with ``save`` false nothing is changed.
    """
    now = timezone.now()
    with transaction.atomic():
        here = _here([wish.address.key for wish in wishes])
        outcomes = [here[w.address.key].meet(w) if w.address.key in here else ADDED for w in wishes]
        if save:
            _save(wishes, outcomes, here, by, now)
    return outcomes


@dataclass(slots=True)
class _Person:
    """A subscriber as they stand, and what a wish would change."""

    row: Subscriber
    following: dict[str, bool]
    has_chosen: bool
    topics: Iterable[str] = ()
    changed: bool = False
    confirms: bool = False

    def meet(self, wish: Wish) -> str:
        if self.row.suppressed:
            return SUPPRESSED
        if self.following and not any(self.following.values()):
            return ENDED
        self.topics = [slug for slug in wish.paces if slug not in self.following]
        if self.row.confirmed_at and not wish.agreement:
            return UNAGREED if self.topics else SAME
        self.confirms = wish.agreement is not None and self.row.confirmed_at is None
        before = [getattr(self.row, field) for field in _PARTICULARS]
        if not (self.has_chosen and self.row.languages):
            self.row.languages = spaced([*self.row.languages.split(), *wish.languages])
        for field in _PARTICULARS[1:]:
            setattr(self.row, field, getattr(self.row, field) or getattr(wish, field))
        self.changed = before != [getattr(self.row, field) for field in _PARTICULARS]
        if self.topics or self.changed or self.confirms:
            return MERGED
        return SAME if any(self.following[slug] for slug in wish.paces) else ENDED


def _here(keys: Sequence[str]) -> dict[str, _Person]:
    rows = {row.pk: row for row in Subscriber.objects.filter(key__in=keys)}
    following: dict[int, dict[str, bool]] = {pk: {} for pk in rows}
    for pk, slug, ended_at in Subscription.objects.filter(subscriber__in=list(rows)).values_list(
        "subscriber_id", "topic__slug", "ended_at"
    ):
        following[pk][slug] = ended_at is None
    chosen = set(
        Consent.objects.filter(subscriber__in=list(rows), recorded_by=READER).values_list(
            "subscriber_id", flat=True
        )
    )
    return {row.key: _Person(row, following[pk], pk in chosen) for pk, row in rows.items()}


def _save(
    wishes: Sequence[Wish],
    outcomes: Sequence[str],
    here: Mapping[str, _Person],
    by: str,
    now: datetime,
) -> None:
    new = [wish for wish, outcome in zip(wishes, outcomes, strict=True) if outcome == ADDED]
    merged = [wish for wish, outcome in zip(wishes, outcomes, strict=True) if outcome == MERGED]
    at = bulk.instant(Subscriber, now)
    bulk.insert(
        Subscriber,
        ["address", "key", *_PARTICULARS, "suppressed", "created_at", "confirmed_at"],
        [
            (
                *(wish.address.address, wish.address.key),
                *(spaced(wish.languages), wish.name, wish.outlet, wish.beat),
                *("", at, at if wish.agreement else None),
            )
            for wish in new
        ],
    )
    keys = [wish.address.key for wish in new]
    ids = dict(Subscriber.objects.filter(key__in=keys).values_list("key", "pk"))
    people = [here[wish.address.key] for wish in merged]
    ids |= {person.row.key: person.row.pk for person in people}
    bulk.update(
        Subscriber,
        _PARTICULARS,
        [
            (*(getattr(person.row, name) for name in _PARTICULARS), person.row.pk)
            for person in people
            if person.changed
        ],
    )
    confirmed = [person.row.pk for person in people if person.confirms]
    Subscriber.objects.filter(pk__in=confirmed).update(confirmed_at=now)
    topics = dict(Topic.objects.values_list("slug", "pk"))
    bulk.insert(
        Subscription,
        ["subscriber", "topic", "pace", "created_at", "ended_reason"],
        [
            (ids[wish.address.key], topics[slug], pace, at, "")
            for wish in (*new, *merged)
            for slug, pace in wish.paces.items()
        ],
    )
    bulk.insert(
        Consent,
        ["subscriber", "basis", "source", "text", "given_at", "recorded_by", "recorded_at"],
        [
            (
                *(ids[wish.address.key], wish.agreement.basis, wish.agreement.source),
                *(wish.agreement.text, bulk.instant(Consent, wish.agreement.given_at), by, at),
            )
            for wish in (*new, *merged)
            if wish.agreement
        ],
    )


def spaced(languages: Iterable[str]) -> str:
    """``" sv en "``: each once, with a space on either side to search by; none is ``""``."""
    each = list(dict.fromkeys(languages))
    return f" {' '.join(each)} " if each else ""
