"""What can be done with a release, how it stands, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.models import PageLogEntry

from distributor.dispatch import editions, standing
from distributor.newsroom import act_forms, logged, states, trouble
from distributor.newsroom.models import ReleasePage
from distributor.newsroom.trouble import when


@dataclass(frozen=True, slots=True)
class Screen:
    """An act as it is offered: its button, what it does, and what it asks."""

    label: Any
    explained: Any
    form: type[act_forms.ActForm] = act_forms.ActForm
    grave: bool = False


SCREENS: dict[str, Screen] = {
    "publish": Screen(
        gettext_lazy("Publish"),
        gettext_lazy(
            "The release goes to its page, the list and the feeds, and to those below. Until it "
            "leaves you can undo it."
        ),
        act_forms.PublishForm,
    ),
    "correct": Screen(
        gettext_lazy("Correct"),
        gettext_lazy(
            "The newest draft takes the place of the text that is out. A correction of what is "
            "withheld ends the hold. Until it leaves you can undo it."
        ),
        act_forms.CorrectForm,
    ),
    "withhold": Screen(
        gettext_lazy("Hold"),
        gettext_lazy(
            "Text and pictures are hidden at once; the address stays and says why. You can resume, "
            "correct or withdraw the release afterwards."
        ),
        act_forms.HoldForm,
        grave=True,
    ),
    "resume": Screen(
        gettext_lazy("Resume"),
        gettext_lazy("The release may be used again, with the words that were withheld."),
        act_forms.ResumeForm,
    ),
    "withdraw": Screen(
        gettext_lazy("Withdraw"),
        gettext_lazy(
            "Text and pictures go for good, and nothing brings them back. New truth is a new "
            "release that replaces this one."
        ),
        act_forms.WithdrawForm,
        grave=True,
    ),
    "erase": Screen(
        gettext_lazy("Erase"),
        gettext_lazy(
            "By legal order only: text, pictures, documents and revisions of every edition are "
            "deleted, and the release is withdrawn. This cannot be undone."
        ),
        act_forms.EraseForm,
        grave=True,
    ),
    "lift": Screen(
        gettext_lazy("Lift the embargo now"),
        gettext_lazy("The release is public from the press of the button."),
    ),
    "move_embargo": Screen(
        gettext_lazy("Move the embargo"),
        gettext_lazy(
            "Those who have the text are told of the new time. An embargo is a request, not "
            "secrecy: what an authority has sent may be a public document."
        ),
        act_forms.MoveForm,
    ),
    "undo": Screen(
        gettext_lazy("Undo"),
        gettext_lazy("Nobody outside has seen it, and nobody will."),
    ),
}


def offered(page: ReleasePage, user: Any) -> list[tuple[str, Any, str]]:
    """The acts that ``user`` may do with the release now: name, label, address."""
    acts = states.allowed(page)
    return [
        (act, screen.label, reverse("newsroom_act", args=[page.pk, act]))
        for act, screen in SCREENS.items()
        if act in acts and may(page, act, user)
    ]


def may(page: ReleasePage, act: str, user: Any) -> bool:
    """Whether ``user`` has the right to ``act``."""
    if act == "erase":
        return bool(user.is_superuser or user.groups.filter(name="administrator").exists())
    return bool(page.permissions_for_user(user).can_publish())


class OnRelease(WagtailAdminTemplateMixin):
    """A screen about one release."""

    page: ReleasePage
    request: HttpRequest
    kwargs: dict[str, Any]
    header_icon = "doc-full-inverse"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.page = get_object_or_404(ReleasePage, pk=kwargs["pk"])
        if not self.is_allowed():
            raise PermissionDenied
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def is_allowed(self) -> bool:
        rights = self.page.permissions_for_user(self.request.user)
        return bool(rights.can_edit() or rights.can_publish())

    def get_page_subtitle(self) -> str:
        return self.page.get_admin_display_title()

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [
            {"url": reverse("newsroom_releases:index"), "label": _("Releases")},
            {
                "url": reverse("newsroom_release", args=[self.page.pk]),
                "label": self.page.get_admin_display_title(),
            },
            {"url": "", "label": self.get_page_title()},
        ]


class ReleaseView(OnRelease, TemplateView):
    """How a release stands, what may be done with it, and what was done."""

    template_name = "newsroom/admin/release.html"
    page_title = gettext_lazy("How it stands")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        page = self.page
        found = standing.standing(page.release_id) if page.is_issued() else None
        waiting = states.pending(page.release_id)
        done = PageLogEntry.objects.filter(page=page.pk, action__startswith="newsroom.")
        return context | {
            "page": page,
            "state": states.NAMES[states.state(page)],
            "standing": found,
            "waiting": waiting,
            "leaves": when(waiting.leaves_at) if waiting else "",
            "late": _late(page),
            "interrupted": trouble.in_html(trouble.interrupted(found and found["sending"])),
            "embargo": embargo_ends(page),
            "acts": offered(page, self.request.user),
            "log": [_logged(entry) for entry in done.order_by("-timestamp")],
        }


def _late(page: ReleasePage) -> str:
    """How late the newest edition left the house, if a minute or more."""
    newest = editions.newest(page.release_id)
    if newest is None:
        return ""
    end = newest.fanned_out_at or timezone.now()
    minutes = int((end - newest.leaves_at).total_seconds() // 60)
    if minutes < 1:
        return ""
    return ngettext(
        "It left %(count)d minute late: the clock was down.",
        "It left %(count)d minutes late: the clock was down.",
        minutes,
    ) % {"count": minutes}


def embargo_ends(page: ReleasePage) -> str:
    """When the embargo that runs ends, in words; empty if none does."""
    newest = editions.standing(page.release_id).first()
    until = editions.embargo(newest) if newest else None
    return when(until, exact=True) if until else ""


def _logged(entry: Any) -> dict[str, Any]:
    act = entry.action.removeprefix("newsroom.")
    return {"when": when(entry.timestamp), "act": logged.LABELS.get(act, act), **entry.data}
