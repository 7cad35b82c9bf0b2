"""What anyone sees a second before the lift of an embargo and a second after, without a clock."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from wagtail.documents import get_document_model
from wagtail.images import get_image_model

from distributor.dispatch import feeds
from distributor.dispatch.models import Edition, Feed
from distributor.newsroom import lifecycle, stops
from distributor.newsroom.models import ReleasePage
from tests.embargoes import BY, LIFT, SECOND, Clock, embargoed
from tests.newsroom import draft, found_file, found_image, invitation, page_of, publish, topic
from tests.walking import Answer, Visitor, patterns

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

TITLE = "Välkommen till pressvisning"
SECRETS = (TITLE, "valkommen-till-pressvisning", "Ekviks stadsbibliotek", "ljusgarden")
FRONT = [
    "/",
    "/en/",
    "/feeds/",
    "/corrections/",
    "/sitemap.xml",
    "/news-sitemap.xml",
    "/robots.txt",
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture(autouse=True)
def _uploads(settings: SettingsWrapper, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "data").mkdir()
    options = django_settings.DISTRIBUTOR
    site = options.site.model_copy(update={"data_dir": tmp_path / "data"})
    settings.DISTRIBUTOR = options.model_copy(update={"site": site})


def build_feeds() -> None:
    feeds.found()
    for feed in Feed.objects.all():
        feeds.build(feed.pk)


def values(page: ReleasePage | None, edition: Edition | None) -> dict[str, list[str]]:
    """What the places of the URL configuration are filled with: the release's, or a stranger's."""
    if page is None or edition is None:
        other = str(uuid.uuid4())
        return {
            "release_id": [other],
            "sha256": ["0123456789abcdef" * 4] * 3,
            "path": ["valkommen-till-nagot-annat/"],
            "other": ["999983"],
            "slug": ["valkommen-till-nagot-annat"],
        }
    return {
        "release_id": [str(page.release_id)],
        "sha256": list(edition.files.values_list("sha256", flat=True).order_by("pk")),
        "path": [f"{page.slug}/"],
        "other": [str(page.pk)],
        "slug": [page.slug],
    }


def addresses(given: dict[str, list[str]]) -> list[str]:
    """Every pattern of the URL configuration, filled."""
    made = []
    for pattern in patterns():
        whole = dict.fromkeys(pattern.takes, given["other"][0])
        whole |= {
            name: given["slug"][0]
            for name in pattern.takes
            if name in ("slug", "name", "token", "filter_spec", "model_name", "app_label")
        }
        for sha256 in given["sha256"] if "sha256" in pattern.takes else [""]:
            each = {"release_id": given["release_id"][0], "sha256": sha256}
            whole |= {name: value for name, value in each.items() if name in pattern.takes}
            if "path" in pattern.takes:
                whole["path"] = given["path"][0]
            made.append(pattern.filled(whole))
    page = given["path"][0]
    return [*made, f"/{page[:-1]}", f"/en/{page}", f"/{page}x/", f"/{page}?lang=en", f"//{page}"]


def same(found: Answer, unknown: Answer, path: str, other: str) -> bool:
    """Whether two addresses answer alike, but for the address itself."""

    def levelled(answer: Answer, own: str) -> tuple[int, dict[str, str], bytes]:
        status, headers, content = answer
        texts = {name: value.replace(own, "*") for name, value in headers.items()}
        texts.pop("Content-Length", None)
        content = content.replace(own.encode(), b"*")
        return status, texts, content

    return levelled(found, path) == levelled(unknown, other)


@pytest.mark.parametrize("act", ["release.embargoed", "release.published"])
def test_no_address_tells_of_a_release_before_its_time_and_all_do_after_it(
    clock: Clock, act: str
) -> None:
    """Its time is the lift of an embargo, or what it is scheduled for."""
    topic()
    publish(page_of(draft("Redan ute", topics=("digitalisering",))), clock.at)
    build_feeds()
    visitor = Visitor()
    clock.at = LIFT - SECOND
    before = visitor.crawl(FRONT)
    assert {"/redan-ute/", "/feeds/all.atom", "/?topic=digitalisering"} <= set(before)

    clock.at = LIFT - timedelta(hours=1)
    whole = replace(invitation(), topics=("digitalisering",))
    page = page_of(replace(whole, images=(found_image(),), attachments=(found_file(),)))
    if act == "release.embargoed":
        edition = embargoed(page)
    else:
        edition = lifecycle.publish(page, by=BY, at=LIFT)
    build_feeds()
    release = edition.release
    assert edition.act == act

    clock.at = LIFT - SECOND
    build_feeds()
    assert visitor.crawl(FRONT) == before
    known, unknown = addresses(values(page, edition)), addresses(values(None, None))
    assert len(known) == len(unknown) > 100
    for path, other in zip(known, unknown, strict=True):
        admin = path.startswith("/admin/")
        if admin and act != "release.embargoed":
            continue
        for method in ("GET",) if admin else ("GET", "HEAD", "OPTIONS"):
            found = visitor.ask(path, method)
            fixed = path == other or path.startswith("/admin/password_reset/")
            alike = fixed or same(found, visitor.ask(other, method), path, other)
            assert alike, (method, path)
            for secret in SECRETS:
                told = found[2].decode(errors="replace")
                assert secret not in told or secret in path, (secret, path)

    clock.at = LIFT + SECOND
    base = f"/releases/{release.id}"
    opened = {
        f"/{page.slug}/": 200,
        f"{base}/": 302,
        f"{base}.json": 200,
        f"{base}/text.txt": 200,
        f"{base}/kit.zip": 200,
        f"{base}/event.ics": 200,
        **{path: 200 for path in known if path.startswith("/files/")},
    }
    assert len(opened) == 9
    assert {path: visitor.ask(path)[0] for path in opened} == opened
    after = visitor.crawl(FRONT)
    image = release.images[0]
    linked = [release.url, image.url, image.web_url, release.attachments[0].url]
    linked += [f"{base}/{name}" for name in ("text.txt", "kit.zip", "event.ics")]
    assert {urlsplit(url).path for url in linked} <= set(after)
    for path in ("/", "/?topic=digitalisering", "/sitemap.xml", "/news-sitemap.xml"):
        assert f"/{page.slug}/" in after[path][2].decode(), path
    assert "2026-10-14T04:00:00" in visitor.ask(f"/{page.slug}/")[2].decode()
    assert after["/feeds/all.atom"] == before["/feeds/all.atom"]
    build_feeds()
    assert TITLE in visitor.ask("/feeds/all.atom")[2].decode()


def test_a_translation_is_linked_from_the_lift_on(clock: Clock) -> None:
    first = page_of(draft("Redan ute"))
    publish(first, clock.at)
    other = page_of(draft("Already out", language="en"))
    ReleasePage.objects.filter(pk=other.pk).update(translation_key=first.translation_key)
    other.refresh_from_db()
    embargoed(other)
    visitor = Visitor()
    clock.at = LIFT - SECOND
    assert b"already-out" not in visitor.ask("/redan-ute/")[2]
    clock.at = LIFT
    page = visitor.ask("/redan-ute/")[2].decode()
    assert 'hreflang="en"' in page
    assert "/en/already-out/" in page


def test_what_was_withdrawn_under_embargo_never_was(clock: Clock) -> None:
    page = page_of(draft("Hemligt"))
    embargoed(page)
    lifecycle.withdraw(page, by=BY, reason="Fel.")
    visitor = Visitor()
    clock.at = LIFT + SECOND
    assert visitor.ask("/hemligt/") == visitor.ask("/nagot-annat/")
    assert visitor.ask(f"/releases/{page.release_id}/")[0] == 404
    assert b"Hemligt" not in visitor.ask("/corrections/")[2]


def test_nothing_public_replaces_what_was_withdrawn_under_embargo(clock: Clock) -> None:
    secret, public = page_of(draft("Hemligt")), page_of(draft("Öppet"))
    embargoed(secret)
    lifecycle.publish(public, by=BY)
    for page in (secret, public):
        lifecycle.withdraw(page, by=BY, reason="Fel.")
    new = page_of(draft("Nytt"))
    new.replaces = secret
    assert len(stops.stops(new)) == 1
    new.replaces = public
    assert stops.stops(new) == []


def test_no_cache_keeps_a_page_that_a_lift_changes(clock: Clock) -> None:
    publish(page_of(replace(draft(), images=(found_image(),))), clock.at)
    embargoed(page_of(draft("Hemligt")))
    hidden = ["/hemligt/", "/en/hemligt/", f"/releases/{uuid.uuid4()}.json", "/embargo/x"]
    for path, (status, headers, _) in Visitor().crawl(FRONT + hidden).items():
        if not path.startswith("/feeds/") and status != 301:
            assert headers["Cache-Control"] in ("no-cache", "public, no-cache"), (path, status)


def test_an_address_that_is_not_there_says_so_in_its_language(clock: Clock) -> None:
    for path, words in (("/nix/", "Sidan finns inte"), ("/en/nix/", "There is no such page")):
        status, headers, content = Visitor().ask(path)
        assert status == 404
        assert words in content.decode()
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_uploads_are_there_for_nobody_but_the_office(clock: Clock) -> None:
    page_of(replace(draft(), images=(found_image(),), attachments=(found_file(),)))
    visitor = Visitor()
    for model in (get_image_model(), get_document_model()):
        name = model.objects.get().file.name
        for path in (f"/media/{name}", f"/{name}", f"/files/{name}", f"/static/{name}"):
            assert visitor.ask(path)[0] == 404, path
        assert visitor.ask(f"/admin/media/{name}")[0] == 302
