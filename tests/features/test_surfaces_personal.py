"""A granted reader's personal link: who may read what is under embargo, and until when."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from distributor.audience import grants
from distributor.dispatch import fanout, personal
from distributor.dispatch.models import Delivery, Edition, EditionFile
from distributor.newsroom import lifecycle
from distributor.newsroom.models import ReleasePage
from tests.embargoes import BY, LIFT, SECOND, Clock, embargoed
from tests.fanning import readers
from tests.newsroom import draft, found_file, found_image, invitation, page_of
from tests.stories import newsroom, parsed, part

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
PATH = re.compile(r'(?:src|href)="https?://[^/"]+(/files/[^"]+)"')


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def page(settings: SettingsWrapper, tmp_path: Path, clock: Clock) -> ReleasePage:
    """A release under embargo that was mailed to a granted reader."""
    settings.MEDIA_ROOT = tmp_path / "media"
    words = replace(invitation(), images=(found_image(),), attachments=(found_file(),))
    written = page_of(words)
    reader = readers(1)[0]
    grants.grant(reader, terms_version="1", accepted_at=clock.at - SECOND)
    edition = embargoed(written)
    fanout.fan_out(edition.pk)
    return written


def mail(page: ReleasePage) -> Delivery:
    return Delivery.objects.filter(edition__release_id=page.release_id, channel="email").earliest(
        "pk"
    )


def link(page: ReleasePage) -> str:
    return f"/embargo/{personal.token(mail(page).pk)}"


def ask(path: str, method: str = "GET") -> Any:
    """An answer to somebody without a session; it sets no cookie."""
    response = Client(enforce_csrf_checks=True).generic(method, path)
    assert not response.cookies
    return response


def closed(response: Any) -> bool:
    """Whether no cache and no search engine keeps it."""
    headers = response.headers
    return bool(
        headers["Cache-Control"] == "private, no-store" and headers["X-Robots-Tag"] == "noindex"
    )


def test_get_shows_a_button_and_post_the_release(page: ReleasePage) -> None:
    with capture_logs() as logged:
        button = ask(link(page))
    assert button.status_code == 200
    assert closed(button)
    assert "Öppna materialet" in button.content.decode()
    assert "Embargo till 14 oktober 2026 kl. 06.00" in button.content.decode()
    assert "pressvisning" not in button.content.decode()
    assert not [each for each in logged if each["event"] == "embargo.opened"]

    with capture_logs() as logged:
        opened = ask(link(page), "POST")
    assert opened.status_code == 200
    assert closed(opened)
    told = opened.content.decode()
    for words in ("Välkommen till pressvisning", "Lånekortet blir", "Embargo till 14 oktober 2026"):
        assert words in told
    for hidden in (page.slug, 'rel="canonical"', "kit.zip", "text.txt", "event.ics", "ld+json"):
        assert hidden not in told
    assert 'name="robots" content="noindex"' in told
    (entry,) = [each for each in logged if each["event"] == "embargo.opened"]
    assert (entry["release"], entry["edition"]) == (str(page.release_id), 1)
    assert "@" not in str(entry)


def test_its_files_have_addresses_of_their_own_for_a_quarter_of_an_hour(
    page: ReleasePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = set(PATH.findall(ask(link(page), "POST").content.decode()))
    assert len(paths) == 3
    for path in paths:
        response = ask(path)
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"
        plain, _, signed = path.partition("?")
        assert ask(plain).status_code == 404
        assert ask(f"{plain}?signed={signed[:-1]}").status_code == 404
        other = next(each for each in paths if not each.startswith(plain[:20]))
        assert ask(f"{other.partition('?')[0]}?{signed}").status_code == 404
    unknown = ask("/files/" + "ab" * 32 + "/x.jpg")
    forged = ask(plain + "?signed=1:2:3")
    assert (forged.content, forged.headers) == (unknown.content, unknown.headers)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 + 2)
    assert [ask(path).status_code for path in paths] == [404] * 3


def test_a_picture_past_its_last_day_is_in_no_personal_page(page: ReleasePage) -> None:
    paths = PATH.findall(ask(link(page), "POST").content.decode())
    over = LIFT - timedelta(days=2)
    edition = Edition.objects.get(release_id=page.release_id)
    for block in edition.content["body"]:
        if block["tag"] == "image":
            block["expires_at"] = over.isoformat()
    edition.save(update_fields=["content"])
    EditionFile.objects.filter(edition=edition, path__endswith=".jpg").update(expires_at=over)
    assert "jpg" not in ask(link(page), "POST").content.decode()
    assert {ask(path).status_code for path in paths if ".jpg" in path} == {404}


def test_a_revoked_grant_closes_the_link_and_its_files(page: ReleasePage) -> None:
    paths = PATH.findall(ask(link(page), "POST").content.decode())
    grants.revoke(mail(page).recipient)
    for method in ("GET", "POST"):
        response = ask(link(page), method)
        assert response.status_code == 403
        assert closed(response)
        assert "gäller inte längre" in response.content.decode()
        assert "Lånekortet" not in response.content.decode()
    assert {ask(path).status_code for path in paths} == {404}


@pytest.mark.parametrize(
    ("act", "status", "title"),
    [("withhold", 200, "Avvakta: använd inte uppgifterna"), ("withdraw", 410, "Återkallat")],
)
def test_a_hold_or_withdrawal_is_told_and_no_text(
    page: ReleasePage, clock: Clock, act: str, status: int, title: str
) -> None:
    paths = PATH.findall(ask(link(page), "POST").content.decode())
    clock.at += SECOND
    getattr(lifecycle, act)(page, by=BY, reason="Siffrorna var fel.")
    for method in ("GET", "POST"):
        response = ask(link(page), method)
        assert response.status_code == status
        assert closed(response)
        assert title in response.content.decode()
        assert "Siffrorna var fel." in response.content.decode()
        assert "Lånekortet" not in response.content.decode()
    assert {ask(path).status_code for path in paths} == {404}
    clock.at = LIFT + SECOND
    assert ask(link(page)).status_code == status


def test_after_the_lift_the_link_leads_to_the_page(page: ReleasePage, clock: Clock) -> None:
    clock.at = LIFT
    for method in ("GET", "POST"):
        response = ask(link(page), method)
        assert response.status_code == 302
        assert closed(response)
        assert ask(urlsplit(response["Location"]).path)["Location"].endswith(f"/{page.slug}/")


def test_the_embargo_is_moved_for_the_link_as_well(page: ReleasePage, clock: Clock) -> None:
    lifecycle.move_embargo(page, by=BY, until=LIFT + timedelta(hours=2))
    clock.at = LIFT + SECOND
    assert "kl. 08.00" in ask(link(page)).content.decode()
    assert ask(link(page), "POST").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "00" * 21, "ab" * 21])
def test_a_forged_token_answers_as_an_unknown_address(page: ReleasePage, token: str) -> None:
    forged, unknown = ask(f"/embargo/{token}"), ask("/no-such-page/")
    assert forged.status_code == 404
    assert (forged.content, forged.headers) == (unknown.content, unknown.headers)


def test_a_link_is_of_mail_under_embargo_alone(page: ReleasePage) -> None:
    row, path = mail(page), link(page)
    Delivery.objects.filter(pk=row.pk).update(channel="webhook")
    assert ask(path).status_code == 404
    Delivery.objects.filter(pk=row.pk).update(channel="email")
    assert ask(path).status_code == 200
    Edition.objects.filter(pk=row.edition_id).update(embargo_until=None)
    assert ask(path).status_code == 404


@pytest.mark.parametrize("reader", ["granted", "link-only"])
def test_the_link_of_a_mail_opens_the_release_until_the_lift_and_its_page_from_then(
    reader: str, settings: SettingsWrapper, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    with newsroom() as house:
        written = page_of(draft("Hemligt", embargo="2126-10-14T06:00"))
        lifecycle.publish(written, by=BY)
        house.deliver()
        mails = {
            mail["To"]: part(mail) for mail in map(parsed, (raw for _, raw in house.box.mails))
        }
        assert set(mails) == {"granted@readers.example", "link-only@readers.example"}
        url = re.search(r"<(https?://\S+/embargo/\w+)>", mails[f"{reader}@readers.example"])
        assert url
        path = urlsplit(url[1]).path
        assert "Öppna materialet" in ask(path).content.decode()
        assert "Lånekortet blir" in ask(path, "POST").content.decode()
        lifecycle.lift(written, by=BY)
        assert ask(urlsplit(ask(path)["Location"]).path)["Location"].endswith("/hemligt/")


@pytest.mark.parametrize("act", [lifecycle.withdraw, lifecycle.erase])
def test_what_never_was_public_ends_for_granted_readers_alone_after_its_time_too(
    act: Any, settings: SettingsWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    with newsroom() as house:
        written = page_of(draft("Hemligt", embargo="2126-10-14T06:00"))
        lifecycle.publish(written, by=BY)
        house.deliver()
        lifecycle.withhold(written, by=BY, reason="Fel summa.")
        house.deliver()
        before = len(house.box.mails)
        passed = datetime(2126, 10, 15, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: passed)
        act(written, by=BY, reason="Beslutet är upphävt.")
        house.deliver()
        told = [parsed(raw) for _, raw in house.box.mails[before:]]
        assert {mail["To"] for mail in told} == {
            "granted@readers.example",
            "link-only@readers.example",
        }
        for mail in told:
            assert mail["Subject"].startswith("ÅTERKALLAT: ")
            assert mail["Archived-At"] is None
            assert "/hemligt/" not in part(mail) + part(mail, "html")
        assert ask(f"/releases/{written.release_id}/").status_code == 404
        assert ask("/hemligt/").status_code == 404
