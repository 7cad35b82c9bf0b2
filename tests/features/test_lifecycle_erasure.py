"""Erasure: no sentence of the text is left anywhere; numbers, times, digests and reasons are."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import PageLogEntry
from wagtail.test.utils.form_data import nested_form_data, streamfield

from distributor.dispatch import bell, compositions, editions, erasing, feeds
from distributor.dispatch.models import Edition, Feed
from distributor.newsroom import issuing, lifecycle, states
from distributor.newsroom.models import Picture, ReleasePage
from distributor.release import Correction, Paragraph
from tests.fixtures import _Redis
from tests.newsroom import draft, found_file, found_image, page_of, photograph

pytestmark = pytest.mark.django_db
ADA = lifecycle.Actor("ada")
WORDS = ("Lånekortet", "hela dygnet", "bibliotek på natten", "Maja Lindqvist", "Ny text")


@pytest.fixture(autouse=True)
def uploads(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def everything() -> str:
    """Every value of every table, as text."""
    found = []
    for model in apps.get_models():
        for row in model._default_manager.values_list():
            found += [
                bytes(value).decode("utf-8", "replace")
                if isinstance(value, memoryview | bytes)
                else json.dumps(value, ensure_ascii=False, default=str)
                for value in row
            ]
    return "\n".join(found)


def erased() -> tuple[ReleasePage, Edition]:
    page = page_of(replace(draft(), images=(found_image(),), attachments=(found_file(),)))
    first = lifecycle.publish(page, by=ADA)
    compositions.mail(first, first=True)
    compositions.webhook(first, "standard")
    page.body = [("paragraph", {"text": "<p>Ny text.</p>", "language": ""})]
    page.save_revision(clean=False)
    said = Correction(kind="fact", note="Lånekortet var fel.", wrong="Lånekortet", right="Ny text")
    lifecycle.correct(page, by=ADA, correction=said)
    lifecycle.withhold(page, by=ADA, reason="Vi prövar frågan.")
    assert all(word in everything() for word in WORDS)
    return page, lifecycle.erase(page, by=ADA, reason="Dom i mål T 123-26.")


def test_no_word_is_left_and_what_must_stay_does(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        page, edition = erased()

    kept = everything()
    assert [word for word in WORDS if word in kept] == []
    assert not Picture.objects.exists()
    files = [path for path in Path(default_storage.location).rglob("*") if path.is_file()]
    assert files == []

    assert edition.number == 4
    every = Edition.objects.order_by("number")
    assert [each.act.partition(".")[2] for each in every] == [
        *("published", "corrected", "withheld", "withdrawn")
    ]
    assert all(each.erased_at and each.digest.startswith("sha256:") for each in every)
    assert every[0].digest != every[1].digest
    assert "T 123-26" in edition.reason
    assert states.state(page) == "erased"
    assert client.get(edition.release.url).status_code == 410
    logged = PageLogEntry.objects.filter(action="newsroom.erase").get()
    assert (logged.data["by"], logged.data["reason"]) == ("ada", "Dom i mål T 123-26.")


def test_nothing_follows_an_erasure_and_a_withdrawn_release_may_be_erased() -> None:
    page = page_of(draft())
    lifecycle.publish(page, by=ADA)
    lifecycle.withdraw(page, by=ADA, reason="Fel.")
    edition = lifecycle.erase(page, by=ADA, reason="Dom.", key="once")
    assert lifecycle.erase(page, by=ADA, reason="Dom.", key="once") == edition
    assert (edition.number, edition.act) == (3, "release.withdrawn")
    with pytest.raises(states.NotNow):
        lifecycle.erase(page, by=ADA, reason="Dom.")
    assert editions.newest(page.release_id) == edition


def test_a_picture_that_another_release_shows_is_kept() -> None:
    page = page_of(replace(draft(), images=(found_image(),)))
    other = page_of(draft("Något annat"))
    other.body = [
        *[("paragraph", {"text": "<p>Annat.</p>", "language": ""})],
        *[(block.block_type, block.value) for block in page.body if block.block_type == "image"],
    ]
    other.save_revision(clean=False)
    lifecycle.publish(page, by=ADA)
    shown = lifecycle.publish(other, by=ADA)
    lifecycle.erase(page, by=ADA, reason="Dom.")
    assert Picture.objects.count() == 1
    assert default_storage.exists(shown.files.all()[0].path)


def test_a_drafts_sentence_is_not_kept_by_a_paragraph() -> None:
    page = page_of(replace(draft(), body=(Paragraph(text="Hemlig mening."),)))
    lifecycle.publish(page, by=ADA)
    page.title = "Ett utkast som aldrig gavs ut"
    page.save_revision(clean=False)
    lifecycle.erase(page, by=ADA, reason="Dom.")
    kept = everything()
    assert "Hemlig mening" not in kept
    assert "aldrig gavs ut" not in kept


def test_a_preview_and_the_log_of_an_upload_keep_nothing(
    client: Client, django_user_model: Any
) -> None:
    client.force_login(django_user_model.objects.create_superuser("ada", password="x"))
    picture = SimpleUploadedFile("x.jpg", photograph(300, 200), "image/jpeg")
    upload = {"title": "Lånekortet i ljus", "file": picture, "collection": "1"}
    client.post(reverse("wagtailimages:add"), upload | {"credit": "E", "licence": "fri"})
    image = {"image": Picture.objects.get(), "alt": "x", "decorative": False}
    page = page_of(draft())
    page.body.append(("image", image))
    page.save_revision(clean=False)
    form = nested_form_data(
        {"title": "Lånekortet", "type": "press", "lead": "", "event_status": "planned"}
        | {"body": streamfield([]), "contacts": streamfield([]), "topics": []}
    )
    newsroom = page.get_parent().pk
    for url in (
        reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk]),
        reverse("wagtailadmin_pages:preview_on_add", args=["newsroom", "releasepage", newsroom]),
    ):
        assert client.post(url, form).json()["is_valid"]
    kept = unquote_plus(everything())
    assert ("title=Lånekortet" in kept, "Lånekortet i ljus" in kept) == (True, True)

    lifecycle.publish(page, by=ADA)
    lifecycle.erase(page, by=ADA, reason="Dom.")
    assert "Lånekortet" not in unquote_plus(everything())


@pytest.mark.skipif(bool(os.environ.get("DISTRIBUTOR_TEST_POSTGRES")), reason="of SQLite alone")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's index is rows like others")
def test_the_search_index_keeps_no_word(django_capture_on_commit_callbacks: Any) -> None:
    def indexed() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("SELECT block FROM wagtailsearch_indexentry_fts_data")
            return b"".join(row[0] for row in cursor.fetchall())

    with django_capture_on_commit_callbacks(execute=True):
        page = page_of(draft())
        page_of(draft("Något annat", lead="Giraffen flyttar.", body=(Paragraph(text="Giraff."),)))
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.publish(page, by=ADA)
    assert b"nekortet" in indexed()
    with django_capture_on_commit_callbacks(execute=True):
        lifecycle.erase(page, by=ADA, reason="Dom.")
    assert b"nekortet" not in indexed()
    assert b"giraff" in indexed()


def test_the_log_never_had_a_word(caplog: pytest.LogCaptureFixture, _redis: _Redis) -> None:  # noqa: PT019
    _redis.stop()
    for name in ("", bell.__name__):  # a command that another test ran may have quietened them
        caplog.set_level(logging.INFO, logger=name)
    erased()
    assert "bell.silent" in caplog.text
    assert [word for word in WORDS if word in caplog.text] == []


def test_a_translation_forgets_the_title() -> None:
    page = page_of(draft())
    lifecycle.publish(page, by=ADA)
    english = page_of(draft("Open at night", language="en"))
    ReleasePage.objects.filter(pk=english.pk).update(translation_key=page.translation_key)
    english.refresh_from_db()
    edition = lifecycle.publish(english, by=ADA)
    assert edition.release.translations
    compositions.mail(edition, first=True)
    feeds.found()
    Feed.objects.update(built_at=timezone.now())
    lifecycle.erase(page, by=ADA, reason="Dom.")
    edition.refresh_from_db()
    assert edition.release.translations == ()
    assert Feed.objects.get(name="en/all").built_at is None
    assert edition.release.digest() == edition.digest
    assert "bibliotek på natten" not in everything()
    compositions.mail(edition, first=True)
    assert "bibliotek på natten" not in everything()


def test_an_erasure_that_was_cut_short_is_finished_by_the_clock() -> None:
    page = page_of(draft())
    first = lifecycle.publish(page, by=ADA)
    erasing.erase(page.release_id, issuer="ada", approver="ada", reason="Dom.", key="cut short")
    compositions.mail(first, first=True)
    assert "Lånekortet" in everything()
    issuing.issue_due()
    assert "Lånekortet" not in everything()
