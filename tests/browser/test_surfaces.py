"""Pages that tell what became of a release, in a real browser: accessible, and without script."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import expect

from distributor.audience import grants
from distributor.dispatch import fanout, personal
from distributor.dispatch.models import Delivery, Edition
from distributor.newsroom import lifecycle
from distributor.newsroom.models import ReleasePage
from distributor.release import Correction
from tests.browser.test_public_pages import RULES
from tests.fanning import readers
from tests.newsroom import found_file, found_image, page_of, photograph, sampled
from tests.samples import sample_release

if TYPE_CHECKING:
    from playwright.sync_api import Page

BY = lifecycle.Actor("tests")
WORDS = {
    "sv": ("Vi har dragit tillbaka en siffra.", "Byggt 1964.", "Byggt 1965.", "Öppna materialet"),
    "en": ("We have taken back a figure.", "Built in 1964.", "Built in 1965.", "Open the material"),
}


def written(language: str, until: datetime | None = None) -> ReleasePage:
    pictures = (found_image(data=photograph(800, 500)),)
    page = page_of(sampled(language, images=pictures, attachments=(found_file(),)))
    page.embargo_until = until
    page.save_revision()
    return page


def corrected(page: ReleasePage, language: str) -> Edition:
    note, wrong, right, _ = WORDS[language]
    said = Correction(kind="fact", note=note, wrong=wrong, right=right)
    page.lead += " " + right
    page.save_revision()
    return lifecycle.correct(page, by=BY, correction=said)


def granted_link(site: str, edition: Edition) -> str:
    fanout.fan_out(edition.pk)
    delivery = Delivery.objects.get(edition=edition, channel="email")
    return f"{site}/embargo/{personal.token(delivery.pk)}"


@pytest.fixture
def pages(site: str) -> dict[str, str]:
    """The address of each page in both languages, by name."""
    found = {}
    reader = readers(1)[0]
    grants.grant(reader, terms_version="1", accepted_at=timezone.now() - timedelta(days=1))
    until = (timezone.now() + timedelta(days=30)).replace(second=0, microsecond=0)
    for language, (note, *_) in WORDS.items():
        held, pulled, mended = (written(language) for _ in range(3))
        for page in (held, pulled, mended):
            lifecycle.publish(page, by=BY)
        lifecycle.withhold(held, by=BY, reason=note)
        lifecycle.withdraw(pulled, by=BY, reason=note)
        found[f"corrected {language}"] = corrected(mended, language).release.url
        for name, page in (("withheld", held), ("withdrawn", pulled)):
            edition = Edition.objects.filter(release_id=page.release_id).latest("number")
            found[f"{name} {language}"] = edition.release.url
        found[f"corrections {language}"] = f"{site}/corrections/?lang={language}"
        for name, act in (("embargoed", ""), ("stopped", "withhold")):
            page = written(language, until)
            edition = lifecycle.publish(page, by=BY)
            found[f"{name} {language}"] = granted_link(site, edition)
            if act:
                lifecycle.withhold(page, by=BY, reason=note)
    return found


Visit = Callable[..., AbstractContextManager["Page"]]


def each(page: Page, pages: dict[str, str]) -> list[str]:
    """Goes to every page, and to what the buttons of the personal ones open; their names."""
    wrong = []
    for name, url in pages.items():
        page.goto(url)
        wrong += [f"{name}: {fault}" for fault in faults(page)]
        if name.startswith("embargoed"):
            page.get_by_role("button", name=WORDS[name[-2:]][3]).click()
            expect(page.get_by_role("article")).to_be_visible()
            wrong += [f"{name}, opened: {fault}" for fault in faults(page)]
    return wrong


def faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    wide = ["wider than the window"] if page.evaluate(width) > 0 else []
    return [f"{fault['id']} {fault['nodes'][0]['html']}" for fault in found] + wide


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 320), pytest.param("dark", 1280, marks=pytest.mark.long)]
)
def test_every_page_is_accessible_and_asks_no_other_host(
    visitor: Visit, site: str, pages: dict[str, str], scheme: str, width: int
) -> None:
    with visitor(color_scheme=scheme, viewport={"width": width, "height": 900}) as page:
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        assert each(page, pages) == []
        assert asked == {urlsplit(site).netloc}
        assert page.context.cookies() == []


def test_a_personal_link_works_by_keyboard_and_without_script(
    visitor: Visit, pages: dict[str, str]
) -> None:
    with visitor(java_script_enabled=False) as page:
        page.goto(pages["embargoed sv"])
        page.get_by_role("button", name="Öppna materialet").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(sample_release("sv").title)
        expect(page.get_by_role("main")).to_contain_text("Embargo till")
        picture = page.get_by_role("img").first
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 0
