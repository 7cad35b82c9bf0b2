"""Four eyes: approval is bound to the words and the embargo, and nobody approves their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from wagtail.models import PageLogEntry
from wagtail.users.models import UserProfile

from distributor.dispatch.models import Edition
from distributor.newsroom import lifecycle, states
from distributor.newsroom.models import ReleasePage, Rules
from tests.newsroom import draft, page_of, press, told

pytestmark = [pytest.mark.django_db, pytest.mark.screens]
Login = Callable[[str], Client]
READ = {"read": "on"}


@pytest.fixture(autouse=True)
def uploads(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with translation.override("en"):
        yield


@pytest.fixture
def login() -> Login:
    """Ada and Bo may approve; Cy writes."""
    for name, group in (("ada", "approver"), ("bo", "approver"), ("cy", "writer")):
        user = get_user_model().objects.create_user(name, password="x")
        user.groups.add(Group.objects.get(name=group))
        profile = UserProfile.get_for_user(user)
        profile.preferred_language = "en"
        profile.save()

    def call(name: str) -> Client:
        client = Client()
        client.force_login(user_named(name))
        return client

    return call


def user_named(name: str) -> User:
    found: User = get_user_model().objects.get(username=name)
    return found


def written_by(name: str, title: str = "Ekvik", page: ReleasePage | None = None) -> ReleasePage:
    page = page or page_of(draft())
    page = page.get_latest_revision_as_object()
    page.title = title
    page.save_revision(user=user_named(name), clean=False)
    return ReleasePage.objects.get(pk=page.pk)


def submit_and_approve(page: ReleasePage, login: Login, by: str = "ada") -> None:
    workflow = page.get_workflow()
    assert workflow is not None
    workflow.start(page, user_named("cy"))
    page = ReleasePage.objects.get(pk=page.pk)
    assert states.state(page) == "in_review"
    task = page.current_workflow_task_state
    url = reverse("wagtailadmin_pages:workflow_action", args=[page.pk, "approve", task.pk])
    assert login(by).post(url, {}).status_code in (200, 302)


def test_what_was_approved_is_published_by_hand_and_names_both(login: Login) -> None:
    page = written_by("cy")
    submit_and_approve(page, login)
    page = ReleasePage.objects.get(pk=page.pk)
    assert not page.live
    assert states.state(page) == "approved"
    press(login("bo"), page, "publish")
    edition = Edition.objects.get()
    assert (edition.issuer, edition.approver) == ("bo", "ada")


@pytest.mark.parametrize("change", ["a character", "the embargo"])
def test_a_change_after_approval_voids_it(login: Login, change: str) -> None:
    page = written_by("cy")
    submit_and_approve(page, login)
    page = ReleasePage.objects.get(pk=page.pk).get_latest_revision_as_object()
    if change == "a character":
        page.title += "."
    else:
        page.embargo_until = timezone.now() + timedelta(hours=5)
    page.save_revision(user=user_named("bo"), clean=False)
    page = ReleasePage.objects.get(pk=page.pk)
    assert states.state(page) == "draft"
    for name in ("ada", "bo"):
        press(login(name), page, "publish")
    assert not Edition.objects.exists()


def test_who_wrote_is_no_second_reader(login: Login) -> None:
    page = written_by("ada")
    submit_and_approve(page, login, by="ada")
    page = ReleasePage.objects.get(pk=page.pk)
    assert "without a second reader" in told(press(login("ada"), page, "publish"))
    press(login("ada"), page, "publish", **READ)
    assert not Edition.objects.exists()


def test_a_reader_who_wrote_nothing_approves_with_the_press(login: Login) -> None:
    page = written_by("ada")
    assert "I have read this text" in told(press(login("bo"), page, "publish"))
    assert not Edition.objects.exists()
    press(login("bo"), page, "publish", **READ)
    assert Edition.objects.get().approver == "bo"
    assert PageLogEntry.objects.filter(action="newsroom.approve").count() == 1


def test_alone_needs_a_reason_which_is_logged_and_shown(login: Login) -> None:
    page = written_by("ada")
    press(login("ada"), page, "publish", alone=" ")
    assert not Edition.objects.exists()
    press(login("ada"), page, "publish", alone="Natt, och ingen annan i tjänst.")
    assert Edition.objects.count() == 1
    entry = PageLogEntry.objects.get(action="newsroom.alone")
    assert (entry.data["by"], entry.data["reason"]) == ("ada", "Natt, och ingen annan i tjänst.")
    shown = told(login("bo").get(reverse("newsroom_release", args=[page.pk])))
    assert "Natt, och ingen annan i tjänst." in shown


def test_a_hold_needs_nobody_else(login: Login) -> None:
    page = written_by("ada")
    lifecycle.publish(page, by=lifecycle.Actor("ada"))
    press(login("ada"), page, "withhold", reason="Fel.")
    assert Edition.objects.latest("number").status == "withheld"


def test_a_correction_is_read_by_another_than_who_wrote_since_the_last_edition(
    login: Login,
) -> None:
    page = written_by("ada")
    lifecycle.publish(page, by=lifecycle.Actor("ada"))
    page = written_by("bo", "Rättad", page)
    said = {"kind": "update", "note": "Nytt."}
    press(login("bo"), page, "correct", **said, **READ)
    assert Edition.objects.count() == 1
    press(login("ada"), page, "correct", **said, **READ)
    assert Edition.objects.latest("number").approver == "ada"


def test_four_eyes_are_off_while_one_may_approve_or_the_house_says_so(login: Login) -> None:
    page = written_by("ada")
    Rules.objects.update(four_eyes=False)
    press(login("ada"), page, "publish")
    assert Edition.objects.count() == 1
    Rules.objects.update(four_eyes=True)
    user = user_named("bo")
    user.is_active = False
    user.save()
    other = written_by("ada", "En annan")
    screen = login("ada").get(reverse("newsroom_act", args=[other.pk, "publish"]))
    assert "only one person may approve" in told(screen)
    press(login("ada"), other, "publish")
    assert Edition.objects.count() == 2


def saved_in_the_editor(client: Client, page: ReleasePage, title: str) -> str:
    url = reverse("wagtailadmin_pages:edit", args=[page.pk])
    editor = client.get(url)
    form = editor.context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"title": title, "topics": [], "replaces": ""}
    for stream in ("body", "contacts"):
        data |= {f"{stream}-count": "0"}
        data.pop(stream, None)
    return told(client.post(url, data, follow=True))


def test_an_edit_cancels_a_schedule(login: Login) -> None:
    page = written_by("ada")
    at: datetime = timezone.now() + timedelta(days=2)
    lifecycle.publish(page, by=lifecycle.Actor("ada"), at=at)
    assert states.state(page) == "scheduled"
    said = saved_in_the_editor(login("ada"), page, "Ändrad")
    assert "schedule is cancelled" in said
    assert Edition.objects.get().taken_back_at is not None
    page = ReleasePage.objects.get(pk=page.pk)
    assert (page.live, states.state(page)) == (False, "draft")
