"""What an office may do with a release, from its publication to its withdrawal.

Each act is asked for by an :class:`Actor`, is refused in a state that does not allow it, issues
one edition, and is in the log with name, time and reason. ``key`` names the one time that it is
asked for: the same key gives the same edition.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from distributor.dispatch import editions
from distributor.dispatch import erasing as dispatch_erasing
from distributor.dispatch.models import Edition
from distributor.newsroom import erasing, issuing, snapshot, states
from distributor.newsroom.models import Act, ReleasePage
from distributor.newsroom.states import NotNow
from distributor.newsroom.stops import stops
from distributor.release import Correction

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from wagtail.models import Revision

KINDS = ("language", "update", "fact")
AT_ONCE = timedelta(0)
_PRESS = timedelta(seconds=5)
"""How long it takes at most from the press of a button to its edition."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: ``name`` as it is kept with the edition, and their account if they have one."""

    name: str
    user: AbstractBaseUser | None = None


def publish(
    page: ReleasePage,
    *,
    by: Actor,
    at: datetime | None = None,
    undo: timedelta = AT_ONCE,
    approver: str = "",
    alone: str = "",
    channels: Sequence[str] = editions.CHANNELS,
    granted: Sequence[int] = (),
) -> Edition:
    """Issue the newest revision of ``page`` for the first time.

    It leaves ``at`` a time to come, or once ``undo`` is over. The page's own ``embargo_until``
    puts it under embargo. ``approver`` is who read it besides ``by``; ``alone`` is the reason for
    which nobody did. ``granted`` are the only readers who get it under embargo; none: all that
    have been granted it.

    Raises:
        NotNow: it is issued already, or has both a schedule and an embargo.
        NotReady: it lacks something; nothing was published.
    """
    if done := _already(page):
        return done
    states.require(page, "publish")
    embargo = page.get_latest_revision_as_object().embargo_until
    if at and embargo:
        raise NotNow(_("A release has a schedule or an embargo, not both."))
    leaves_at = at or timezone.now() + undo
    if embargo and embargo <= leaves_at:
        raise NotNow(_("The embargo would be over before the release leaves: choose a later time."))
    revision = _revision(page)
    issuing.plan(
        revision,
        issuer=by.name,
        approver=approver or by.name,
        leaves_at=leaves_at,
        after=0,
        channels=list(channels),
        granted=list(granted),
    )
    edition = _issue(page, revision, by)
    _log(page, "publish", by, edition)
    if alone:
        _log(page, "alone", by, edition, alone)
    return edition


def correct(
    page: ReleasePage,
    *,
    by: Actor,
    correction: Correction,
    undo: timedelta = AT_ONCE,
    approver: str = "",
    alone: str = "",
) -> Edition:
    """Issue the newest revision of ``page`` as a correction; it ends a hold.

    Raises:
        NotNow: the release cannot be corrected, or no word of it differs from what is out.
        NotReady: it lacks something; nothing was published.
        ValueError: the correction has no such kind, or no note.
    """
    if correction.kind not in KINDS or not correction.note.strip():
        raise ValueError("a correction has a kind and a public note")
    if (done := _already(page)) and _is_said(page, correction):
        return done
    newest = may_correct(page)
    revision = _revision(page)
    leaves_at = timezone.now() + undo
    embargo = editions.embargo(newest)
    issuing.plan(
        revision,
        event="release.corrected" if correction.kind == "fact" else "release.updated",
        issuer=by.name,
        approver=approver or by.name,
        leaves_at=timezone.now() if embargo and embargo <= leaves_at else leaves_at,
        kind=correction.kind,
        note=correction.note.strip(),
        wrong=correction.wrong or "",
        right=correction.right or "",
        after=newest.number,
    )
    edition = _issue(page, revision, by)
    _log(page, "correct", by, edition, correction.note)
    if alone:
        _log(page, "alone", by, edition, alone)
    return edition


