"""The public pages in a real browser: accessible, at every width, in both colour schemes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.newsroom import (
    found_file,
    found_image,
    invitation,
    page_of,
    publish,
    sampled,
    topic,
)
from tests.samples import sample_release

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


@pytest.fixture
def pages(site):
    """Every kind of page in both languages, by name."""
    topic()
    found = {"list sv": f"{site}/", "list en": f"{site}/en/", "no such page": f"{site}/nix/"}
    for language in ("sv", "en"):
        whole = sampled(
            language,
            case_number=sample_release(language).case_number,
            topics=("digitalisering",),
            images=(found_image(),),
            attachments=(found_file(),),
        )
        found[f"release {language}"] = publish(page_of(whole)).release.url
        event = replace(invitation(), language=language)
        found[f"invitation {language}"] = publish(page_of(event)).release.url
    return found


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.long)])
def test_axe_finds_nothing_and_no_other_host_is_asked(visitor, pages, scheme):
    with visitor(color_scheme=scheme) as page:
        asked: set[str] = set()
        page.on("request", lambda request: asked.add(request.url))
        for name, url in pages.items():
            page.goto(url)
            found = Axe().run(page, options=RULES).response["violations"]
            assert [(name, each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert {url.split("/")[2] for url in asked} == {pages["list sv"].split("/")[2]}
        assert page.context.cookies() == []


def test_no_page_is_wider_than_a_narrow_window(visitor, pages):
    with visitor(viewport={"width": 320, "height": 800}) as page:
        for name, url in pages.items():
            page.goto(url)
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wider) <= 0, name


def test_all_is_reached_with_the_keyboard_and_without_script(visitor, pages):
    with visitor(java_script_enabled=False) as page:
        page.goto(pages["list sv"])
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Hoppa till innehållet")
        expect(skip).to_be_focused()
        expect(skip).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
        page.get_by_label("Ämne", exact=True).select_option("digitalisering")
        page.get_by_role("button", name="Visa").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Digitalisering")
        expect(page.get_by_role("article")).to_have_count(1)
        page.get_by_role("link", name="English").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Newsroom")


def test_every_picture_of_a_page_is_shown(visitor, pages):
    with visitor() as page:
        page.goto(pages["release sv"])
        for picture in page.get_by_role("img").all():
            picture.scroll_into_view_if_needed()
            expect(picture).to_have_js_property("complete", True)
            assert picture.evaluate("image => image.naturalWidth") > 0
        shown = page.get_by_role("img").first.bounding_box()
        assert shown["width"] <= 1200
