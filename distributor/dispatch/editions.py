"""Editions: what was issued, and which of it the public may see at a given moment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from distributor.dispatch import bell, pausing
from distributor.dispatch.models import Edition, EditionFile, EditionTopic, lifted
from distributor.release import Correction, Release

CHANNELS = ("email", "feed", "webhook")
WITHHELD, WITHDRAWN = "release.withheld", "release.withdrawn"
EMBARGOED, PUBLISHED = "release.embargoed", "release.published"
_STATUS = {WITHHELD: Edition.Status.WITHHELD, WITHDRAWN: Edition.Status.CANCELED}


class Overtaken(Exception):
    """Another edition came between: what was decided on is no longer what stands."""


class Final(Exception):
    """The release was withdrawn; nothing follows that but its erasure."""


@dataclass(frozen=True, slots=True)
class File:
    """A picture or document that an edition shows: ``path`` is its name in the media storage."""

    sha256: str
    path: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be issued."""

    release: Release
    revision: str
    leaves_at: datetime
    issuer: str
    approver: str = ""
    reason: str = ""
    files: Sequence[File] = ()
    channels: Sequence[str] = CHANNELS
    embargo_until: datetime | None = None
    public_at: datetime | None = None
    granted: Sequence[int] = ()
    after: int | None = None
    erased: bool = False


def issue(
    release: Release,
    *,
    revision: str,
    leaves_at: datetime,
    issuer: str,
    approver: str = "",
    reason: str = "",
    files: Sequence[File] = (),
    channels: Sequence[str] = CHANNELS,
    embargo_until: datetime | None = None,
    public_at: datetime | None = None,
    granted: Sequence[int] = (),
    after: int | None = None,
    erased: bool = False,
) -> Edition:
    """The edition of ``release`` for ``revision``, made now or found.

    ``revision`` is the caller's key of what was done; asking twice gives the same edition. Words,
    status and embargo that do not differ from the newest edition's issue nothing. The number, the
    status of ``release.act`` and the times are set here, and the act itself where it follows from
    the state: ``release.updated`` for a release that is out, ``release.embargoed`` for whatever
    is said before ``embargo_until``, save a hold or a withdrawal. ``public_at`` is when the lift
    of an embargo, which may be issued late, took effect. ``granted`` are the only readers who get
    it under embargo; none means all that have been granted it. Where a person has paused the
    release, those who get it in turn wait until that is resumed. Ringing the workers is a courtesy:
    with the broker away the edition is owed all the same.

    Raises:
        Overtaken: the newest edition is not number ``after`` (0: there is none).
        Final: the newest edition is a withdrawal, and this is not its erasure.
        ValueError: ``embargo_until`` for a release that was public already.
    """
    order = _Order(
        release=release,
        revision=revision,
        leaves_at=leaves_at,
        issuer=issuer,
        approver=approver,
        reason=reason,
        files=files,
        channels=channels,
        embargo_until=embargo_until,
        public_at=public_at,
        granted=granted,
        after=after,
        erased=erased,
    )
    while True:
        try:
            with transaction.atomic():
                pausing.lock(release.id)
                edition = _found(order) or _make(order)
            break
        except IntegrityError:
            found = Edition.objects.filter(release_id=release.id, revision=revision).first()
            if found:
                edition = found
                break
    bell.ring_fan_out(edition)
    return edition


def propose(
    release: Release,
    *,
    channels: Sequence[str] = CHANNELS,
    embargo_until: datetime | None = None,
    granted: Sequence[int] = (),
    public_at: datetime | None = None,
) -> Edition:
    """What :func:`issue` would make of ``release`` now; not saved, for asking whom it reaches."""
    return _row(
        _Order(
            release=release,
            revision="",
            leaves_at=timezone.now(),
            issuer="",
            channels=channels,
            embargo_until=embargo_until,
            granted=granted,
            public_at=public_at,
        )
    )


def standing(release_id: UUID | str) -> QuerySet[Edition]:
    """The editions of a release, left or not, that were not taken back; newest first."""
    return Edition.objects.filter(release_id=release_id, taken_back_at=None).order_by("-number")