def may_correct(page: ReleasePage) -> Edition:
    """The edition that the newest revision of ``page`` would correct.

    Raises:
        NotNow, NotReady: as :func:`correct`.
    """
    newest = _ready(page, "correct")
    written = page.get_latest_revision_as_object()
    if problems := stops(written):
        raise issuing.NotReady(problems)
    if snapshot.snapshot(written)[0].digest() == newest.digest:
        raise NotNow(_("No word differs from what was issued: edit the text first."))
    return newest


def withhold(page: ReleasePage, *, by: Actor, reason: str, key: str = "") -> Edition:
    """Hide the text and media until it is resumed, corrected or withdrawn.

    Raises:
        NotNow: the state of the release does not allow it.
        ValueError: there is no reason.
    """
    return _say(page, "withhold", editions.WITHHELD, by=by, reason=reason, key=key)


def resume(page: ReleasePage, *, by: Actor, reason: str, key: str = "") -> Edition:
    """End a hold; the words are those that were withheld.

    Raises:
        NotNow, ValueError: as :func:`withhold`.
    """
    return _say(page, "resume", "release.resumed", by=by, reason=reason, key=key)


def withdraw(page: ReleasePage, *, by: Actor, reason: str, key: str = "") -> Edition:
    """Take the release from the public for good.

    Raises:
        NotNow, ValueError: as :func:`withhold`.
    """
    return _say(
        page,
        "withdraw",
        editions.WITHDRAWN,
        by=by,
        reason=reason,
        key=key,
        embargo=editions.unlifted,
    )


def erase(page: ReleasePage, *, by: Actor, reason: str, key: str = "") -> Edition:
    """Take text, files and revisions of every edition away for good, and withdraw the release.

    Numbers, times, digests and the reason stay. A crash in the midst of it is mended by the clock.

    Raises:
        NotNow, ValueError: as :func:`withhold`.
    """
    if not reason.strip():
        raise ValueError("a reason is needed")
    key = key or _key()
    while True:
        if done := _done(page, key):
            erasing.finish()
            return done
        _ready(page, "erase", by=by)
        try:
            edition = dispatch_erasing.erase(
                page.release_id, issuer=by.name, approver=by.name, reason=reason.strip(), key=key
            )
        except editions.Overtaken:
            continue
        erasing.scrub(page)
        _log(page, "erase", by, edition, reason.strip())
        return edition


def move_embargo(page: ReleasePage, *, by: Actor, until: datetime, key: str = "") -> Edition:
    """Let the embargo end at another time to come; the readers who have the text are told.

    Raises:
        NotNow: no embargo runs, or ``until`` has passed.
    """
    if until <= timezone.now():
        raise NotNow(_("That time has passed: choose a later one, or lift the embargo now."))
    return _say(
        page, "move_embargo", editions.EMBARGOED, by=by, key=key, embargo=lambda _newest: until
    )


def lift(page: ReleasePage, *, by: Actor, key: str = "") -> Edition:
    """End the embargo now.

    Raises:
        NotNow: no embargo runs.
    """
    key = key or _key()
    while True:
        if done := _done(page, key):
            return done
        newest = _ready(page, "lift")
        try:
            edition = editions.lift(
                newest, issuer=by.name, approver=by.name, at=timezone.now(), key=key
            )
        except editions.Overtaken:
            continue
        _log(page, "lift", by, edition)
        return edition


def is_schedule_void(page: ReleasePage) -> bool:
    """Whether the newest revision is no longer what is scheduled to leave."""
    waiting = states.pending(page.release_id)
    if waiting is None or waiting.leaves_at - waiting.issued_at <= issuing.undo() + _PRESS:
        return False
    written = page.get_latest_revision_as_object()
    return snapshot.snapshot(written)[0].digest() != waiting.digest


def take_back(page: ReleasePage, *, by: Actor) -> Edition:
    """Undo the edition that has not left; the page is as it was before.

    Raises:
        NotNow: all that was issued has left.
    """
    waiting = states.pending(page.release_id)
    if waiting is None or not editions.take_back(waiting):
        states.require(page, "undo")
        raise NotNow(_("It has left and cannot be taken back."))
    _restore(page, by)
    _log(page, "undo", by, waiting)
    return waiting


