"""Editions: what was issued, and which of it the public may see at a given moment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from distributor.dispatch import bell
from distributor.dispatch.models import Edition, EditionFile, EditionTopic
from distributor.release import Correction, Release

CHANNELS = ("email", "feed", "webhook")


@dataclass(frozen=True, slots=True)
class File:
    """A picture or document that an edition shows: ``path`` is its name in the media storage."""

    sha256: str
    path: str
    expires_at: datetime | None = None


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
) -> Edition:
    """The edition of ``release`` for ``revision``, made now or found.

    ``revision`` is the caller's key of what was published; asking twice gives the same edition.
    Words that do not differ from the newest edition's issue nothing. The number, the times and,
    for a release that is already out, ``release.updated`` are set here. Ringing the workers is a
    courtesy: with the broker away the edition is owed all the same.
    """
    while True:
        try:
            with transaction.atomic():
                edition = _found(release, revision) or _make(
                    release, revision, leaves_at, issuer, approver, reason, files, channels
                )
            break
        except IntegrityError:
            found = _found(release, revision)
            if found:
                edition = found
                break
    bell.ring_fan_out(edition)
    return edition


def _found(release: Release, revision: str) -> Edition | None:
    standing = Edition.objects.filter(release_id=release.id)
    same = standing.filter(revision=revision).first()
    if same or release.act != "release.published":
        return same
    newest = standing.filter(taken_back_at=None).order_by("-number").first()
    if newest and newest.status == "usable" and newest.digest == release.digest():
        return newest
    return None


def _make(
    release: Release,
    revision: str,
    leaves_at: datetime,
    issuer: str,
    approver: str,
    reason: str,
    files: Sequence[File],
    channels: Sequence[str],
) -> Edition:
    earlier = Edition.objects.filter(release_id=release.id).order_by("-number")
    last = earlier.first()
    before = earlier.filter(taken_back_at=None).first()
    first_public = earlier.filter(taken_back_at=None).exclude(published_at=None).last()
    if before and release.act == "release.published" and first_public:
        release = replace(
            release, act="release.updated", correction=Correction(kind="update", note=reason)
        )
    embargoed = release.act == "release.embargoed"
    published_at = first_public.published_at if first_public else None if embargoed else leaves_at
    release = replace(
        release,
        version=last.number + 1 if last else 1,
        published_at=published_at,
        updated_at=leaves_at,
        reason=reason,
    )
    edition = Edition.objects.create(
        release_id=release.id,
        number=release.version,
        revision=revision,
        event_id=uuid.uuid4(),
        act=release.act,
        status=release.status,
        digest=release.digest(),
        language=release.language,
        title=release.title,
        content=release.to_dict(),
        issuer=issuer,
        approver=approver,
        reason=reason,
        leaves_at=leaves_at,
        published_at=published_at,
        channels=list(channels),
    )
    EditionTopic.objects.bulk_create(
        EditionTopic(edition=edition, slug=topic.slug) for topic in release.topics
    )
    EditionFile.objects.bulk_create(
        EditionFile(edition=edition, sha256=file.sha256, path=file.path, expires_at=file.expires_at)
        for file in {file.sha256: file for file in files}.values()
    )
    return edition


def left(at: datetime | None = None) -> QuerySet[Edition]:
    """Every edition that has left by ``at`` (now), by the clock and not by any mark."""
    return Edition.objects.filter(leaves_at__lte=at or timezone.now(), taken_back_at=None)


def newest(release_id: UUID | str, at: datetime | None = None) -> Edition | None:
    """The newest edition of a release that has left by ``at`` (now), or None."""
    return left(at).filter(release_id=release_id).order_by("-number").first()


def current(at: datetime | None = None) -> QuerySet[Edition]:
    """For each release the newest edition that has left, if it ever was public; newest first."""
    moment = at or timezone.now()
    later = left(moment).filter(release_id=OuterRef("release_id"), number__gt=OuterRef("number"))
    return (
        left(moment)
        .filter(~Exists(later), published_at__lte=moment)
        .order_by("-published_at", "release_id")
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


def holding(digest: str) -> Edition | None:
    """The public edition with these very words, or None."""
    return public().filter(digest=digest).first()


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
