"""The screen before each act on a release: what is asked, and who will be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import FormView
from wagtail.admin import messages

from distributor.dispatch import compositions, editions
from distributor.newsroom import (
    act_forms,
    approval,
    changes,
    issuing,
    lifecycle,
    reaching,
    snapshot,
    states,
    trouble,
)
from distributor.newsroom.models import ReleasePage
from distributor.newsroom.release_screens import (
    SCREENS,
    OnRelease,
    Screen,
    embargo_ends,
    may,
)
from distributor.newsroom.trouble import when
from distributor.release import Correction

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributor.dispatch.models import Edition


class ActView(OnRelease, FormView):  # type: ignore[type-arg]
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

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        act_forms.second_reader(form, self.wanting)
        if isinstance(form, act_forms.PublishForm):
            form.offer_granted(bool(self.page.get_latest_revision_as_object().embargo_until))
        return form

    @cached_property
    def wanting(self) -> str:
        """What four eyes want of whoever presses the button: ``read``, ``alone``, or nothing."""
        if self.act not in ("publish", "correct") or not approval.four_eyes():
            return ""
        if approval.approved_by(self.page):
            return ""
        return "alone" if self.request.user.pk in approval.writers(self.page) else "read"

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
            "title": self.title,
            "screen": self.screen,
            "act": self.act,
            "undo_seconds": settings.DISTRIBUTOR.undo_seconds,
            "rows": reaching.rows(self.page, self.act),
            "kinds": reaching.KINDS,
            "holders": names,
            "more_holders": count - len(names),
            "approved_by": approval.approved_by(self.page),
            "one_may_approve": self.act == "publish" and approval.may_approve() < 2,
            "waiting": waiting,
            "leaves": when(waiting.leaves_at) if waiting else "",
            "embargo": when(embargo, exact=True)
            if embargo and self.act == "publish"
            else embargo_ends(self.page),
            "held": "" if self.act == "undo" else trouble.in_html(trouble.held(self.page)),
            "back": reverse("newsroom_release", args=[self.page.pk]),
        }

    @property
    def title(self) -> str:
        """That of what the act is done with: the draft, or what was issued."""
        newest = self.newest
        if newest is None or self.act in ("publish", "correct"):
            return self.page.get_admin_display_title()
        return newest.title

    def form_valid(self, form: act_forms.ActForm) -> HttpResponse:
        given = form.cleaned_data
        done = editions.standing(self.page.release_id).filter(revision=given["key"]).exists()
        if not done and not self._is_as_looked_at(given):
            form.add_error(None, _("The release has changed since: look again, then press again."))
            seen = self.get_initial()
            form.data = {**form.data.dict(), **{name: seen[name] for name in ("after", "revision")}}  # type: ignore[attr-defined]
            return self.form_invalid(form)
        try:
            if self.wanting == "read":
                approval.approve(self.page, self.request.user)
            given |= {"approver": approval.approved_by(self.page)} if not self.wanting else {}
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
        if self.act != "undo" and edition.pause_holds_since:
            messages.warning(self.request, trouble.in_html(trouble.held(self.page)))
        if trouble.redis_is_away():
            messages.warning(self.request, trouble.WAITS)


def _publish(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    channels = [c for c in editions.CHANNELS if not (given["no_mail"] and c == "email")]
    return lifecycle.publish(
        page,
        by=by,
        at=given["at"],
        undo=issuing.undo(),
        channels=channels,
        granted=[person.pk for person in given.get("granted", ())],
        approver=given.get("approver", ""),
        alone=given.get("alone", ""),
    )


def _correct(page: ReleasePage, by: lifecycle.Actor, given: dict[str, Any]) -> Edition:
    fact = given["kind"] == "fact"
    said = Correction(
        kind=given["kind"],
        note=given["note"],
        wrong=given["wrong"] if fact else None,
        right=given["right"] if fact else None,
    )
    return lifecycle.correct(
        page,
        by=by,
        correction=said,
        undo=issuing.undo(),
        approver=given.get("approver", ""),
        alone=given.get("alone", ""),
    )


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
