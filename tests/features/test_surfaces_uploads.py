"""Pictures and documents of an issued release stay as they are, and the office is told why."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from wagtail.users.models import UserProfile

from distributor.newsroom.models import Picture, ReleasePage, UploadedDocument
from tests.newsroom import draft, found_file, found_image, page_of, photograph, publish

if TYPE_CHECKING:
    from pathlib import Path

    from django.contrib.auth.models import User
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
TITLE = "Ekvik öppnar bibliotek på natten"


@pytest.fixture(autouse=True)
def _uploads(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    page_of(replace(draft(TITLE), images=(found_image(),), attachments=(found_file(),)))


@pytest.fixture
def office(admin_client: Client, admin_user: User) -> Client:
    profile = UserProfile.get_for_user(admin_user)
    profile.preferred_language = "en"
    profile.save()
    return admin_client


def issue() -> None:
    publish(ReleasePage.objects.get())


def told(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", unescape(response.content.decode())))


def uploads() -> list[tuple[str, Any]]:
    return [
        ("wagtailimages", Picture.objects.get()),
        ("wagtaildocs", UploadedDocument.objects.get()),
    ]


def kind(app: str) -> tuple[str, str]:
    return ("newsroom", "picture") if app == "wagtailimages" else ("newsroom", "uploadeddocument")


def test_what_an_edition_shows_is_not_deleted(office: Client) -> None:
    issue()
    for app, upload in uploads():
        for method in ("get", "post"):
            answer = getattr(office, method)(
                reverse(f"{app}:delete", args=[upload.pk]), follow=True
            )
            assert f"“{upload.title}” stays: the release “{TITLE}” shows it." in told(answer)
        many = office.post(reverse(f"{app}:delete_multiple", args=[upload.pk]))
        assert many.status_code == 409
        assert TITLE in many.json()["error_message"]
        bulk = reverse("wagtail_bulk_action", args=[*kind(app), "delete"])
        answer = office.post(f"{bulk}?id={upload.pk}&next={reverse(f'{app}:index')}", follow=True)
        assert f"the release “{TITLE}” shows it." in told(answer)
    assert len(uploads()) == 2


def test_what_no_edition_shows_is_deleted(office: Client) -> None:
    (images, picture), (documents, document) = uploads()
    assert office.get(reverse(f"{images}:delete", args=[picture.pk])).status_code == 200
    office.post(reverse(f"{images}:delete", args=[picture.pk]))
    office.post(reverse(f"{documents}:delete_multiple", args=[document.pk]))
    assert not Picture.objects.exists()
    assert not UploadedDocument.objects.exists()


def test_the_file_of_an_issued_release_is_not_replaced(office: Client) -> None:
    (images, picture), (documents, document) = uploads()
    new = {"file": SimpleUploadedFile("ny.jpg", photograph(80, 60)), "title": "Ny", "collection": 1}
    address = reverse(f"{images}:edit", args=[picture.pk])
    words = {key: value for key, value in new.items() if key != "file"}
    issue()
    before = Picture.objects.get().file.name
    answer = office.post(address, new)
    assert f"The release “{TITLE}” shows this file" in told(answer)
    assert Picture.objects.get().file.name == before
    office.post(address, words)
    assert Picture.objects.get().title == "Ny"

    address = reverse(f"{documents}:edit", args=[document.pk])
    before = UploadedDocument.objects.get().file.name
    answer = office.post(address, {**words, "file": SimpleUploadedFile("ny.pdf", b"%PDF-1.7")})
    assert f"The release “{TITLE}” shows this file" in told(answer)
    assert UploadedDocument.objects.get().file.name == before


def test_an_upload_that_is_not_out_may_be_replaced(office: Client) -> None:
    (images, picture), _ = uploads()
    new = {"file": SimpleUploadedFile("ny.jpg", photograph(80, 60)), "title": "Ny", "collection": 1}
    office.post(reverse(f"{images}:edit", args=[picture.pk]), new)
    assert Picture.objects.get().file.name != picture.file.name
