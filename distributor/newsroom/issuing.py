"""From a published revision to an edition; asking twice gives the same one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.utils import timezone, translation

from distributor.dispatch import editions
from distributor.newsroom.models import Act, ReleasePage
from distributor.newsroom.snapshot import snapshot
from distributor.newsroom.stops import stops
from distributor.release import Correction

if TYPE_CHECKING:
    from wagtail.models import Revision

    from distributor.dispatch.models import Edition

_log = structlog.get_logger()


class NotReady(Exception):
    """The page lacks something that every edition needs; ``problems`` says what."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def plan(
    revision: Revision, *, issuer: str, leaves_at: datetime, approver: str = "", event: str = ""
) -> Act:
    """Say what publishing ``revision`` is to do, before it is published.

    What was said before is kept, unless it came to nothing.
    """
    said = {
        "event": event or "release.published",
        "issuer": issuer,
        "approver": approver,
        "leaves_at": leaves_at,
    }
    Act.objects.filter(revision=revision, edition_number=None).exclude(problem="").update(**said)
    return Act.objects.get_or_create(revision=revision, defaults=said)[0]


def publish(page: ReleasePage, *, by: str, leaves_at: datetime) -> Edition:
    """Publish the newest revision of ``page`` as the command line does: acted and approved by name.

    Raises:
        NotReady: a stop; the page is published in Wagtail and nothing was issued.
    """
    revision = page.latest_revision
    plan(revision, issuer=by, approver=by, leaves_at=leaves_at)
    revision.publish()
    return issue_page(page, revision)


def issue_page(page: ReleasePage, revision: Revision) -> Edition:
    """The edition of ``page`` as ``revision`` has it, made now or found.

    Without a plan the edition leaves ``undo_seconds`` after the press of the button.

    Raises:
        NotReady: a stop; nothing was issued, and the act keeps the reason.
    """
    act = plan(revision, issuer=_name(revision), leaves_at=_pressed_at(page) + undo())
    written = revision.as_object()
    problems = stops(written)
    if problems:
        with translation.override("en"):
            act.problem = " ".join(stops(written))
        act.save(update_fields=["problem"])
        raise NotReady(problems)
    release, files = snapshot(written)
    edition = editions.issue(
        replace(release, act=act.event, correction=_correction(act), reason=act.reason),
        revision=str(revision.pk),
        leaves_at=act.leaves_at,
        issuer=act.issuer,
        approver=act.approver,
        reason=act.reason,
        files=files,
    )
    act.edition_number, act.problem = edition.number, ""
    act.save(update_fields=["edition_number", "problem"])
    return edition


def issue_due() -> int:
    """Issue what is live and has no edition for its live revision; how many were issued.

    The signal does this at once; this finds what it missed, whatever became of it. What a stop
    holds back is not tried again: it waits for its editor.
    """
    owing = ReleasePage.objects.filter(live=True, alias_of=None).exclude(live_revision=None)
    settled = Act.objects.exclude(edition_number=None, problem="").values("revision")
    issued = 0
    for page in owing.exclude(live_revision__in=settled).select_related("live_revision"):
        try:
            issue_page(page, page.live_revision)
            issued += 1
        except NotReady as error:
            _log.warning("newsroom.not_issued", page=page.pk, problem=str(error))
    return issued


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
