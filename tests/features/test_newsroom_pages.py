"""What the public sees of the newsroom, and when."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from distributor.dispatch.models import Edition, EditionFile
from distributor.newsroom import pictures
from distributor.newsroom.models import NewsroomPage
from distributor.release import Attachment
from distributor.release import Image as Image_
from tests.newsroom import (
    ALT,
    draft,
    found_file,
    found_image,
    invitation,
    page_of,
    photograph,
    publish,
    topic,
)
from tests.samples import sample_release

pytestmark = [pytest.mark.django_db, pytest.mark.screens]


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_published_release_is_on_its_page_and_in_the_list(client):
    topic()
    page = page_of(draft(topics=("digitalisering",)))
    release = publish(page).release
    assert path_of(release.url) == "/ekvik-oppnar-bibliotek-pa-natten/"

    response = client.get(path_of(release.url))
    assert response.status_code == 200
    for said in (
        "Pressmeddelande",
        "Ekvik öppnar bibliotek på natten",
        "Från den 1 december",
        "Så gör du",
        "Nu är huset allas",
        "08-123 45 67",
        "Digitalisering",
    ):
        assert said in words(response)
    assert '<a href="tel:081234567">' in response.content.decode()

    listed = client.get("/")
    assert f'<a href="{release.url}">' in listed.content.decode()
    assert "Från den 1 december" in words(listed)


def test_nothing_is_readable_before_it_leaves_and_all_of_it_from_then(client):
    page = page_of(replace(invitation(), images=(found_image(),)))
    edition = publish(page, timezone.now() + timedelta(seconds=30))
    release = edition.release
    image = release.images[0]
    base = f"/releases/{release.id}"
    paths = [path_of(release.url), f"{base}/", f"{base}.json", f"{base}/text.txt"]
    paths += [f"{base}/event.ics", path_of(image.url), path_of(image.web_url)]
    assert [client.get(path).status_code for path in paths] == [404] * len(paths)
    assert release.title not in client.get("/").content.decode()

    Edition.objects.filter(pk=edition.pk).update(leaves_at=timezone.now())
    Edition.objects.filter(pk=edition.pk).update(published_at=timezone.now())
    assert [client.get(path).status_code for path in paths] == [200, 302, *[200] * 5]
    assert client.get(f"{base}/")["Location"] == release.url
    assert client.get(f"{base}.json").json()["uri"] == release.uri
    assert "Välkommen till pressvisning" in client.get(f"{base}/text.txt").content.decode()
    assert b"BEGIN:VEVENT" in client.get(f"{base}/event.ics").content


def test_an_unknown_address_answers_as_one_that_has_not_left(client):
    page = page_of(draft())
    edition = publish(page, timezone.now() + timedelta(hours=1))
    hidden = client.get(path_of(edition.release.url))
    unknown = client.get("/no-such-release/")
    assert (hidden.status_code, hidden.content) == (404, unknown.content)
    assert hidden.headers == unknown.headers


def test_withheld_and_withdrawn_releases_show_their_notice_and_no_text(client):
    page = page_of(replace(draft(), images=(found_image(),)))
    edition = publish(page)
    release = edition.release
    for number, act, status, code in (
        (2, "release.withheld", "withheld", 200),
        (3, "release.withdrawn", "canceled", 410),
    ):
        later = replace(release, act=act, status=status, version=number, reason="Fel årtal.")
        Edition.objects.create(
            release_id=release.id,
            number=number,
            revision=act,
            event_id=f"00000000-0000-0000-0000-00000000000{number}",
            act=act,
            status=status,
            digest=edition.digest,
            language="sv",
            title=release.title,
            content=later.to_dict(),
            issuer="tests",
            leaves_at=timezone.now(),
            published_at=edition.published_at,
        )
        response = client.get(path_of(release.url))
        assert response.status_code == code
        assert "Fel årtal." in words(response)
        assert "Lånekortet" not in words(response)
        assert 'name="robots" content="noindex"' in response.content.decode()
        assert release.title not in words(client.get("/"))
        assert client.get(path_of(release.images[0].url)).status_code == 404
        told = client.get(f"/releases/{release.id}/text.txt")
        assert told.status_code == code
        assert "Lånekortet" not in told.content.decode()


def test_pages_set_no_cookie_and_name_no_other_host(client):
    release = publish(page_of(replace(draft(), images=(found_image(),)))).release
    for path in ("/", "/en/", path_of(release.url), f"/releases/{release.id}/text.txt", "/nix/"):
        response = client.get(path)
        assert not response.cookies
        assert "Set-Cookie" not in response.headers
    for path in ("/", path_of(release.url)):
        response = client.get(path)
        assert "default-src 'none'" in response["Content-Security-Policy"]
        scripts = re.findall(r"<script[^>]*>", response.content.decode())
        assert set(scripts) <= {'<script type="application/ld+json">'}
        loaded = re.findall(r'(?:src|stylesheet" href)="([^"]+)"', response.content.decode())
        assert loaded
        assert all(path_of(url).startswith(("/static/", "/files/")) for url in loaded)


def test_a_picture_is_public_without_its_position_and_small_in_mail(client):
    release = publish(page_of(replace(draft(), images=(found_image(),)))).release
    image = release.images[0]
    assert (image.alt, image.credit, image.licence) == (ALT, "Ture Ekman", "CC BY 4.0")
    assert (image.width, image.height) == (1600, 1000)

    response = client.get(path_of(image.url))
    content = b"".join(response)
    assert (len(content), response["Content-Type"]) == (image.bytes, "image/jpeg")
    seen = Image.open(BytesIO(content))
    assert dict(seen.getexif().get_ifd(0x8825)) == {}
    assert seen.getexif()[0x013B] == "Ture Ekman"

    small = b"".join(client.get(path_of(image.web_url)))
    assert len(small) <= 200_000
    assert Image.open(BytesIO(small)).size == (image.web_width, image.web_height)

    again = client.get(path_of(image.url), headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304
    assert client.get(f"/files/{image.sha256[::-1]}/x.jpg").status_code == 404


def test_after_its_last_day_a_picture_is_gone_everywhere(client):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    page = page_of(replace(draft(), images=(found_image(expires=tomorrow),)))
    edition = publish(page)
    image = edition.release.images[0]
    assert image.expires_at is not None
    assert image.expires_at > timezone.now()
    assert client.get(path_of(image.url)).status_code == 200

    past = timezone.now() - timedelta(minutes=1)
    EditionFile.objects.filter(edition=edition).update(expires_at=past)
    body = [replace(b, expires_at=past) if b == image else b for b in edition.release.body]
    content = replace(edition.release, body=tuple(body)).to_dict()
    Edition.objects.filter(pk=edition.pk).update(content=content)
    assert client.get(path_of(image.url)).status_code == 410
    assert "Ljusgården" not in words(client.get(path_of(edition.release.url)))
    assert "Ljusgården" not in client.get(f"/releases/{page.release_id}/text.txt").content.decode()
    assert not client.get(f"/releases/{page.release_id}.json").json().get("associations")


def test_a_document_is_offered_under_its_title(client):
    release = publish(page_of(replace(draft(), attachments=(found_file(),)))).release
    attachment = release.attachments[0]
    response = client.get(path_of(attachment.url))
    assert response["Content-Type"] == "application/pdf"
    assert len(b"".join(response)) == attachment.bytes
    assert "Öppettider (PDF, 1 kB)" in words(client.get(path_of(release.url)))


def test_the_list_is_by_language_topic_and_year_and_has_pages(client):
    topic()
    for number in range(22):
        publish(page_of(draft(f"Nyhet {number}")))
    chosen = publish(page_of(draft("Utvald", topics=("digitalisering",))))
    old = publish(page_of(draft("Gammal")))
    long_ago = datetime(2021, 6, 1, 12, tzinfo=UTC)
    Edition.objects.filter(pk=old.pk).update(
        published_at=long_ago, content=replace(old.release, published_at=long_ago).to_dict()
    )
    first = client.get("/").content.decode()
    assert first.count("<article>") == 20
    assert 'href="http' in first
    assert "?page=2" in first
    assert client.get("/?page=2").content.decode().count("<article>") == 4
    assert client.get("/?page=3").status_code == 404
    assert client.get("/en/").content.decode().count("<article>") == 0
    only = client.get("/?topic=digitalisering").content.decode()
    assert only.count("<article>") == 1
    assert chosen.title in only
    assert client.get("/?year=2021").content.decode().count("<article>") == 1
    for nonsense in ("/?year=0", "/?year=x", "/?topic=%00", "/?topic=nix"):
        assert client.get(nonsense).status_code == 200


def test_translations_link_to_each_other_once_both_are_public(client):
    swedish = page_of(draft())
    publish(swedish)
    english = page_of(replace(draft("Ekvik opens at night"), language="en"))
    english.translation_key = swedish.translation_key
    english.save()
    revision = english.save_revision()
    assert "Ekvik opens at night" not in words(client.get("/ekvik-oppnar-bibliotek-pa-natten/"))
    revision.publish()
    Edition.objects.filter(revision=str(revision.pk)).update(
        leaves_at=timezone.now(), published_at=timezone.now()
    )
    page = client.get("/ekvik-oppnar-bibliotek-pa-natten/").content.decode()
    assert '<link rel="alternate" hreflang="en" href=' in page
    assert "Ekvik opens at night" in page
    other = client.get("/en/ekvik-opens-at-night/")
    assert other.status_code == 200
    assert '<html lang="en">' in other.content.decode()


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("Admin", "/admin-2/"),
        ("Feeds", "/feeds-2/"),
        ("En ny skola", "/ny-skola/"),
        ("Ängö får 3 000 träd – äntligen!", "/ango-far-3-000-trad-antligen/"),
    ],
)
def test_a_title_takes_no_path_of_the_site(client, title, path):
    release = publish(page_of(draft(title))).release
    assert path_of(release.url) == path
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("title", ["EN", "日本"])
def test_a_title_that_makes_no_path_gets_the_release_s_number(client, title):
    release = publish(page_of(draft(title))).release
    assert path_of(release.url) == f"/release-{release.id[:8]}/"
    assert client.get(path_of(release.url)).status_code == 200


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_kind_of_block_comes_back_as_it_went_in(language):
    full = sample_release(language)
    body = tuple(block for block in full.body if not isinstance(block, Image_ | Attachment))
    words = draft(
        full.title, language=language, body=body, contacts=full.contacts, images=(found_image(),)
    )
    words = replace(words, attachments=(found_file(),), boilerplate=full.boilerplate)
    release = publish(page_of(words)).release
    kept = [block for block in release.body if not isinstance(block, Image_ | Attachment)]
    assert kept == list(body)
    assert isinstance(release.body[1], Image_)
    assert isinstance(release.body[-1], Attachment)
    assert (release.contacts, release.boilerplate) == (full.contacts, full.boilerplate)
    again = publish(page_of(words)).release
    assert (again.id == release.id, again.digest()) == (False, release.digest())


def test_the_newsroom_is_founded_once():
    assert sorted(page.language for page in _newsrooms()) == ["en", "sv"]
    assert NewsroomPage.objects.count() == 2


def _newsrooms():
    for page in NewsroomPage.objects.select_related("locale"):
        page.language = page.locale.language_code
        yield page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JPEG, PNG or WebP"),
        (b"GIF89a" + b"\0" * 50, "no JPEG, PNG or WebP"),
        (photograph(40, 40)[:300], "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_line(content, said):
    with pytest.raises(pictures.NotAPicture, match=said):
        pictures.original(content)


def test_head_is_answered_and_post_is_not():
    release = publish(page_of(draft())).release
    client = Client()
    assert client.head(path_of(release.url)).status_code == 200
    assert client.post(path_of(release.url)).status_code in (403, 405)
    assert client.post(f"/releases/{release.id}/").status_code in (403, 405)