def _say(
    page: ReleasePage,
    act: str,
    event: str,
    *,
    by: Actor,
    key: str,
    reason: str | None = None,
    embargo: Callable[[Edition], datetime | None] | None = None,
) -> Edition:
    """Issue ``event`` with the words that stand; decided anew if another edition comes between."""
    if reason is not None and not reason.strip():
        raise ValueError("a reason is needed")
    key = key or _key()
    while True:
        if done := _done(page, key):
            return done
        newest = _ready(page, act, by=by)
        try:
            edition = editions.issue(
                replace(newest.release, act=event, correction=None),
                revision=key,
                leaves_at=timezone.now(),
                issuer=by.name,
                approver=by.name,
                reason=(reason or "").strip(),
                files=editions.files_of(newest),
                channels=newest.channels,
                embargo_until=(embargo or editions.embargo)(newest),
                granted=newest.granted,
                after=newest.number,
            )
        except editions.Overtaken:
            continue
        _log(page, act, by, edition, reason or "")
        return edition


def _ready(page: ReleasePage, act: str, by: Actor | None = None) -> Edition:
    """The newest edition, on which ``act`` may be decided.

    A lift that is due is issued before, so that the readers who wait for it get it. What has not
    left gives way to an act that cannot wait.
    """
    issuing.issue_lifts(page.release_id)
    states.require(page, act)
    if by and (waiting := states.pending(page.release_id)):
        if not editions.take_back(waiting):
            return _ready(page, act, by)
        _restore(page, by)
        _log(page, "undo", by, waiting)
    newest = editions.standing(page.release_id).first()
    assert newest is not None
    return newest


def _issue(page: ReleasePage, revision: Revision, by: Actor) -> Edition:
    """Publish ``revision`` in Wagtail, and issue what was planned of it."""
    if problems := stops(revision.as_object()):
        Act.objects.filter(revision=revision, edition_number=None).delete()
        raise issuing.NotReady(problems)
    revision.publish(user=by.user)
    page.refresh_from_db()
    try:
        return issuing.issue_page(page, revision)
    except issuing.NotReady:
        _restore(page, by)
        raise


def _restore(page: ReleasePage, by: Actor) -> None:
    """The page as it was before the edition that was taken back."""
    standing = editions.standing(page.release_id).values_list("revision", flat=True)
    keys = [int(key) for key in standing if key.isdecimal()]
    before = page.revisions.filter(pk__in=keys).order_by("-pk").first()
    if before:
        before.publish(user=by.user, log_action=False)
    else:
        ReleasePage.objects.filter(pk=page.pk).update(
            live=False,
            live_revision=None,
            has_unpublished_changes=True,
            first_published_at=None,
            last_published_at=None,
        )
    page.refresh_from_db()


def _revision(page: ReleasePage) -> Revision:
    """The newest revision, or one like it if that was published before."""
    revision: Revision = page.get_latest_revision()
    if Act.objects.filter(revision=revision).exclude(edition_number=None).exists():
        revision = revision.as_object().save_revision(user=revision.user, clean=False)
    return revision


def _already(page: ReleasePage) -> Edition | None:
    """What the newest revision was issued as, unless that was taken back."""
    return _done(page, str(page.latest_revision_id))


def _is_said(page: ReleasePage, correction: Correction) -> bool:
    """Whether the newest revision was issued as this very correction."""
    said = Act.objects.filter(revision=page.latest_revision_id)
    return said.filter(kind=correction.kind, note=correction.note.strip()).exists()


def _done(page: ReleasePage, key: str) -> Edition | None:
    return editions.standing(page.release_id).filter(revision=key).first()


def _key() -> str:
    return f"act:{uuid.uuid4()}"


def _log(page: ReleasePage, act: str, by: Actor, edition: Edition, reason: str = "") -> None:
    data: dict[str, Any] = {"by": by.name, "edition": edition.number, "reason": reason}
    if act == "move_embargo" and edition.embargo_until:
        data["until"] = edition.embargo_until.isoformat()
    log(instance=page, action=f"newsroom.{act}", user=by.user, data=data)
