"""The screens before each act, in a real browser: accessible, and worked by keyboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from wagtail.users.models import UserProfile

from distributor.dispatch.models import Edition
from distributor.newsroom import lifecycle
from distributor.newsroom.models import ReleasePage
from tests.newsroom import draft, page_of

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
KIM = lifecycle.Actor("kim")
HOLD = {"sv": "Avvakta", "en": "Hold"}


def logged_in(page: Page, site: str, language: str) -> None:
    user = get_user_model().objects.create_superuser("ada", password="k1 rätt lösen")
    profile = UserProfile.get_for_user(user)
    profile.preferred_language = language
    profile.save()
    page.goto(f"{site}/admin/login/")
    page.fill("input[name=username]", "ada")
    page.fill("input[name=password]", "k1 rätt lösen")
    page.click("button[type=submit]")


def releases() -> dict[str, tuple[ReleasePage, tuple[str, ...]]]:
    """A release in each state, and the acts whose screens it has."""
    fresh, out, held, secret, later = (page_of(draft(f"Ekvik {n}")) for n in range(5))
    for page in (out, held):
        lifecycle.publish(page, by=KIM)
    out.title = "Ekvik rättar"
    out.save_revision(clean=False)
    lifecycle.withhold(held, by=KIM, reason="Vi kontrollerar.")
    secret.embargo_until = timezone.now() + timedelta(hours=5)
    secret.save_revision(clean=False)
    lifecycle.publish(secret, by=KIM)
    lifecycle.publish(later, by=KIM, at=timezone.now() + timedelta(days=1))
    return {
        "fresh": (fresh, ("publish",)),
        "out": (ReleasePage.objects.get(pk=out.pk), ("correct", "withhold", "withdraw", "erase")),
        "held": (held, ("resume",)),
        "secret": (secret, ("move_embargo", "lift")),
        "later": (later, ("undo",)),
    }


@pytest.mark.parametrize("language", ["sv", pytest.param("en", marks=pytest.mark.long)])
def test_axe_finds_nothing_on_the_screens(visitor: Any, site: str, language: str) -> None:
    found = releases()
    with visitor(color_scheme="dark" if language == "sv" else "light") as page:
        logged_in(page, site, language)
        for release, acts in found.values():
            screens = [reverse("newsroom_release", args=[release.pk])]
            screens += [reverse("newsroom_act", args=[release.pk, act]) for act in acts]
            for url in screens:
                page.goto(site + url)
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                assert page.url == site + url
                seen = Axe().run(page, context="#main", options=RULES).response["violations"]
                assert [(url, each["id"], each["nodes"][0]["html"]) for each in seen] == []


def test_a_hold_takes_two_clicks_and_a_reason(visitor: Any, site: str) -> None:
    release, _ = releases()["out"]
    with visitor(java_script_enabled=False) as page:
        logged_in(page, site, "sv")
        page.goto(site + reverse("newsroom_release", args=[release.pk]))
        page.get_by_role("main").get_by_role("link", name=HOLD["sv"], exact=True).click()
        page.get_by_label("Skäl").fill("En siffra kan vara fel.")
        page.get_by_role("main").get_by_role("button", name=HOLD["sv"]).click()
        expect(page.get_by_text("avvaktar").first).to_be_visible()
    newest = Edition.objects.filter(release_id=release.release_id).latest("number")
    assert (newest.status, newest.reason) == ("withheld", "En siffra kan vara fel.")
