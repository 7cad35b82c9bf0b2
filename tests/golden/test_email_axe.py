"""Every kind of mail in a browser, light and dark: axe finds nothing, and nothing is too wide."""

import email
import email.policy
import shutil
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page, Route, sync_playwright

FOLDER = Path(__file__).parent
OPTIONS = {
    "resultTypes": ["violations"],
    "rules": {
        # A mail is shown inside another page, whose landmarks these two ask for.
        "region": {"enabled": False},
        "landmark-one-main": {"enabled": False},
    },
}


@pytest.fixture(scope="module")
def pages() -> Iterator[list[Page]]:
    """A wide page in light colours and a narrow one in dark."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
        except Error as error:
            pytest.skip(f"no browser here: {error.message.splitlines()[0]}")
        yield [
            browser.new_page(color_scheme="light", viewport={"width": 1000, "height": 900}),
            browser.new_page(color_scheme="dark", viewport={"width": 320, "height": 900}),
        ]
        browser.close()


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.eml")))
def test_a_mail_is_accessible_in_both_schemes(pages: list[Page], name: str) -> None:
    html = html_part(FOLDER / f"{name}.eml")
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    for page in pages:
        page.unroute_all()
        page.route("**/*", refuse)
        page.set_content(html)
        found = Axe().run(page, options=OPTIONS).response["violations"]
        assert [violation["id"] for violation in found] == [], found
        assert page.viewport_size is not None
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert all(url.endswith("/biblioteket.web.jpg") for url in asked)


def html_part(path: Path) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("html",))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content
