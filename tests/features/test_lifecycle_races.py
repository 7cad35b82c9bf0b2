"""Two acts at one moment: one is done, the other is told so, and the page has what was issued."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models.signals import pre_save

from distributor.dispatch.models import Edition
from distributor.newsroom import drafting, issuing, lifecycle
from distributor.newsroom.models import ReleasePage
from distributor.release import Correction
from tests.newsroom import draft, page_of

pytestmark = pytest.mark.django_db
ADA, BEA = lifecycle.Actor("ada"), lifecycle.Actor("bea")
UPDATE = Correction(kind="update", note="Nytt.")


@pytest.fixture(autouse=True)
def uploads(settings: LazySettings, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@contextmanager
def held_meanwhile(page: ReleasePage) -> Iterator[None]:
    """Somebody withholds the release while somebody else publishes a revision of it."""

    def withhold(**_: Any) -> None:
        pre_save.disconnect(withhold, sender=ReleasePage)
        lifecycle.withhold(page, by=BEA, reason="Fel summa.")

    pre_save.connect(withhold, sender=ReleasePage)
    try:
        yield
    finally:
        pre_save.disconnect(withhold, sender=ReleasePage)


def test_what_was_overtaken_is_not_published_in_the_newsroom_either() -> None:
    page = page_of(draft())
    lifecycle.publish(page, by=ADA)
    issued = page.live_revision_id
    page.boilerplate = "Om Ekvik, obeslutat."
    edited = page.save_revision(clean=False)
    with held_meanwhile(page), pytest.raises(issuing.NotReady, match="came between|emellan"):
        lifecycle.correct(page, by=ADA, correction=UPDATE)
    page = ReleasePage.objects.get()
    assert (page.live_revision_id, page.latest_revision_id) == (issued, edited.pk)
    assert page.boilerplate == ""
    assert list(Edition.objects.order_by("number").values_list("act", flat=True)) == [
        "release.published",
        "release.withheld",
    ]

    corrected = drafting.correct(page, draft("En annan rubrik"), [])
    edition = lifecycle.correct(corrected, by=ADA, correction=UPDATE)
    assert (edition.number, edition.release.boilerplate) == (3, "")
