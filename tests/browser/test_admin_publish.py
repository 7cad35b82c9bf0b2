"""A release written and published in the admin with a real browser, and read by the public."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect
from wagtail.users.models import UserProfile

from distributor.dispatch.models import Edition
from distributor.newsroom.models import NewsroomPage, ReleasePage
from tests.newsroom import topic


@pytest.mark.parametrize("language", ["sv", pytest.param("en", marks=pytest.mark.long)])
def test_a_release_is_written_and_published_in_the_admin(visitor, site, language):
    user = get_user_model().objects.create_superuser("ada", password="k1 rätt lösen")
    profile = UserProfile.get_for_user(user)
    profile.preferred_language = language
    profile.save()
    words = {
        "sv": ("Stycke", "Ämnen med mera", "Publicera", "är publicerat"),
        "en": ("Paragraph", "Topics and more", "Publish", "is published"),
    }
    paragraph, more, publish, published = words[language]
    newsroom = NewsroomPage.objects.get(locale__language_code="sv")
    topic()
    with visitor(viewport={"width": 1300, "height": 1000}) as page:
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{site}/admin/pages/add/newsroom/releasepage/{newsroom.pk}/")
        page.fill("input[name=username]", "ada")
        page.fill("input[name=password]", "k1 rätt lösen")
        page.click("button[type=submit]")
        page.fill("#id_title", "En ny skola öppnar i Ekvik")
        page.fill("#id_lead", "Skolan tar emot 300 elever.")
        body = page.locator("[data-contentpath=body]").first
        body.locator("button.c-sf-add-button").first.click()
        page.get_by_role("option", name=paragraph, exact=True).click()
        text = body.locator("[contenteditable=true]").first
        text.click()
        page.keyboard.type("Första skoldagen är den 18 augusti.")
        expect(text).to_have_text("Första skoldagen är den 18 augusti.")
        expect(body.locator("input[name=body-0-value-text]")).to_have_value(re.compile("augusti"))
        page.get_by_role("tab", name=more).click()
        page.get_by_label("Digitalisering").check()
        page.get_by_role("navigation", name="footer").get_by_role("button").last.click()
        page.get_by_role("button", name=publish, exact=True).click()
        expect(page.get_by_role("table")).to_be_visible()
        page.get_by_role("main").get_by_role("button", name=publish, exact=True).click()
        expect(page.get_by_text(published).first).to_be_visible()
        assert wrong == []
    edition = Edition.objects.get()
    assert edition.issuer == "ada"

    with visitor(java_script_enabled=False) as page:
        page.goto(f"{site}/")
        page.get_by_role("link", name="En ny skola öppnar i Ekvik").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("En ny skola öppnar i Ekvik")
        expect(page.get_by_role("main")).to_contain_text("Första skoldagen är den 18 augusti.")
        assert page.url == edition.release.url
        assert page.context.cookies() == []


def test_the_editor_says_what_stops_a_publish_and_keeps_the_draft(visitor, site):
    get_user_model().objects.create_superuser("ada", password="k1 rätt lösen")
    newsroom = NewsroomPage.objects.get(locale__language_code="sv")
    with visitor(viewport={"width": 1300, "height": 1000}) as page:
        page.goto(f"{site}/admin/pages/add/newsroom/releasepage/{newsroom.pk}/")
        page.fill("input[name=username]", "ada")
        page.fill("input[name=password]", "k1 rätt lösen")
        page.click("button[type=submit]")
        page.fill("#id_title", "Halvfärdig")
        page.get_by_role("navigation", name="footer").get_by_role("button").last.click()
        page.get_by_role("button", name="Publicera", exact=True).click()
        said = page.get_by_text("Text: ett pressmeddelande behöver en.")
        expect(said.first).to_be_visible()
        page.get_by_role("button", name="Spara utkast").click()
        expect(page.get_by_text(re.compile("Halvfärdig' (skapad|har)")).first).to_be_visible()
    assert not Edition.objects.exists()
    drafts = ReleasePage.objects.filter(title="Halvfärdig")
    assert drafts.exists()
    assert not drafts.filter(live=True).exists()
