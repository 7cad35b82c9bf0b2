"""Fixtures of several of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from distributor.adapters.smtp import Postman
from distributor.dispatch import by_email


@pytest.fixture
def sending(redis_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Postman]]:
    """Has ``by_email`` send by the newest of the postmen that are put into it; it closes them."""
    made: list[Postman] = []
    monkeypatch.setattr(by_email, "postman", lambda: made[-1])
    yield made
    for one in made:
        one.close()
