"""The screens on which an office acts on a release: what is asked, and who will be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.generic import FormView, TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.models import PageLogEntry

from distributor.dispatch import compositions, editions, standing
from distributor.newsroom import (
    act_forms,
    changes,
    issuing,
    lifecycle,
    logged,
    reaching,
    snapshot,
    states,
    trouble,
)
from distributor.newsroom.models import ReleasePage
from distributor.release import Correction
from distributor.rendering import dates

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributor.dispatch.models import Edition


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


def when(moment: Any) -> str:
    """``moment`` in words, with its zone, in the active language."""
    return dates.written_with_zone(
        moment, get_language() or "en", settings.DISTRIBUTOR.site.time_zone
    )


class _OnRelease(WagtailAdminTemplateMixin):
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
        return bool(self.page.permissions_for_user(self.request.user).can_edit())

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


class ReleaseView(_OnRelease, TemplateView):
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
            "embargo": _embargo(page),
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


def _embargo(page: ReleasePage) -> str:
    newest = editions.standing(page.release_id).first()
    until = editions.embargo(newest) if newest else None
    return when(until) if until else ""


def _logged(entry: Any) -> dict[str, Any]:
    act = entry.action.removeprefix("newsroom.")
    return {"when": when(entry.timestamp), "act": logged.LABELS.get(act, act), **entry.data}


class ActView(_OnRelease, FormView):  # type: ignore[type-arg]
    """The screen before an act: who will be told, and what is asked."""

    template_name = "newsroom/admin/act.html"

    @property
    def act(self) -> str:
        return str(self.kwargs["act"])

    @property
    def screen(self) -> Screen:
        return SCREENS[self.act]

    def is_allowed(self) -> bool:
        return self.act in SCREENS and may(self.page, self.act, self.request.user)

    def get_page_title(self) -> str:
        return str(self.screen.label)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            states.require(self.page, self.act)
            if self.act == "correct":
                lifecycle.may_correct(self.page)
        except (states.NotNow, issuing.NotReady) as error:
            return self.refused(error)
        return super().get(request, *args, **kwargs)

    def get_form_class(self) -> type[act_forms.ActForm]:
        return self.screen.form

    def get_initial(self) -> dict[str, Any]:
        newest = self.newest
        initial: dict[str, Any] = {
            "key": act_forms.ActForm.fresh_key(),
            "after": newest.number if newest else 0,
            "revision": self.page.latest_revision_id,
        }
        if self.act == "correct" and newest:
            words = snapshot.snapshot(self.page.get_latest_revision_as_object())[0]
            site = compositions.site()
            initial["kind"] = changes.suggested_kind(newest.release, words, site)
        return initial

    @property
    def newest(self) -> Edition | None:
        return editions.standing(self.page.release_id).first()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        names, count = reaching.holders(self.page) if self.act == "move_embargo" else ([], 0)
        waiting = states.pending(self.page.release_id)
        embargo = self.page.get_latest_revision_as_object().embargo_until
        return context | {
            "page": self.page,
            "screen": self.screen,
            "act": self.act,
            "rows": reaching.rows(self.page, self.act),
            "kinds": reaching.KINDS,
            "holders": names,
            "more_holders": count - len(names),
            "waiting": waiting,
            "leaves": when(waiting.leaves_at) if waiting else "",
            "embargo": when(embargo) if embargo and self.act == "publish" else _embargo(self.page),
            "back": reverse("newsroom_release", args=[self.page.pk]),
        }

    def form_valid(self, form: act_forms.ActForm) -> HttpResponse:
        given = form.cleaned_data
        done = editions.standing(self.page.release_id).filter(revision=given["key"]).exists()
        if not done and not self._is_as_looked_at(given):
            form.add_error(None, _("The release has changed since: look again, then press again."))
            seen = self.get_initial()
            form.data = {**form.data.dict(), **{name: seen[name] for name in ("after", "revision")}}  # type: ignore[attr-defined]
            return self.form_invalid(form)
        try:
            edition = _DO[self.act](self.page, self.actor(), given)
        except (states.NotNow, issuing.NotReady) as error:
            return self.refused(error)
        self.told(edition)
        return redirect("newsroom_release", self.page.pk)

    def _is_as_looked_at(self, given: dict[str, Any]) -> bool:
        if self.act in ("publish", "correct") and given["revision"] != self.page.latest_revision_id:
            return False
        newest = self.newest
        number = newest.number if newest else 0
        published = str(given["revision"]) == (newest.revision if newest else "")
        return bool(given["after"] == number or published or self.act == "undo")

    def actor(self) -> lifecycle.Actor:
        user = self.request.user
        assert isinstance(user, User)
        return lifecycle.Actor(user.get_username(), user)

    def refused(self, error: Exception) -> HttpResponse:
        messages.error(self.request, str(error))
        return redirect("newsroom_release", self.page.pk)

    def told(self, edition: Edition) -> None:
        """Say what came of it, with the way back while there is one."""
        waiting = states.pending(self.page.release_id)
        buttons = []
        if waiting and self.act != "undo":
            undo = reverse("newsroom_act", args=[self.page.pk, "undo"])
            buttons.append(messages.button(undo, _("Undo")))
        messages.success(self.request, trouble.told(self.page, self.act, edition), buttons=buttons)
        if trouble.redis_is_away():
            messages.warning(self.request, trouble.WAITS)


def _publish(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    channels = [c for c in editions.CHANNELS if not (given["no_mail"] and c == "email")]
    return lifecycle.publish(page, by=by, at=given["at"], undo=issuing.undo(), channels=channels)


def _correct(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    fact = given["kind"] == "fact"
    said = Correction(
        kind=given["kind"],
        note=given["note"],
        wrong=given["wrong"] if fact else None,
        right=given["right"] if fact else None,
    )
    return lifecycle.correct(page, by=by, correction=said, undo=issuing.undo())


def _with_reason(act: Callable[..., Edition]) -> Callable[..., Edition]:
    def do(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
        return act(page, by=by, reason=given["reason"], key=given["key"])

    return do


def _move(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    return lifecycle.move_embargo(page, by=by, until=given["until"], key=given["key"])


def _lift(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    return lifecycle.lift(page, by=by, key=given["key"])


def _undo(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    return lifecycle.take_back(page, by=by)


_DO: dict[str, Callable[..., Edition]] = {
    "publish": _publish,
    "correct": _correct,
    "withhold": _with_reason(lifecycle.withhold),
    "resume": _with_reason(lifecycle.resume),
    "withdraw": _with_reason(lifecycle.withdraw),
    "erase": _with_reason(lifecycle.erase),
    "move_embargo": _move,
    "lift": _lift,
    "undo": _undo,
}