def _found(order: _Order) -> Edition | None:
    """The edition that ``order`` asks for, if it is there already."""
    every = Edition.objects.filter(release_id=order.release.id)
    if same := every.filter(revision=order.revision).first():
        return same
    newest = standing(order.release.id).first()
    number = newest.number if newest else 0
    if order.after is not None and number != order.after:
        raise Overtaken(f"edition {number} was issued in the meantime")
    if newest is None or order.erased:
        return None
    if newest.status == Edition.Status.CANCELED:
        raise Final("the release is withdrawn; publish a new one that replaces it")
    unchanged = (
        newest.digest == order.release.digest()
        and newest.status == _STATUS.get(order.release.act, Edition.Status.USABLE)
        and newest.embargo_until == order.embargo_until
    )
    return newest if unchanged else None


def _make(order: _Order) -> Edition:
    edition = _row(order)
    if edition.status != Edition.Status.CANCELED:
        edition.pause_holds_since = pausing.holds_since(edition.release_id)
    edition.save()
    EditionTopic.objects.bulk_create(
        EditionTopic(edition=edition, slug=topic.slug) for topic in order.release.topics
    )
    EditionFile.objects.bulk_create(
        EditionFile(edition=edition, sha256=file.sha256, path=file.path, expires_at=file.expires_at)
        for file in {file.sha256: file for file in order.files}.values()
    )
    return edition


def _row(order: _Order) -> Edition:
    """The edition that ``order`` would become now, not saved."""
    release = order.release
    last = Edition.objects.filter(release_id=release.id).order_by("-number").first()
    out_since = _public_since(release.id, order.leaves_at)
    if order.embargo_until and out_since:
        raise ValueError("a release that is public cannot be put under embargo")
    status = _STATUS.get(release.act, Edition.Status.USABLE)
    if order.embargo_until and status == Edition.Status.USABLE:
        release = replace(release, act=EMBARGOED)
    elif release.act == PUBLISHED and out_since and order.public_at is None:
        release = replace(
            release, act="release.updated", correction=Correction(kind="update", note=order.reason)
        )
    hidden = order.embargo_until or status != Edition.Status.USABLE
    release = replace(
        release,
        version=last.number + 1 if last else 1,
        status=str(status),
        published_at=out_since or (None if hidden else order.public_at or order.leaves_at),
        updated_at=order.leaves_at,
        embargo_until=order.embargo_until,
        reason=order.reason,
    )
    return Edition(
        release_id=release.id,
        number=release.version,
        revision=order.revision,
        event_id=uuid.uuid4(),
        act=release.act,
        status=release.status,
        digest=last.digest if last and order.erased else release.digest(),
        language=release.language,
        title=release.title,
        content=release.to_dict(),
        issuer=order.issuer,
        approver=order.approver,
        reason=order.reason,
        leaves_at=order.leaves_at,
        published_at=release.published_at,
        embargo_until=release.embargo_until,
        granted=list(order.granted),
        erased_at=order.leaves_at if order.erased else None,
        channels=list(order.channels),
    )


def _public_since(release_id: str, at: datetime) -> datetime | None:
    """When the release became public, if it was so before an edition that leaves ``at``."""
    before = standing(release_id).filter(leaves_at__lte=at).first()
    if before is None:
        return None
    if before.published_at is None and before.status == Edition.Status.USABLE:
        ran_out = before.embargo_until and before.embargo_until <= at
        return before.embargo_until if ran_out else None
    return before.published_at


def left(at: datetime | None = None) -> QuerySet[Edition]:
    """Every edition that has left by ``at`` (now), by the clock and not by any mark."""
    return Edition.objects.filter(leaves_at__lte=at or timezone.now(), taken_back_at=None)


def newest(release_id: UUID | str, at: datetime | None = None) -> Edition | None:
    """The newest edition of a release that has left by ``at`` (now), or None."""
    return left(at).filter(release_id=release_id).order_by("-number").first()


def current(at: datetime | None = None) -> QuerySet[Edition]:
    """For each release the newest edition that has left, if it ever was public; newest first.

    What was under embargo is public from the instant at which the embargo ends, whether or not
    the clock has issued the lift. ``public_at`` of each edition says since when, and its
    ``release`` has the words as they are public.
    """
    moment = at or timezone.now()
    shown = Q(published_at__lte=moment) | Q(
        published_at=None, status=Edition.Status.USABLE, embargo_until__lte=moment
    )
    return (
        _newest_left(moment)
        .filter(shown)
        .annotate(public_at=Coalesce("published_at", "embargo_until"))
        .order_by("-public_at", "release_id")
    )


