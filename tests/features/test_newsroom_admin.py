"""The comms office's side: drafts, stops, and what is refused once an edition exists."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from wagtail.models import Page
from wagtail.signals import page_published
from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield
from wagtail.users.models import UserProfile

from distributor.dispatch import editions
from distributor.dispatch.models import Edition
from distributor.newsroom import founding, issuing, signals
from distributor.newsroom.models import (
    Act,
    HouseContact,
    NewsroomPage,
    Picture,
    ReleasePage,
)
from distributor.release import Contact, Heading, Paragraph
from tests.newsroom import draft, found_image, invitation, page_of, photograph, press, publish

pytestmark = [pytest.mark.django_db, pytest.mark.screens]


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def office(admin_client, admin_user):
    """Somebody at work in the admin, in English."""
    profile = UserProfile.get_for_user(admin_user)
    profile.preferred_language = "en"
    profile.save()
    return admin_client


def told(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(response.content.decode())))


def newsroom(language: str = "sv") -> NewsroomPage:
    return NewsroomPage.objects.get(locale__language_code=language)


def form(**changes):
    contact = HouseContact.objects.filter(language="sv").first()
    paragraph = {"text": rich_text("<p>Den öppnar.</p>"), "language": ""}
    fields = {
        "title": "En ny skola",
        "type": "press",
        "place": "Ekvik",
        "lead": "",
        "body": streamfield([("paragraph", paragraph)]),
        "contacts": streamfield([("house", contact.pk if contact else "")]),
        "event_status": "planned",
        "boilerplate": "",
        "case_number": "",
        "topics": [],
        "replaces": "",
    }
    return nested_form_data({**fields, **changes})


def create(office, action: str, **changes):
    url = reverse("wagtailadmin_pages:add", args=["newsroom", "releasepage", newsroom().pk])
    data = form(**changes)
    return office.post(url, {**data, action: "1"} if action else data, follow=True)


def test_an_editor_publishes_and_it_leaves_after_the_time_to_undo(office, settings):
    response = create(office, "action-publish")
    assert "Who will be told" in told(response)
    assert not Edition.objects.exists()
    response = press(office, ReleasePage.objects.get(), "publish")
    assert "“En ny skola” is published, and leaves in" in told(response)
    edition = Edition.objects.get()
    assert edition.issuer == "admin"
    wait = (edition.leaves_at - timezone.now()).total_seconds()
    assert 0 < wait <= settings.DISTRIBUTOR.undo_seconds
    assert edition.release.contacts[0].email == "press@press.example"
    assert editions.newest(edition.release_id) is None


def test_with_redis_away_the_click_succeeds_and_says_that_delivery_waits(office, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1"
    waits = "Delivery waits: Redis is not reachable."
    create(office, "action-publish")
    response = press(office, ReleasePage.objects.get(), "publish")
    assert response.status_code == 200
    assert waits in told(response)
    assert Edition.objects.count() == 1
    assert waits in told(office.get("/admin/"))


def test_a_draft_may_lack_everything(office):
    empty = {"title": "", "type": "", "body": streamfield([]), "contacts": streamfield([])}
    create(office, "", **empty)
    page = ReleasePage.objects.get()
    assert not page.live
    assert page.slug == f"release-{str(page.release_id)[:8]}"
    assert "(no title)" in told(office.get("/admin/releases/"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "This field is required."),
        ({"type": ""}, "Type: choose"),
        ({"body": streamfield([])}, "Text: a press release needs one."),
        ({"contacts": streamfield([])}, "Press contacts: name at least one."),
        ({"type": "invitation"}, "Event: say when it starts. Event: say where it takes place."),
    ],
)
def test_publish_in_the_editor_stops_and_says_where(office, changes, said):
    response = create(office, "action-publish", **changes)
    assert said in told(response)
    assert not ReleasePage.objects.filter(live=True).exists()
    assert not Edition.objects.exists()


STOPS = {
    "title": ({"title": ""}, "Title: write one."),
    "contact": ({"contacts": (Contact(name="", phone="1"),)}, "Press contact 1: give a name."),
    "reach": ({"contacts": (Contact(name="A"),)}, "Press contact 1: give a phone number"),
    "alt": ({"images": (found_image(alt=""),)}, "Block 2 (Picture): write the alternative text"),
    "credit": (
        {"images": (found_image(credit=""),)},
        "Block 2 (Picture): the picture has no",
    ),
    "licence": (
        {"images": (found_image(licence=""),)},
        "Block 2 (Picture): the picture has no licence",
    ),
    "passed": (
        {"images": (found_image(expires="2020-01-01"),)},
        "Block 2 (Picture): the licence’s last day has passed",
    ),
    "level": (
        {"body": (Heading(text="Djupt", level=3), Paragraph(text="Ord."))},
        "Block 1 (Heading): it skips a level",
    ),
    "link": (
        {"body": (Paragraph(text='Se <a href="https://e.example/"></a> här.'),)},
        "Block 1 (Paragraph): a link has no words",
    ),
    "lead": ({"lead": "x" * 601}, "Lead: it has 601 characters; at most 600."),
    "start": ({"type": "invitation"}, "Event: say when it starts."),
    "blocks": ({"body": (Paragraph(text="Ord."),) * 201}, "Text: it has 201 blocks; at most 200."),
    "length": (
        {"body": (Paragraph(text="o" * 60_001),)},
        "Text: it has 60001 characters; at most 60000.",
    ),
}


@pytest.mark.parametrize("case", STOPS)
def test_each_stop_holds_at_every_door(office, case, caplog):
    changes, said = STOPS[case]
    page = page_of(replace(draft(), **changes))
    url = reverse("wagtail_bulk_action", args=["wagtailcore", "page", "publish"])
    response = office.post(f"{url}?id={page.pk}&next=/admin/releases/", follow=True)
    page.refresh_from_db()
    assert said in told(response)
    assert not page.live

    with suppress(ValidationError):
        page.get_latest_revision().publish()
    assert not Edition.objects.exists()
    with pytest.raises(issuing.NotReady, match=re.escape(said.split(": ")[0])):
        issuing.issue_page(page, page.get_latest_revision())
    assert said in Act.objects.get().problem
    assert issuing.issue_due() == 0
    if ReleasePage.objects.get().live:
        assert said in told(office.get("/admin/"))


def test_one_revision_gives_one_edition_and_unchanged_words_none(office):
    page = page_of(draft())
    first = publish(page)
    revision = page.get_latest_revision()
    revision.publish()
    assert issuing.issue_page(page, revision) == first
    page = ReleasePage.objects.get()
    page.save_revision().publish()
    assert Edition.objects.count() == 1
    assert issuing.issue_due() == 0


def test_a_page_that_cannot_be_read_keeps_back_no_other(office):
    broken, whole = page_of(draft()), page_of(draft("En annan nyhet"))
    page_published.disconnect(signals.on_published, sender=ReleasePage)
    try:
        for page in (broken, whole):
            page.get_latest_revision().publish()
    finally:
        page_published.connect(signals.on_published, sender=ReleasePage)
    broken.revisions.update(content={"pk": broken.pk, "release_id": "no id"})
    assert issuing.issue_due() == 1
    assert Edition.objects.get().title == "En annan nyhet"


def test_what_the_signal_misses_the_sweep_issues_as_planned(office):
    page = page_of(draft())
    revision = page.get_latest_revision()
    page_published.disconnect(signals.on_published, sender=ReleasePage)
    try:
        act = issuing.plan(revision, issuer="tests", leaves_at=timezone.now())
        revision.publish()
    finally:
        page_published.connect(signals.on_published, sender=ReleasePage)
    assert not Edition.objects.exists()
    assert issuing.issue_due() == 1
    edition = Edition.objects.get()
    assert (edition.leaves_at, edition.issuer) == (act.leaves_at, "tests")
    assert issuing.issue_due() == 0


def test_once_an_edition_exists_it_cannot_be_taken_from_the_public(office):
    page = page_of(draft())
    publish(page)
    page.refresh_from_db()
    edit = office.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()
    for name in ("unpublish", "delete", "move"):
        url = reverse(f"wagtailadmin_pages:{name}", args=[page.pk])
        assert url not in edit
        assert office.post(url).status_code in (302, 403)
        bulk = reverse("wagtail_bulk_action", args=["wagtailcore", "page", name])
        office.post(f"{bulk}?id={page.pk}", {"chooser": newsroom("en").pk})
    there = reverse("wagtailadmin_pages:move_confirm", args=[page.pk, newsroom("en").pk])
    assert office.post(there).status_code in (302, 403)
    page = ReleasePage.objects.get(pk=page.pk)
    assert page.live
    assert page.get_parent().pk == newsroom().pk

    slug = page.slug
    page.title = "Något helt annat"
    page.slug = "nagot-helt-annat"
    page.save_revision().publish()
    page = ReleasePage.objects.get(pk=page.pk)
    assert (page.slug, page.title) == (slug, "Något helt annat")
    assert Edition.objects.latest("number").release.url.endswith(f"/{slug}/")


def test_the_lists_of_releases_cannot_be_deleted(office):
    assert (
        office.post(reverse("wagtailadmin_pages:delete", args=[newsroom().pk])).status_code == 302
    )
    assert NewsroomPage.objects.count() == 2


def test_copy_gives_a_draft_with_a_new_id(office):
    page = page_of(draft())
    publish(page)
    url = reverse("wagtailadmin_pages:copy", args=[page.pk])
    fields = {"new_title": "Kopia", "new_slug": "kopia", "new_parent_page": newsroom().pk}
    office.post(url, fields | {"publish_copies": "on"})
    office.post(url, fields | {"alias": "on"})
    assert ReleasePage.objects.count() == 1
    office.post(url, fields)
    copy = ReleasePage.objects.get(title="Kopia")
    assert not copy.live
    assert copy.release_id != page.release_id
    assert publish(copy).number == 1


def test_a_writer_begins_a_translation_that_is_a_release_of_its_own(client, django_user_model):
    user = django_user_model.objects.create_user("ada", password="x")
    user.groups.add(Group.objects.get(name="writer"))
    client.force_login(user)
    page = page_of(draft())
    publish(page)
    url = reverse("simple_translation:submit_page_translation", args=[page.pk])
    english = newsroom("en").locale_id
    client.post(url, {"locales": [english], "include_subtree": "", "select_all": ""})
    other = ReleasePage.objects.get(locale_id=english)
    assert not other.live
    assert other.release_id != page.release_id
    assert other.translation_key == page.translation_key
    assert Edition.objects.count() == 1


def test_what_was_published_is_not_overwritten(office, admin_user):
    page = page_of(draft())
    publish(page)
    revision = page.get_latest_revision()
    page = ReleasePage.objects.get()
    page.title = "Ändrad"
    with pytest.raises(PermissionDenied, match="not overwritten"):
        page.save_revision(overwrite_revision=revision)


def test_a_preview_shows_the_draft_and_is_for_the_office_alone(office, client):
    page = page_of(replace(invitation(), images=(found_image(),)))
    url = reverse("wagtailadmin_pages:view_draft", args=[page.pk])
    response = office.get(url)
    assert "Välkommen till pressvisning" in told(response)
    assert "no-store" in response["Cache-Control"]
    picture = re.search(r'<img src="[^"]+?(/admin/media/[^"]+)"', response.content.decode())
    assert office.get(picture[1]).status_code == 200
    client.logout()
    assert client.get(url).status_code == 302
    assert client.get(picture[1]).status_code == 302
    assert not Edition.objects.exists()


def test_an_upload_that_is_no_picture_is_refused(office):
    data = {
        "title": "x",
        "file": SimpleUploadedFile("x.jpg", b"no picture"),
        "collection": "1",
        "credit": "",
        "licence": "",
        "tags": "",
    }
    office.post(reverse("wagtailimages:add"), data)
    assert not Picture.objects.exists()
    data["file"] = SimpleUploadedFile("x.jpg", photograph(300, 200))
    office.post(reverse("wagtailimages:add"), data)
    assert Picture.objects.count() == 1


def test_the_house_s_registers_fill_in_a_new_release(office):
    contact = HouseContact.objects.get(language="sv")
    edit = reverse("wagtailsnippets_newsroom_housecontact:edit", args=[contact.pk])
    fields = {"name": "Pressjouren", "phone": "08-1", "email": "", "language": "sv"}
    empty = {"role": "", "organisation": "", "hours": ""}
    office.post(edit, fields | empty | {"filled_in": "on"})
    url = reverse("wagtailadmin_pages:add", args=["newsroom", "releasepage", newsroom().pk])
    assert "Pressjouren" in office.get(url).content.decode()
    release = publish(page_of(replace(draft(), contacts=()))).release
    assert release.contacts == (Contact(name="Pressjouren", phone="08-1"),)
    contact.refresh_from_db()
    contact.name = "Någon annan"
    contact.save()
    assert Edition.objects.get().release.contacts[0].name == "Pressjouren"


def test_a_topic_has_a_name_in_each_language_and_keeps_its_slug(office):
    fields = {"name_sv": "Skola", "name_en": "Schools", "slug": "skola", "media_topic": "20000398"}
    office.post(reverse("wagtailsnippets_audience_topic:add"), fields)
    page = office.get(reverse("wagtailsnippets_audience_topic:list"))
    assert "Skola" in told(page)
    topic = page.context["object_list"][0]
    edit = reverse("wagtailsnippets_audience_topic:edit", args=[topic.pk])
    office.post(edit, fields | {"slug": "annan", "name_en": ""})
    topic.refresh_from_db()
    assert (topic.slug, topic.names) == ("skola", {"sv": "Skola"})
    delete = reverse("wagtailsnippets_audience_topic:delete", args=[topic.pk])
    assert office.post(delete).status_code in (302, 403)
    topic.refresh_from_db()


@pytest.mark.parametrize("group", ["writer", "approver"])
def test_a_writer_may_not_publish_and_an_approver_may(client, django_user_model, group):
    founding.found()
    user = django_user_model.objects.create_user("ada", password="x")
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)
    create(client, "action-publish")
    page = ReleasePage.objects.get()
    press(client, page, "publish")
    page.refresh_from_db()
    assert page.live is (group == "approver")
    assert client.get("/admin/releases/").status_code == 200


def test_founding_again_changes_nothing(office):
    before = list(Page.objects.order_by("pk").values())
    founding.found()
    assert list(Page.objects.order_by("pk").values()) == before
    assert HouseContact.objects.count() == 2
