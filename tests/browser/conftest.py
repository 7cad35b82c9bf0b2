"""A real browser, and the site at an address of its own for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from distributor.newsroom import founding

# Playwright keeps an event loop in this thread; the database is asked between its calls.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium: the one that the system has, else Playwright's own.

    It goes with its module: while it is there, an event loop runs in this thread.
    """
    system = "/usr/bin/chromium"
    with sync_playwright() as playwright:
        path = system if os.access(system, os.X_OK) else None
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def site(live_server, settings, tmp_path) -> str:
    """The address of the site, which believes that it is its own; nothing waits to be undone."""
    options = settings.DISTRIBUTOR
    own = options.site.model_copy(update={"url": live_server.url})
    settings.DISTRIBUTOR = options.model_copy(update={"site": own, "undo_seconds": 0})
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    founding.found()
    return str(live_server.url)


@pytest.fixture
def visitor(browser: Browser) -> Callable[..., AbstractContextManager[Page]]:
    """Gives a new visitor's page, with no cookie; options are those of a browser's context."""

    @contextmanager
    def visit(**options: Any) -> Iterator[Page]:
        context = browser.new_context(**options)
        try:
            yield context.new_page()
        finally:
            context.close()

    return visit
