"""Releases under embargo, and a clock that stands where a test puts it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from distributor.newsroom import lifecycle

if TYPE_CHECKING:
    import pytest

    from distributor.dispatch.models import Edition
    from distributor.newsroom.models import ReleasePage

LIFT = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BY = lifecycle.Actor("tests")


class Clock:
    """What time it is for the whole program; it stands still, at first a day before the lift."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = LIFT - timedelta(days=1)
        monkeypatch.setattr(timezone, "now", lambda: self.at)


def embargoed(page: ReleasePage) -> Edition:
    """The page's words, published under embargo."""
    page.embargo_until = LIFT
    page.save_revision()
    return lifecycle.publish(page, by=BY)
