"""What stands in a feed at a moment: releases, stubs, notices and tombstones, told by editions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from distributor.channels import feeds as channel
from distributor.dispatch import compositions, editions
from distributor.dispatch.models import Edition, EditionTopic, Feed

if TYPE_CHECKING:
    from uuid import UUID

    Rows = QuerySet[Edition, tuple[UUID, datetime | None]]

REMEMBERED = timedelta(days=365)
"""How long a tombstone tells of a withdrawal."""

_published, _updated = attrgetter("published"), attrgetter("updated")


@dataclass(frozen=True, slots=True)
class _Place:
    """An entry that is not made yet; to make one costs more than to choose it."""

    id: str
    published: datetime
    updated: datetime
    make: Callable[[], channel.Entry]


def entries(feed: Feed, at: datetime, count: int) -> list[channel.Entry | channel.Tombstone]:
    """What ``feed`` holds at ``at``, in no order.

    The ``count`` newest entries by ``published``, as many newest by ``updated``, and a tombstone
    for each withdrawal of the last year. Nothing of an edition that has not left by then, and
    nothing of a release that was never public.
    """
    places = _places(feed, at, count)
    newest = {
        place.id: place
        for date in (_published, _updated)
        for place in sorted(places, key=lambda place: (date(place), place.id))[-count:]
    }
    return [*(place.make() for place in newest.values()), *_tombstones(feed, at)]


def _places(feed: Feed, at: datetime, count: int) -> list[_Place]:
    """All places of so many releases that no other has a place among the newest ``count``."""
    found: dict[UUID, list[_Place]] = {}
    for rows, dates in (
        (_by_publication(feed, at), [_published]),
        (_by_change(feed, at), [_published, _updated]),
    ):
        start = 0
        while chunk := list(rows[start : start + count]):
            start += count
            found |= _told(feed, at, {ident for ident, _ in chunk} - set(found))
            last = chunk[-1][1]
            places = [place for told in found.values() for place in told]
            if all(sum(date(place) >= last for place in places) >= count for date in dates):
                break
    return [place for told in found.values() for place in told]


def _by_publication(feed: Feed, at: datetime) -> Rows:
    rows = _about(feed, editions.current(at))
    return rows.values_list("release_id", Coalesce("published_at", "embargo_until"))


def _by_change(feed: Feed, at: datetime) -> Rows:
    """The releases by what changed last, but for corrections of language."""
    left = editions.left(at)
    before = left.filter(release_id=OuterRef("release_id"), number__lt=OuterRef("number"))
    changes = left.annotate(before=Subquery(before.order_by("-number").values("status")[:1]))
    language = Q(act="release.updated", before="usable", content__correction__kind="language")
    rows = _about(feed, changes.filter(published_at__isnull=False).exclude(language))
    return rows.order_by("-leaves_at", "pk").values_list("release_id", "leaves_at")


def _about(feed: Feed, rows: QuerySet[Edition]) -> QuerySet[Edition]:
    """Those of ``rows`` whose release is on the topic of ``feed``, or was so in public."""
    if feed.language:
        rows = rows.filter(language=feed.language)
    if feed.topic:
        on_topic = EditionTopic.objects.filter(
            Q(edition=OuterRef("pk")) | Q(edition__published_at__isnull=False),
            slug=feed.topic.slug,
            edition__release_id=OuterRef("release_id"),
        )
        rows = rows.filter(Exists(on_topic))
    return rows


def _told(feed: Feed, at: datetime, releases: Iterable[UUID]) -> dict[UUID, list[_Place]]:
    """What ``feed`` tells of each of ``releases``; of an erased one nothing."""
    newest = {
        edition.release_id: edition
        for edition in editions.current(at).filter(release_id__in=releases)
    }
    public: dict[UUID, list[Edition]] = {ident: [] for ident in newest}
    rows = editions.left(at).filter(release_id__in=newest, published_at__isnull=False)
    for edition in rows.order_by("number"):
        public[edition.release_id].append(edition)
    told: dict[UUID, list[_Place]] = {ident: [] for ident in releases}
    linked = any(edition.content["translations"] for edition in newest.values())
    stopped = _stopped(at) if linked else frozenset()
    for ident, edition in newest.items():
        if edition.erased_at is None:
            told[ident] = list(_story(feed, edition, public[ident], stopped, at))
    return told


def _stopped(at: datetime) -> frozenset[str]:
    """The addresses of what is withheld or withdrawn: no translation of it leads there."""
    stopped = editions.current(at).exclude(status=Edition.Status.USABLE)
    return frozenset(stopped.values_list("content__url", flat=True))


def _story(
    feed: Feed, newest: Edition, public: list[Edition], stopped: frozenset[str], at: datetime
) -> Iterator[_Place]:
    """The release as ``newest`` has it, and the notices of its ``public`` editions.

    A usable release is on the topics that it has now. Its stub and its notices are on those that
    it had as well, where readers hold what they are about.
    """
    site, words = compositions.site(), newest.release.without_expired(at)
    open_to_all = (each for each in words.translations if each.url not in stopped)
    words = replace(words, translations=tuple(open_to_all))
    published = words.published_at
    assert published is not None
    usable = newest.status == Edition.Status.USABLE
    slug = feed.topic.slug if feed.topic else None
    has = slug is None or slug in _topics(newest)
    had = has or any(slug in _topics(each) for each in public)
    if has or (had and not usable):
        updated = _last_change(published, public)
        facts = [each.release for each in reversed(public) if _kind(each) == "fact"]
        made = partial(channel.entry, words, site, corrections=facts)
        make = partial(made, published=published, updated=updated)
        yield _Place(words.uri, published, updated, make)
    for each in public if had else ():
        told = channel.notice(each.release, site) if _follows(each) else None
        if told and not usable and each != newest:
            told = channel.stub(told, words, site)
        if told:
            yield _Place(told.id, told.published, told.updated, partial(_itself, told))


def _topics(edition: Edition) -> set[str]:
    return {topic["slug"] for topic in edition.content["topics"]}


def _itself(entry: channel.Entry) -> channel.Entry:
    return entry


def _last_change(published: datetime, public: Iterable[Edition]) -> datetime:
    """When what a reader holds was last changed in a way that matters (RFC 4287 §4.2.15)."""
    changed, before = published, Edition.Status.USABLE.value
    for edition in public:
        trifle = before == edition.status and _kind(edition) == "language"
        if _follows(edition) and not trifle:
            changed = edition.leaves_at
        before = edition.status
    return changed


def _kind(edition: Edition) -> str | None:
    """The kind of a correction."""
    kind: str | None = (edition.content["correction"] or {}).get("kind")
    return kind


def _follows(edition: Edition) -> bool:
    """Whether the public had an edition before this one."""
    first = edition.published_at
    return edition.act != "release.published" and first is not None and edition.leaves_at > first


def _tombstones(feed: Feed, at: datetime) -> Iterable[channel.Tombstone]:
    """One for each release that was withdrawn within a year; of an erased one without a word."""
    since, site = at - REMEMBERED, compositions.site()
    withdrawn = editions.left(at).filter(status=Edition.Status.CANCELED, leaves_at__gt=since)
    public = _about(feed, withdrawn.filter(published_at__isnull=False))
    first = {edition.release_id: edition for edition in public.order_by("-number")}
    for edition in first.values():
        words = edition.release
        yield channel.tombstone(replace(words, reason="") if edition.erased_at else words, site)
