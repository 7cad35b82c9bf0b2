"""The states of a release, and which acts each of them allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distributor.dispatch import editions, standing
from distributor.newsroom import approval
from distributor.newsroom.models import ReleasePage

if TYPE_CHECKING:
    from uuid import UUID

    from distributor.dispatch.models import Edition

NAMES = {
    "draft": gettext_lazy("draft"),
    "in_review": gettext_lazy("in review"),
    "approved": gettext_lazy("approved"),
    "scheduled": gettext_lazy("scheduled"),
    "embargoed": gettext_lazy("under embargo"),
    "published": gettext_lazy("published"),
    "withheld": gettext_lazy("withheld"),
    "withdrawn": gettext_lazy("withdrawn"),
    "erased": gettext_lazy("erased"),
}
_UNISSUED = frozenset({"publish"})
ACTS: dict[str, frozenset[str]] = {
    "draft": _UNISSUED,
    "in_review": _UNISSUED,
    "approved": _UNISSUED,
    "scheduled": frozenset({"undo"}),
    "embargoed": frozenset({"correct", "withhold", "withdraw", "erase", "move_embargo", "lift"}),
    "published": frozenset({"correct", "withhold", "withdraw", "erase"}),
    "withheld": frozenset({"correct", "resume", "withdraw", "erase"}),
    "withdrawn": frozenset({"erase"}),
    "erased": frozenset(),
}
OVERTAKING = frozenset({"withhold", "withdraw", "erase"})
"""What does not wait for an edition that has not left yet: that one is taken back."""

_WHAT_TO_DO = {
    "draft": gettext_lazy("The release was not published yet: publish it first."),
    "scheduled": gettext_lazy("Nothing of the release has left yet: take it back (Undo), or wait."),
    "embargoed": gettext_lazy(
        "The release is under embargo: correct, withhold or withdraw it, or move or lift the "
        "embargo."
    ),
    "published": gettext_lazy("The release is published: correct, withhold or withdraw it."),
    "withheld": gettext_lazy("The release is withheld: resume, correct or withdraw it."),
    "withdrawn": gettext_lazy(
        "The release is withdrawn for good: publish a new one that replaces it."
    ),
    "erased": gettext_lazy("The release is erased: publish a new one that replaces it."),
}


class NotNow(Exception):
    """The act does not fit the release as it is. The message says what does."""


def state(page: ReleasePage) -> str:
    """The state of a release, as the contract names it."""
    newest = editions.newest(page.release_id) or editions.standing(page.release_id).first()
    if newest:
        return standing.state(newest)
    if page.workflow_in_progress:
        return "in_review"
    return "approved" if approval.approved_by(page) else "draft"


def pending(release_id: UUID | str) -> Edition | None:
    """The edition of a release that is issued and has not left, so that it can be taken back."""
    waiting = editions.standing(release_id).filter(leaves_at__gt=timezone.now())
    return waiting.first()


def allowed(page: ReleasePage) -> frozenset[str]:
    """The acts that the release's state allows."""
    acts = ACTS[state(page)]
    if pending(page.release_id):
        return (acts & OVERTAKING) | {"undo"}
    return acts


def require(page: ReleasePage, act: str) -> None:
    """Nothing, if the state of the release allows ``act``.

    Raises:
        NotNow: it does not.
    """
    if act in allowed(page):
        return
    if act == "undo":
        raise NotNow(_("It has left and cannot be taken back.") + " " + what_to_do(state(page)))
    if act in ACTS[state(page)]:
        raise NotNow(_("An edition has not left yet: take it back (Undo), or wait."))
    raise NotNow(what_to_do(state(page)))


def what_to_do(name: str) -> str:
    """What may be done with a release in the state ``name``."""
    return str(_WHAT_TO_DO.get(name, _WHAT_TO_DO["draft"]))
