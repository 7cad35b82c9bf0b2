"""Erasure: the words of a release leave the database; numbers, times, digests and reasons stay."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from distributor.dispatch import editions, feeds
from distributor.dispatch.models import (
    Attempt,
    Composition,
    Delivery,
    Edition,
    EditionFile,
    Feed,
)
from distributor.release import Release

if TYPE_CHECKING:
    from uuid import UUID


def erase(release_id: UUID | str, *, issuer: str, approver: str, reason: str, key: str) -> Edition:
    """Issue that a release is withdrawn and erased, and take its words out of every edition.

    Asking twice, or again after a crash, finishes what was begun.

    Raises:
        Overtaken: another edition came between.
    """
    newest = editions.standing(release_id).first()
    assert newest is not None
    edition = editions.issue(
        replace(_bare(newest.release), act=editions.WITHDRAWN),
        revision=key,
        leaves_at=timezone.now(),
        issuer=issuer,
        approver=approver,
        reason=reason,
        embargo_until=editions.unlifted(newest),
        granted=newest.granted,
        after=newest.number,
        erased=True,
    )
    scrub(release_id)
    return edition


def scrub(release_id: UUID | str) -> None:
    """Take the words out of every edition of a release that was erased."""
    every = Edition.objects.filter(release_id=release_id)
    urls = set(every.values_list("content__url", flat=True))
    with wiped(), transaction.atomic():
        for edition in every.filter(erased_at=None):
            edition.content = _bare(edition.release).to_dict()
            edition.title = ""
            edition.erased_at = timezone.now()
            edition.save(update_fields=["content", "title", "erased_at"])
        Composition.objects.filter(edition__in=every).delete()
        EditionFile.objects.filter(edition__in=every).delete()
        # What the other side said may quote what it was sent.
        Delivery.objects.filter(edition__in=every).exclude(reply="").update(reply="")
        Attempt.objects.filter(delivery__edition__in=every).exclude(reply="").update(reply="")
        for url in urls:
            _forget_translation(release_id, url)


def _forget_translation(release_id: UUID | str, url: str) -> None:
    """Take the title at ``url`` out of the editions that named it as a translation of theirs."""
    for edition in editions.naming(url, release_id):
        words = edition.release
        kept = tuple(other for other in words.translations if other.url != url)
        edition.content = replace(words, translations=kept).to_dict()
        edition.save(update_fields=["content"])
        Composition.objects.filter(edition=edition).delete()
        built = [feed.pk for feed in feeds.touched(edition)]
        Feed.objects.filter(pk__in=built).update(built_at=None)


def erased() -> set[UUID]:
    """The releases that were erased."""
    return set(Edition.objects.exclude(erased_at=None).values_list("release_id", flat=True))


def is_erased(release_id: UUID) -> bool:
    """Whether a release was erased."""
    return Edition.objects.filter(release_id=release_id, erased_at__isnull=False).exists()


def is_finished(release_id: UUID) -> bool:
    """Whether no edition of an erased release has kept words, its own or composed ones."""
    every = Edition.objects.filter(release_id=release_id)
    made = Composition.objects.filter(edition__in=every.exclude(status="canceled"))
    return not every.filter(erased_at=None).exists() and not made.exists()


@contextmanager
def wiped() -> Iterator[None]:
    """What the block deletes is overwritten in SQLite's file and not only let go of."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
    yield
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (OperationalError, sqlite3.OperationalError):
        # Somebody reads just now: the log is written over in its turn.
        return


def _bare(release: Release) -> Release:
    """``release`` without its words."""
    return Release(
        id=release.id,
        uri=release.uri,
        url=release.url,
        type=release.type,
        language=release.language,
        title="",
        topics=release.topics,
        act=release.act,
        version=release.version,
        status=release.status,
        published_at=release.published_at,
        updated_at=release.updated_at,
        embargo_until=release.embargo_until,
        reason=release.reason,
    )
