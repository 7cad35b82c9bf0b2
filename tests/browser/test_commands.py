"""Commands that the admin shows can be read, and copied, whole."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from distributor.dispatch import control, fanout
from distributor.newsroom import lifecycle
from tests.browser.test_lifecycle_screens import KIM, logged_in
from tests.fanning import readers
from tests.newsroom import draft, page_of

LINES = """() => {
  const lines = [];
  const walker = document.createTreeWalker(document.querySelector("#main"), NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    for (const found of node.data.matchAll(/--[a-z]+/g)) {
      const range = document.createRange();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      lines.push(new Set([...range.getClientRects()].map(each => each.top)).size);
    }
  }
  return lines;
}"""
"""On how many lines each option on the page stands."""


def test_no_line_breaks_in_an_option_and_a_command_is_copied_as_it_is(
    visitor: Any, site: str
) -> None:
    readers(3, "kultur")
    release = page_of(draft("Ekvik <b>rättar</b>", topics=("kultur",)))
    edition = lifecycle.publish(release, by=KIM)
    fanout.fan_out(edition.pk)
    control.pause(edition.release_id)
    command = f"distributor sending {edition.release_id} --resume"
    screens = [
        reverse("wagtailadmin_home"),
        reverse("newsroom_release", args=[release.pk]),
        reverse("newsroom_act", args=[release.pk, "withhold"]),
    ]
    with visitor(permissions=["clipboard-read", "clipboard-write"]) as page:
        logged_in(page, site, "sv")
        for url in screens:
            page.goto(site + url)
            for width in range(320, 1000, 8):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate(LINES) == [1], (url, width)
            warning = page.locator(".help-block", has_text="--resume")
            assert command in warning.inner_text()
            assert warning.locator("b").count() == 0
            warning.locator("p").click(click_count=3)
            page.keyboard.press("Control+c")
            assert command in page.evaluate("navigator.clipboard.readText()")
