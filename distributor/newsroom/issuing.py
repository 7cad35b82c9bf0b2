"""From a published revision to an edition; asking twice gives the same one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from distributor.dispatch import editions
from distributor.dispatch.models import Edition
from distributor.newsroom import erasing
from distributor.newsroom.models import Act, ReleasePage
from distributor.newsroom.snapshot import snapshot
from distributor.newsroom.stops import stops
from distributor.release import Correction

if TYPE_CHECKING:
    from uuid import UUID

    from wagtail.models import Revision

_log = structlog.get_logger()


class NotReady(Exception):
    """The page lacks something that every edition needs; ``problems`` says what."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def plan(
    revision: Revision, *, issuer: str, leaves_at: datetime, approver: str = "", **said: Any
) -> Act:
    """Say what publishing ``revision`` is to do, before it is published.

    ``said`` are further fields of :class:`Act`. What was said before is kept, unless it came to
    nothing.
    """
    said |= {"issuer": issuer, "approver": approver, "leaves_at": leaves_at}
    Act.objects.filter(revision=revision, edition_number=None).exclude(problem="").update(**said)
    return Act.objects.get_or_create(revision=revision, defaults=said)[0]


def issue_page(page: ReleasePage, revision: Revision) -> Edition:
    """The edition of ``page`` as ``revision`` has it, made now or found.

    Without a plan the edition leaves ``undo_seconds`` after the press of the button. An embargo
    that runs goes on; one begins only with the first edition.

    Raises:
        NotReady: a stop, or the release is no longer what it was when this was planned; nothing
            was issued, and the act keeps the reason.
    """
    act = plan(revision, issuer=_name(revision), leaves_at=_pressed_at(page) + undo())
    if act.edition_number:
        return Edition.objects.get(release_id=page.release_id, number=act.edition_number)
    written = revision.as_object()
    newest = editions.standing(page.release_id).first()
    if _problems(written, act, newest):
        _hold_back(act, lambda: _problems(written, act, newest))
    release, files = snapshot(written)
    until = editions.embargo(newest, act.leaves_at) if newest else written.embargo_until
    under_embargo = until is not None and until > act.leaves_at
    try:
        edition = editions.issue(
            replace(release, act=act.event, correction=_correction(act), reason=act.reason),
            revision=str(revision.pk),
            leaves_at=act.leaves_at,
            issuer=act.issuer,
            approver=act.approver,
            reason=act.reason,
            files=files,
            channels=act.channels or (newest.channels if newest else editions.CHANNELS),
            embargo_until=until if under_embargo else None,
            granted=(newest.granted if newest else act.granted) if under_embargo else (),
            after=act.after,
        )
    except editions.Overtaken:
        _hold_back(act, lambda: [_("Another edition came between: look at it first.")])
    act.edition_number, act.problem = edition.number, ""
    act.save(update_fields=["edition_number", "problem"])
    return edition


def issue_due() -> int:
    """Issue the lifts that are due, and what is live and has no edition; how many were issued.

    An erasure that was cut short is finished.

    The signal does the latter at once; this finds what it missed, whatever became of it. What a
    stop holds back is not tried again: it waits for its editor. What fails keeps back no other.
    """
    issued = issue_lifts()
    owing = ReleasePage.objects.filter(live=True, alias_of=None).exclude(live_revision=None)
    settled = Act.objects.exclude(edition_number=None, problem="").values("revision")
    for page in owing.exclude(live_revision__in=settled).select_related("live_revision"):
        try:
            issue_page(page, page.live_revision)
            issued += 1
        except NotReady as error:
            _log.warning("newsroom.not_issued", page=page.pk, problem=str(error))
        except Exception:
            _log.exception("newsroom.issue_failed", page=page.pk)
    erasing.finish()
    return issued


def issue_lifts(release_id: UUID | str | None = None) -> int:
    """Issue the lift of each embargo that has run out, of one release or of all; how many.

    Nobody who reads waits for it; feeds and mail do.
    """
    due = editions.lift_due()
    if release_id:
        due = due.filter(release_id=release_id)
    lifted = 0
    for edition in due:
        assert edition.embargo_until is not None
        try:
            lift = editions.lift(
                edition,
                issuer=edition.issuer,
                approver=edition.approver,
                at=edition.embargo_until,
                key=f"lift:{edition.number}",
            )
            lifted += 1
            if page := ReleasePage.objects.filter(release_id=edition.release_id).first():
                data = {"by": "clock", "edition": lift.number, "reason": ""}
                log(instance=page, action="newsroom.lift", data=data)
        except (editions.Overtaken, editions.Final):
            _log.info("newsroom.lift_overtaken", release=str(edition.release_id))
        except Exception:
            _log.exception("newsroom.lift_failed", release=str(edition.release_id))
    return lifted


def _problems(written: ReleasePage, act: Act, newest: Edition | None) -> list[str]:
    """What keeps ``act`` from being done; a hold is not ended by the way."""
    if newest and newest.status == Edition.Status.CANCELED:
        return [_("The release is withdrawn for good: publish a new one that replaces it.")]
    if newest and newest.status == Edition.Status.WITHHELD and not act.kind:
        return [_("The release is withheld: resume, correct or withdraw it.")]
    return stops(written)


def _hold_back(act: Act, problems: Callable[[], list[str]]) -> NoReturn:
    """Keep with ``act`` why nothing was issued, in English, and say it in the active language."""
    with translation.override("en"):
        act.problem = " ".join(problems())
    act.save(update_fields=["problem"])
    raise NotReady(problems())


def undo() -> timedelta:
    """How long what is done in the admin can be taken back."""
    return timedelta(seconds=settings.DISTRIBUTOR.undo_seconds)


def _pressed_at(page: ReleasePage) -> datetime:
    moment: datetime | None = page.last_published_at
    return moment or timezone.now()


def _name(revision: Revision) -> str:
    return revision.user.get_username() if revision.user else "system"


def _correction(act: Act) -> Correction | None:
    if not act.kind:
        return None
    return Correction(
        kind=act.kind, note=act.note, wrong=act.wrong or None, right=act.right or None
    )
