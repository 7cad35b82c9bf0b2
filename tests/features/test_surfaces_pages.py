"""What the public pages, files and maps tell of a release in each state."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from distributor.dispatch import editions
from distributor.dispatch.models import Edition, EditionFile
from distributor.newsroom import lifecycle
from distributor.newsroom.models import ReleasePage
from distributor.release import Correction, Release, rfc3339
from tests.newsroom import draft, found_file, found_image, invitation, page_of, publish

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpResponse
    from django.test import Client
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"
FACT = Correction(kind="fact", note="Fel år.", wrong="Huset är byggt 1964.", right="1965.")


@pytest.fixture(autouse=True)
def _uploads(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def path_of(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


def words(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def act(first: Edition, event: str, status: str = "usable", **changes: Any) -> Edition:
    """A further edition of a release, which leaves now."""
    release = replace(first.release, act=event, status=status, **changes)
    shown = EditionFile.objects.filter(edition=first)
    return editions.issue(
        release,
        revision=f"{event} {timezone.now().isoformat()}",
        leaves_at=timezone.now(),
        issuer="tests",
        reason=release.reason,
        files=[editions.File(file.sha256, file.path, file.expires_at) for file in shown],
    )


def full() -> Edition:
    whole = replace(invitation(), images=(found_image(),), attachments=(found_file(),))
    return publish(page_of(whole))


def forms(release: Release) -> dict[str, str]:
    base = f"/releases/{release.id}"
    return {
        "page": path_of(release.url),
        "id": f"{base}/",
        "ninjs": f"{base}.json",
        "text": f"{base}/text.txt",
        "kit": f"{base}/kit.zip",
        "ics": f"{base}/event.ics",
        "original": path_of(release.images[0].url),
        "rendition": path_of(release.images[0].web_url),
        "document": path_of(release.attachments[0].url),
    }


@pytest.mark.parametrize(
    ("event", "status", "answers"),
    [
        ("release.resumed", "usable", [200, 302, 200, 200, 200, 200, 200, 200, 200]),
        ("release.withheld", "withheld", [200, 302, 200, 200, 404, 404, 404, 404, 404]),
        ("release.withdrawn", "canceled", [410, 302, 200, 410, 410, 200, 404, 404, 404]),
    ],
)
def test_every_form_follows_the_state(
    client: Client, event: str, status: str, answers: list[int]
) -> None:
    first = full()
    act(first, event, status, reason="Fel årtal.")
    release = first.release
    found = {name: client.get(path) for name, path in forms(release).items()}
    assert [response.status_code for response in found.values()] == answers
    lists = [client.get(path).content.decode() for path in ("/", "/sitemap.xml")]
    assert [release.url in each for each in lists] == [status == "usable"] * 2
    if status != "usable":
        for name in ("page", "text"):
            assert "Fel årtal." in words(found[name])
            assert "Lånekortet" not in words(found[name])
        assert 'name="robots" content="noindex"' in found["page"].content.decode()
        assert found["text"]["X-Robots-Tag"] == found["ninjs"]["X-Robots-Tag"] == "noindex"
    if status == "canceled":
        assert b"STATUS:CANCELLED" in found["ics"].content


def test_an_erased_release_is_gone_without_a_word(client: Client) -> None:
    first = full()
    page = ReleasePage.objects.get(release_id=first.release_id)
    lifecycle.erase(page, by=lifecycle.Actor("tests"), reason="Domstolsbeslut.")
    found = {name: client.get(path) for name, path in forms(first.release).items()}
    bare = [found[name] for name in ("page", "id", "text", "kit")]
    assert {response.status_code for response in bare} == {410}
    assert {response.content for response in bare} == {b"Gone.\n"}
    files = [found[name] for name in ("ics", "original", "rendition", "document")]
    assert {response.status_code for response in files} == {404}
    document = found["ninjs"].json()
    assert document["pubStatus"] == "canceled"
    assert "headlines" not in document
    listed = client.get("/corrections/").content.decode()
    assert "pressinbjudan" in listed
    assert "pressvisning" not in listed


def test_a_fact_correction_stays_in_sight_whatever_is_edited_later(client: Client) -> None:
    first = publish(page_of(draft()))
    corrected = act(first, "release.corrected", correction=FACT, lead="Öppet dygnet runt.")
    page = client.get(path_of(first.release.url))
    assert "Fel: Huset är byggt 1964." in words(page)
    assert "Rätt: 1965." in words(page)
    assert "Från den 1 december" not in words(page)

    slip = Correction(kind="language", note="Ett stavfel.")
    act(corrected, "release.updated", correction=slip, boilerplate="Om oss.")
    page = client.get(path_of(first.release.url))
    assert "Fel: Huset är byggt 1964." in words(page)
    assert re.search(r"Språkrättelse \d+ \w+ \d{4} kl\. \d\d\.\d\d: Ett stavfel\.", words(page))
    assert re.findall(rb'<aside class="notice" id="([^"]+)">', page.content) == [b"notice-2"]
    plain = client.get(f"/releases/{first.release_id}/text.txt").content.decode()
    assert plain.startswith("Pressmeddelande\n\nRÄTTELSE\nFel: Huset är byggt 1964.\nRätt: 1965.")
    packed = body(client.get(f"/releases/{first.release_id}/kit.zip"))
    kit = zipfile.ZipFile(io.BytesIO(packed))
    assert kit.read("text.txt").decode() == plain
    assert "Huset är byggt 1964." in kit.read("release.html").decode()
    data = json.loads(re.findall(r'ld\+json">(.*?)</script>', page.content.decode(), re.DOTALL)[0])
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == first.title
    assert data["inLanguage"] == "sv"
    assert data["correction"][0]["@type"] == "CorrectionComment"
    assert "Huset är byggt 1964." in data["correction"][0]["text"]


def test_corrections_lists_what_was_wrong_and_what_was_withdrawn(client: Client) -> None:
    facts, pulled, held = (publish(page_of(draft(title))) for title in ("Ett", "Två", "Tre"))
    publish(page_of(draft("Fyra")))
    act(facts, "release.corrected", correction=FACT, lead="Ny.")
    act(pulled, "release.corrected", correction=FACT, lead="Ny.")
    act(pulled, "release.withdrawn", "canceled", reason="Allt var fel.")
    act(held, "release.corrected", correction=FACT, lead="Ny.")
    act(held, "release.withheld", "withheld", reason="Vi kontrollerar.")
    listed = client.get("/corrections/")
    titles = re.findall(r"<h2><a href=\"[^\"]+\">(.*?)</a></h2>", listed.content.decode())
    assert titles == ["Två", "Ett"]
    assert "Huset är byggt 1964." in words(listed)
    assert "Allt var fel." in words(listed)
    english = client.get("/corrections/?lang=en")
    assert "Corrections" in words(english)
    assert '<article lang="sv">' in english.content.decode()
    assert client.get("/corrections/?page=9").status_code == 404
    for path in ("/", path_of(facts.release.url), "/feeds/"):
        assert '/corrections/?lang=sv">Rättelser</a>' in client.get(path).content.decode()


def test_what_takes_the_place_of_a_withdrawn_release_is_linked_both_ways(client: Client) -> None:
    old = page_of(draft("Gammalt"))
    first = publish(old)
    act(first, "release.withdrawn", "canceled", reason="Fel.")
    new = page_of(draft("Nytt"))
    new.replaces = old
    new.save_revision()
    release = publish(new).release
    assert release.url in client.get(path_of(first.release.url)).content.decode()
    assert f"/releases/{first.release.id}/" in client.get(path_of(release.url)).content.decode()


def test_the_page_tells_programs_what_it_is(client: Client) -> None:
    release = full().release
    page = client.get(path_of(release.url)).content.decode()
    meta = dict(re.findall(r'<meta property="([^"]+)" content="([^"]*)">', page))
    assert meta["og:type"] == "article"
    assert meta["og:locale"] == "sv_SE"
    assert meta["og:url"] == release.url
    assert meta["og:image"] == release.images[0].url
    assert meta["og:image:alt"] == release.images[0].alt
    data = json.loads(re.findall(r'ld\+json">(.*?)</script>', page, re.DOTALL)[0])
    assert data["image"][0]["creditText"] == "Ture Ekman"
    assert data["image"][0]["license"] == "CC BY 4.0"
    assert "correction" not in data


def test_no_title_breaks_out_of_the_data_for_programs(client: Client) -> None:
    title = "</script><script>alert(1)</script> & <!-- "
    release = publish(page_of(draft(title))).release
    page = client.get(path_of(release.url)).content.decode()
    assert "<script>alert" not in page
    data = json.loads(re.findall(r'ld\+json">(.*?)</script>', page, re.DOTALL)[0])
    assert data["headline"] == title.strip()


def test_the_sitemaps_hold_what_is_public_and_the_last_two_days(client: Client) -> None:
    release = publish(page_of(draft("Nu"))).release
    old = publish(page_of(draft("Förr")), datetime(2023, 11, 15, 9, 30, tzinfo=UTC)).release
    gone = publish(page_of(draft("Borta")))
    act(gone, "release.withdrawn", "canceled", reason="Fel.")
    later = publish(page_of(draft("Sedan")), timezone.now() + timedelta(hours=1)).release
    response = client.get("/sitemap.xml")
    urls = [each.text for each in ElementTree.fromstring(response.content).iter(f"{MAP}loc")]
    assert set(urls) >= {release.url, old.url}
    assert not {gone.release.url, later.url} & set(urls)
    assert len(urls) == 4
    assert f"{old.url}</loc><lastmod>2023-11-15T09:30:00Z" in response.content.decode()
    news = ElementTree.fromstring(client.get("/news-sitemap.xml").content)
    assert [each.text for each in news.iter(f"{MAP}loc")] == [release.url]
    assert [each.text for each in news.iter(f"{NEWS}title")] == ["Nu"]
    assert client.get("/sitemap-1.xml").status_code == 404
    robots = client.get("/robots.txt").content.decode()
    assert "Allow: /feeds/\n" in robots
    assert re.findall(r"Sitemap: https?://[^/]+(/.*)", robots) == [
        "/sitemap.xml",
        "/news-sitemap.xml",
    ]


def test_a_sitemap_tells_of_each_change_but_those_of_language(client: Client) -> None:
    first = publish(page_of(draft()), datetime(2023, 11, 15, 9, 30, tzinfo=UTC))
    slip = Correction(kind="language", note="Ett stavfel.")
    second = act(first, "release.updated", correction=slip, boilerplate="Om oss.")
    assert "<lastmod>2023-11-15T09:30:00Z" in client.get("/sitemap.xml").content.decode()
    third = act(second, "release.corrected", correction=FACT, lead="Ny.")
    assert f"<lastmod>{rfc3339(third.leaves_at)}" in client.get("/sitemap.xml").content.decode()


def test_a_sitemap_of_many_pages_is_an_index(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.channels.feeds.sitemap.MOST", 2)
    for title in ("Ett", "Två", "Tre"):
        publish(page_of(draft(title)))
    parts = ElementTree.fromstring(client.get("/sitemap.xml").content).iter(f"{MAP}loc")
    paths = [path_of(part.text or "") for part in parts]
    assert paths == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    urls = [ElementTree.fromstring(client.get(path).content).findall(f"{MAP}url") for path in paths]
    assert [len(each) for each in urls] == [2, 2, 1]


def test_the_kit_has_all_of_a_release_in_the_same_bytes_each_time(client: Client) -> None:
    release = full().release
    path = forms(release)["kit"]
    response = client.get(path)
    assert response["Content-Type"] == "application/zip"
    content = body(response)
    assert content == body(client.get(path))
    assert client.get(path, headers={"if-none-match": response["ETag"]}).status_code == 304
    kit = zipfile.ZipFile(io.BytesIO(content))
    assert kit.testzip() is None
    assert kit.namelist() == [
        "text.txt",
        "release.html",
        "release.json",
        "credits.txt",
        "images/1-ljusgarden.jpg",
        "documents/1-regler.pdf",
    ]
    assert all(name.isascii() for name in kit.namelist())
    assert len(kit.read("images/1-ljusgarden.jpg")) == release.images[0].bytes
    assert 'src="images/1-ljusgarden.jpg"' in kit.read("release.html").decode()
    assert "Ture Ekman" in kit.read("credits.txt").decode()
    assert json.loads(kit.read("release.json"))["uri"] == release.uri
    assert kit.read("text.txt") == client.get(forms(release)["text"]).content


def test_a_picture_leaves_page_kit_and_ninjs_with_its_last_day(client: Client) -> None:
    edition = full()
    release = edition.release
    over = timezone.now() - timedelta(seconds=1)
    edition.content["body"] = [
        {**block, "expires_at": over.isoformat()} if block["tag"] == "image" else block
        for block in edition.content["body"]
    ]
    edition.save(update_fields=["content"])
    mine = EditionFile.objects.filter(edition=edition, path__endswith=".jpg")
    assert mine.update(expires_at=over) == 2
    paths = forms(release)
    assert client.get(paths["original"]).status_code == 410
    assert client.get(paths["rendition"]).status_code == 410
    assert client.get(paths["document"]).status_code == 200
    for name in ("page", "ninjs", "text"):
        assert release.images[0].sha256 not in client.get(paths[name]).content.decode()
    kit = zipfile.ZipFile(io.BytesIO(body(client.get(paths["kit"]))))
    assert [name for name in kit.namelist() if "image" in name] == []
    assert "credits.txt" not in kit.namelist()