def public(
    at: datetime | None = None, *, language: str | None = None, topic: str | None = None
) -> QuerySet[Edition]:
    """Those of :func:`current` that may be used, optionally in one language or on one topic."""
    editions = current(at).filter(status=Edition.Status.USABLE)
    if language:
        editions = editions.filter(language=language)
    if topic:
        editions = editions.filter(
            Exists(EditionTopic.objects.filter(edition=OuterRef("pk"), slug=topic))
        )
    return editions


def is_public(release_id: UUID | str, at: datetime | None = None) -> bool:
    """Whether everybody may read the release at ``at`` (now)."""
    return public(at).filter(release_id=release_id).exists()


def under_embargo(at: datetime | None = None) -> QuerySet[Edition]:
    """For each release whose embargo runs at ``at`` (now) the newest edition, whatever its
    status."""
    moment = at or timezone.now()
    return _newest_left(moment).filter(published_at=None, embargo_until__gt=moment)


def embargo(edition: Edition, at: datetime | None = None) -> datetime | None:
    """Until when what follows ``edition`` is under embargo; None if no embargo runs."""
    if edition.published_at or not edition.embargo_until:
        return None
    return edition.embargo_until if edition.embargo_until > (at or timezone.now()) else None


def unlifted(edition: Edition) -> datetime | None:
    """Until when what is said of ``edition`` without its words is under embargo.

    As :func:`embargo`; but of what was withheld or withdrawn before its lift it stays so when that
    time has come, since the public never had it.
    """
    if edition.published_at or edition.status == Edition.Status.USABLE:
        return embargo(edition)
    return edition.embargo_until


def lift_due(at: datetime | None = None) -> QuerySet[Edition]:
    """Editions whose embargo has run out by ``at`` (now) and whose lift was not issued so far."""
    later = Edition.objects.filter(
        release_id=OuterRef("release_id"), number__gt=OuterRef("number"), taken_back_at=None
    )
    return current(at).filter(~Exists(later), published_at=None)


def _newest_left(moment: datetime) -> QuerySet[Edition]:
    later = left(moment).filter(release_id=OuterRef("release_id"), number__gt=OuterRef("number"))
    return left(moment).filter(~Exists(later))


def lift(edition: Edition, *, issuer: str, at: datetime, key: str, approver: str = "") -> Edition:
    """Issue that the embargo of ``edition`` ended ``at``; nothing new if it was said already.

    Raises:
        Overtaken, Final: as :func:`issue`.
    """
    return issue(
        lifted(edition.release, at),
        revision=key,
        leaves_at=timezone.now(),
        issuer=issuer,
        approver=approver,
        files=files_of(edition),
        channels=edition.channels,
        public_at=at,
        after=edition.number,
    )


def files_of(edition: Edition) -> list[File]:
    """What ``edition`` shows, for the next one that shows the same."""
    return [File(file.sha256, file.path, file.expires_at) for file in edition.files.all()]


def naming(url: str, release_id: UUID | str) -> list[Edition]:
    """The editions of other releases that name the one at ``url`` as a translation of theirs."""
    others = Edition.objects.exclude(release_id=release_id).filter(content__icontains=f'"{url}"')
    return [
        other for other in others if url in {each["url"] for each in other.content["translations"]}
    ]


def holding(digest: str) -> Edition | None:
    """The edition with these very words that is public, under embargo or yet to leave, or None."""
    same = Edition.objects.filter(digest=digest, status=Edition.Status.USABLE)
    waiting = same.filter(leaves_at__gt=timezone.now(), taken_back_at=None)
    embargoed = under_embargo().filter(pk__in=same)
    return public().filter(digest=digest).first() or embargoed.first() or waiting.first()


def file(sha256: str, at: datetime | None = None) -> EditionFile | None:
    """The file with that SHA-256 if a public edition shows it at ``at`` (now), else None."""
    moment = at or timezone.now()
    shown = EditionFile.objects.filter(sha256=sha256, edition__in=public(moment))
    return shown.filter(Q(expires_at=None) | Q(expires_at__gt=moment)).first()


def take_back(edition: Edition) -> bool:
    """Undo an edition that has not left; False if it has, or was taken back already."""
    waiting = Edition.objects.filter(
        pk=edition.pk, leaves_at__gt=timezone.now(), taken_back_at=None, fanned_out_at=None
    )
    return waiting.update(taken_back_at=timezone.now()) == 1
