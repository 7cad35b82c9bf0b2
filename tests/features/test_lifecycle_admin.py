"""What the comms office does with a release: publish, undo, correct, hold, withdraw, lift."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from wagtail.models import PageLogEntry
from wagtail.users.models import UserProfile

from distributor.audience import grants
from distributor.audience.models import Subscriber, Subscription
from distributor.dispatch import editions, fanout
from distributor.dispatch.models import Delivery, Edition
from distributor.newsroom import lifecycle
from distributor.newsroom.models import ReleasePage
from distributor.release import Paragraph
from tests.newsroom import draft, page_of, press, told, topic

pytestmark = [pytest.mark.django_db, pytest.mark.screens]
MENDED = [("paragraph", {"text": "<p>Lånekortet gäller i 24 timmar.</p>", "language": ""})]


@pytest.fixture(autouse=True)
def uploads(settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path / "media"
    with translation.override("en"):
        yield


@pytest.fixture
def office(admin_client: Client, admin_user: User) -> Client:
    profile = UserProfile.get_for_user(admin_user)
    profile.preferred_language = "en"
    profile.save()
    return admin_client


def reader(name: str, slug: str = "kultur") -> Subscriber:
    address = f"{name}@readers.example"
    person: Subscriber = Subscriber.objects.create(
        address=address, key=address, languages=" sv ", confirmed_at=timezone.now()
    )
    Subscription.objects.create(subscriber=person, topic=topic(slug))
    return person


def draft_page() -> ReleasePage:
    topic("kultur", "Kultur")
    return page_of(draft(topics=("kultur",)))


def out(page: ReleasePage | None = None) -> ReleasePage:
    """A release that has left, fanned out and delivered to all."""
    page = page or draft_page()
    edition = lifecycle.publish(page, by=lifecycle.Actor("tests"))
    fanout.fan_out(edition.pk)
    Delivery.objects.filter(edition=edition).update(state="delivered")
    return page


def edited(page: ReleasePage) -> ReleasePage:
    page = ReleasePage.objects.get(pk=page.pk).get_latest_revision_as_object()
    page.body = MENDED
    page.save_revision(clean=False)
    return ReleasePage.objects.get(pk=page.pk)


def columns(response: Any) -> dict[str, Any]:
    return {row.kind: row.told for row in response.context["rows"]}


def test_undo_in_its_time_leaves_no_trace_outside(office: Client, client: Client) -> None:
    reader("a")
    page = draft_page()
    said = told(press(office, page, "publish"))
    assert "leaves in" in said
    assert "Undo" in said
    edition = Edition.objects.get()
    fanout.fan_out(edition.pk)
    assert not Delivery.objects.exists()

    assert "taken back" in told(press(office, page, "undo"))
    page.refresh_from_db()
    assert not page.live
    Edition.objects.update(leaves_at=timezone.now() - timedelta(seconds=1))
    fanout.fan_out(edition.pk)
    assert not Delivery.objects.exists()
    assert client.get(edition.release.url).status_code == 404
    assert [entry.data["by"] for entry in PageLogEntry.objects.filter(action="newsroom.undo")] == [
        "admin"
    ]

    press(office, page, "publish")
    assert Edition.objects.latest("number").number == 2


def test_undo_is_refused_once_it_has_left(office: Client) -> None:
    page = out()
    assert "cannot be taken back" in told(press(office, page, "undo"))
    assert Edition.objects.get().taken_back_at is None


def test_undone_correction_gives_the_page_back_as_it_was(office: Client, client: Client) -> None:
    page = edited(out())
    press(office, page, "correct", kind="update", note="Ny uppgift.")
    assert Edition.objects.latest("number").number == 2
    press(office, page, "undo")
    page.refresh_from_db()
    first = Edition.objects.get(number=1)
    assert str(page.live_revision_id) == first.revision
    assert page.has_unpublished_changes
    assert "24 timmar" not in client.get(first.release.url).content.decode()
    press(office, page, "correct", kind="update", note="Ny uppgift.")
    assert Edition.objects.latest("number").number == 3


def test_an_issued_release_offers_correct_and_not_publish(office: Client) -> None:
    page = edited(out())
    editor = office.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()
    assert re.search(r"<em[^>]*>Correct</em>", editor)
    assert not re.search(r"<em[^>]*>Publish</em>", editor)
    assert "correct, withhold or withdraw" in told(press(office, page, "publish"))
    assert Edition.objects.count() == 1


def test_a_fact_asks_what_was_wrong_and_right(office: Client) -> None:
    page = edited(out())
    screen = office.get(reverse("newsroom_act", args=[page.pk, "correct"]))
    assert screen.context["form"].initial["kind"] == "fact"
    said = told(press(office, page, "correct", kind="fact", note="Fel tid."))
    assert "says what was wrong and right" in said
    assert "Who will be told" in said
    press(office, page, "correct", kind="fact", note="Fel tid.", wrong="Alltid", right="24 timmar")
    correction = Edition.objects.latest("number").release.correction
    assert correction is not None
    assert (correction.wrong, correction.right) == ("Alltid", "24 timmar")


@pytest.mark.parametrize("act", ["withhold", "withdraw"])
def test_hold_and_withdraw_take_a_reason_and_two_clicks(office: Client, act: str) -> None:
    page = out()
    stands = office.get(reverse("newsroom_release", args=[page.pk])).content.decode()
    assert reverse("newsroom_act", args=[page.pk, act]) in stands
    assert "This field is required" in told(press(office, page, act, reason=" "))
    assert Edition.objects.count() == 1
    press(office, page, act, reason="Fel bild.")
    newest = Edition.objects.latest("number")
    assert (newest.number, newest.reason, newest.issuer) == (2, "Fel bild.", "admin")
    assert newest.leaves_at <= timezone.now()


def test_pressing_twice_acts_once(office: Client) -> None:
    page = out()
    url = reverse("newsroom_act", args=[page.pk, "withhold"])
    seen = office.get(url).context["form"].initial
    for _ in range(2):
        office.post(url, seen | {"reason": "Fel."}, follow=True)
    assert Edition.objects.count() == 2
    assert PageLogEntry.objects.filter(action="newsroom.withhold").count() == 1


def test_what_was_not_looked_at_is_not_acted_on(office: Client) -> None:
    page = out()
    url = reverse("newsroom_act", args=[page.pk, "withdraw"])
    seen = office.get(url).context["form"].initial
    lifecycle.withhold(page, by=lifecycle.Actor("other"), reason="Fel.")
    response = office.post(url, seen | {"reason": "Fel."}, follow=True)
    assert "has changed since" in told(response)
    assert Edition.objects.count() == 2
    again = response.context["form"]["after"].value()
    office.post(url, seen | {"reason": "Fel.", "after": again}, follow=True)
    assert Edition.objects.latest("number").status == "canceled"


def test_an_act_that_cannot_wait_takes_back_what_has_not_left(office: Client) -> None:
    page = edited(out())
    press(office, page, "correct", kind="update", note="Ny uppgift.")
    press(office, page, "withhold", reason="Fel.")
    taken, held = Edition.objects.order_by("number")[1:]
    assert taken.taken_back_at is not None
    assert (held.number, held.status) == (3, "withheld")
    assert held.digest == Edition.objects.get(number=1).digest


def test_the_screens_numbers_are_the_deliveries(office: Client) -> None:
    for name in "abc":
        reader(name)
    page = draft_page()
    first = office.get(reverse("newsroom_act", args=[page.pk, "publish"]))
    assert columns(first)[""]["email"].audience == 3
    out(page)
    assert Delivery.objects.filter(channel="email").count() == 3
    for person in Subscriber.objects.filter(key__startswith="c@"):
        Subscription.objects.filter(subscriber=person).update(
            ended_at=timezone.now(), ended_reason="unsubscribed"
        )
        person.suppressed = "unsubscribed"
        person.save()
    reader("d")
    page = edited(page)
    shown = columns(office.get(reverse("newsroom_act", args=[page.pk, "correct"])))["fact"]
    said = {"kind": "fact", "note": "Fel.", "wrong": "a", "right": "b"}
    press(office, page, "correct", **said)
    edition = Edition.objects.latest("number")
    Edition.objects.filter(pk=edition.pk).update(leaves_at=timezone.now())
    fanout.fan_out(edition.pk)
    made = Delivery.objects.filter(edition=edition)
    mails = made.filter(channel="email")
    assert shown["email"].receivers == mails.filter(urgent=True).count() == 2
    assert shown["email"].audience == mails.filter(urgent=False).count() == 1
    assert shown["email"].out_of_reach == 1
    assert shown["feed"].audience == made.filter(channel="feed").count()


def test_a_schedule_is_taken_back_and_leaves_late_rather_than_never(office: Client) -> None:
    page = draft_page()
    said = told(press(office, page, "publish", at="2027-10-31T02:30"))
    assert "for summer time" in said
    assert "there is no 02:30" in told(press(office, page, "publish", at="2027-03-28T02:30"))
    press(office, page, "publish", at="2027-10-31T02:30+02:00")
    edition = Edition.objects.get()
    assert edition.leaves_at.isoformat() == "2027-10-31T00:30:00+00:00"
    assert "scheduled" in told(office.get(reverse("newsroom_release", args=[page.pk])))
    late = timezone.now() - timedelta(minutes=7)
    Edition.objects.update(leaves_at=late)
    assert "7 minutes late" in told(office.get(reverse("newsroom_release", args=[page.pk])))
    fanout.fan_out(edition.pk)
    assert Edition.objects.get().fanned_out_at is not None


def test_an_embargo_is_set_moved_and_lifted(office: Client, client: Client) -> None:
    page = draft_page()
    page.embargo_until = timezone.now() + timedelta(hours=3)
    page.save_revision(clean=False)
    screen = office.get(reverse("newsroom_act", args=[page.pk, "publish"]))
    assert "Embargo until" in told(screen)
    assert columns(screen)[""]["email"].audience == 0
    refused = press(office, page, "publish", at=(timezone.now() + timedelta(days=1)).isoformat())
    assert "whole seconds" in told(refused)
    press(office, page, "publish")
    Edition.objects.update(leaves_at=timezone.now())
    later = (timezone.now() + timedelta(hours=9)).replace(second=0, microsecond=0)
    assert "not secrecy" in told(
        office.get(reverse("newsroom_act", args=[page.pk, "move_embargo"]))
    )
    press(office, page, "move_embargo", until=later.isoformat())
    assert Edition.objects.latest("number").embargo_until == later
    press(office, page, "lift")
    newest = Edition.objects.latest("number")
    assert (newest.number, newest.act) == (3, "release.published")
    assert client.get(newest.release.url).status_code == 200


def test_an_embargo_may_be_for_some_of_the_granted_readers(office: Client) -> None:
    people = [reader(name) for name in "abc"]
    for person in people:
        grants.grant(person.pk, terms_version="1", accepted_at=timezone.now())
    page = draft_page()
    assert "Only these readers" not in told(press(office, page, "publish", at="soon"))
    page.embargo_until = timezone.now() + timedelta(hours=3)
    page.save_revision(clean=False)
    screen = office.get(reverse("newsroom_act", args=[page.pk, "publish"]))
    assert columns(screen)[""]["email"].audience == 3
    assert "Only these readers" in told(screen)
    press(office, page, "publish", granted=[people[1].pk])
    edition = Edition.objects.get()
    assert edition.granted == [people[1].pk]
    Edition.objects.update(leaves_at=timezone.now())
    fanout.fan_out(edition.pk)
    mails = Delivery.objects.filter(channel="email")
    assert list(mails.values_list("recipient", flat=True)) == [people[1].pk]


def test_an_erased_release_is_edited_no_more(office: Client) -> None:
    page = out()
    press(office, page, "erase", reason="Dom.", sure="on")
    edit = reverse("wagtailadmin_pages:edit", args=[page.pk])
    assert office.get(edit).status_code == 302
    assert office.get(reverse("newsroom_release", args=[page.pk])).status_code == 200


def test_erasing_is_for_administrators(client: Client, django_user_model: Any) -> None:
    page = out()
    user = django_user_model.objects.create_user("ada", password="x")
    user.groups.add(Group.objects.get(name="approver"))
    client.force_login(user)
    assert client.get(reverse("newsroom_act", args=[page.pk, "erase"])).status_code == 302
    user.groups.add(Group.objects.get(name="administrator"))
    assert client.get(reverse("newsroom_act", args=[page.pk, "erase"])).status_code == 200


def test_a_writer_acts_on_nothing(client: Client, django_user_model: Any) -> None:
    page = out()
    user = django_user_model.objects.create_user("ada", password="x")
    user.groups.add(Group.objects.get(name="writer"))
    client.force_login(user)
    for act in ("correct", "withhold", "withdraw", "erase", "undo"):
        url = reverse("newsroom_act", args=[page.pk, act])
        assert client.post(url, {"reason": "x"}).status_code == 302
    assert Edition.objects.count() == 1
    assert client.get(reverse("newsroom_release", args=[page.pk])).status_code == 200


def test_without_mail_nobody_is_mailed(office: Client) -> None:
    reader("a")
    page = draft_page()
    press(office, page, "publish", no_mail="on")
    edition = Edition.objects.get()
    assert edition.channels == ["feed", "webhook"]


def test_a_change_that_is_no_fact_is_taken_for_language_or_news(office: Client) -> None:
    body = (Paragraph(text="Biblioteket är öppet hela natten för alla som har ett kort."),)
    page = out(page_of(replace(draft(), body=body)))
    for text, kind in (
        ("Biblioteket är öppet hela natten för dem som har ett kort.", "language"),
        (
            "Biblioteket är öppet hela natten för alla som har ett kort. "
            "Vi bjuder på te till gryningen.",
            "update",
        ),
        ("Biblioteket är öppet till 3 på natten för alla som har ett kort.", "fact"),
    ):
        page.body = [("paragraph", {"text": f"<p>{text}</p>", "language": ""})]
        page.save_revision(clean=False)
        page = ReleasePage.objects.get(pk=page.pk)
        screen = office.get(reverse("newsroom_act", args=[page.pk, "correct"]))
        assert screen.context["form"].initial["kind"] == kind
    assert editions.is_public(page.release_id)
