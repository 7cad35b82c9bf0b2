"""Four eyes: an approval is bound to the very words and to the time of the embargo."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from wagtail.log_actions import log
from wagtail.models import Page, WorkflowState

from distributor.dispatch import editions
from distributor.newsroom.models import Approval, ReleasePage
from distributor.newsroom.registers import rules
from distributor.newsroom.snapshot import snapshot

Bound = tuple[str, datetime | None]
"""What an approval is bound to."""


def four_eyes() -> bool:
    """Whether what is published needs a second reader: the house's rule, once two may approve."""
    return rules().four_eyes and may_approve() > 1


def may_approve() -> int:
    """How many people may approve.

    The account that the first start makes is nobody's until somebody has logged in with it.
    """
    users = get_user_model()._default_manager.filter(is_active=True)
    may = Q(groups__page_permissions__permission__codename="publish_page")
    may |= Q(is_superuser=True, last_login__isnull=False)
    return users.filter(may).distinct().count()


def approve(page: ReleasePage, user: Any) -> Approval:
    """Note that ``user`` has read the newest revision of ``page`` and approves of it."""
    digest, embargo_until = _bound(page.get_latest_revision_as_object())
    made: Approval = Approval.objects.create(
        page=page,
        digest=digest,
        embargo_until=embargo_until,
        user=user,
        name=user.get_username(),
    )
    log(instance=page, action="newsroom.approve", user=user, data={"by": made.name})
    return made


def approved_by(page: ReleasePage) -> str:
    """Who has approved of the newest revision and wrote none of it; empty if nobody has."""
    given = Approval.objects.filter(page=page)
    if not given.exists():
        return ""
    digest, embargo_until = _bound(page.get_latest_revision_as_object())
    given = given.filter(digest=digest, embargo_until=embargo_until)
    newest = given.exclude(user__in=writers(page)).order_by("-at").first()
    return newest.name if newest else ""


def writers(page: ReleasePage) -> set[Any]:
    """Who has changed the words or the embargo since the last edition."""
    revisions = page.revisions.order_by("pk")
    before: Bound | None = None
    if newest := editions.standing(page.release_id).first():
        before = newest.digest, None
        issued = page.revisions.filter(act__edition_number__isnull=False).order_by("-pk").first()
        if issued and newest.number >= (issued.act.edition_number or 0):
            revisions = revisions.filter(pk__gt=issued.pk)
            before = _bound(issued.as_object())
    found = set()
    for revision in revisions:
        now = _bound(revision.as_object())
        if now != before and revision.user_id:
            found.add(revision.user_id)
        before = now
    return found


def on_approved(sender: type, instance: WorkflowState, user: Any, **_: Any) -> None:
    """Wagtail's word that a workflow ended well."""
    page = instance.content_object
    specific = page.specific if isinstance(page, Page) else None
    if isinstance(specific, ReleasePage) and user:
        approve(specific, user)


def _bound(written: ReleasePage) -> Bound:
    return snapshot(written)[0].digest(), written.embargo_until
