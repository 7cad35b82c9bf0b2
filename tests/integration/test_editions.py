"""Which edition counts at a moment, by the clock alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from distributor.dispatch import editions
from distributor.dispatch.models import Edition
from distributor.release import Correction, Release
from tests.samples import RELEASE_ID, sample_release

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_server")]
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOUR = timedelta(hours=1)


def issue(key: str, words: Release | None = None, act: str = "", **given: Any) -> Edition:
    words = words or sample_release()
    return editions.issue(
        replace(words, act=act or words.act),
        revision=key,
        issuer="tests",
        **{"leaves_at": NOW - 3 * HOUR} | given,
    )


def reworded(title: str) -> Release:
    return replace(sample_release(), title=title)


def test_embargo_ends_by_itself() -> None:
    issue("1", embargo_until=NOW + HOUR)

    assert not editions.is_public(RELEASE_ID, NOW + HOUR - timedelta(seconds=1))
    assert not editions.current(NOW).exists()
    assert editions.under_embargo(NOW).get().act == "release.embargoed"
    assert not editions.lift_due(NOW).exists()

    [shown] = editions.public(NOW + HOUR)
    assert shown.release.published_at == NOW + HOUR
    assert (shown.release.act, shown.release.embargo_until) == ("release.published", None)
    assert not editions.under_embargo(NOW + HOUR).exists()
    [due] = editions.lift_due(NOW + HOUR)

    lift = editions.lift(due, issuer="clock", at=NOW + HOUR, key="lift")
    assert (lift.number, lift.act) == (2, "release.published")
    assert lift.published_at == NOW + HOUR
    assert lift.digest == due.digest
    assert not editions.lift_due(NOW + 2 * HOUR).exists()
    assert editions.lift(due, issuer="clock", at=NOW + HOUR, key="lift") == lift


def test_a_late_lift_is_a_publication_as_of_the_end_of_the_embargo() -> None:
    issue("1", embargo_until=NOW - HOUR)
    [due] = editions.lift_due()

    lift = editions.lift(due, issuer="clock", at=NOW - HOUR, key="lift")
    assert (lift.act, lift.published_at) == ("release.published", NOW - HOUR)
    assert lift.release.correction is None
    assert lift.leaves_at > NOW
    assert not editions.lift_due().exists()


def test_embargo_may_be_moved_and_words_corrected_before_it_ends() -> None:
    issue("1", embargo_until=NOW + HOUR)
    assert issue("same", embargo_until=NOW + HOUR).number == 1
    moved = issue("2", embargo_until=NOW + 2 * HOUR)
    corrected = issue(
        "3",
        replace(reworded("Rättad"), correction=Correction(kind="fact", note="Fel tid.")),
        "release.corrected",
        embargo_until=NOW + 2 * HOUR,
    )

    assert (moved.number, moved.act) == (2, "release.embargoed")
    assert (corrected.act, corrected.published_at) == ("release.embargoed", None)
    assert not editions.is_public(RELEASE_ID, NOW + HOUR)
    assert editions.public(NOW + 2 * HOUR).get().title == "Rättad"


@pytest.mark.parametrize("act", ["release.withheld", "release.withdrawn"])
def test_what_was_stopped_under_embargo_stays_unknown(act: str) -> None:
    issue("1", embargo_until=NOW + HOUR)
    issue("2", act=act, embargo_until=NOW + HOUR, reason="Fel bild.")

    assert not editions.current(NOW + 2 * HOUR).exists()
    assert not editions.lift_due(NOW + 2 * HOUR).exists()


def test_resumed_after_its_embargo_is_public_from_then() -> None:
    issue("1", embargo_until=NOW - HOUR, leaves_at=NOW - 3 * HOUR)
    issue("2", act="release.withheld", embargo_until=NOW - HOUR, leaves_at=NOW - 2 * HOUR)
    issue("3", act="release.resumed", leaves_at=NOW)

    assert not editions.current(NOW - timedelta(seconds=1)).exists()
    assert editions.public(NOW).get().published_at == NOW


def test_first_publication_stands_whatever_follows() -> None:
    issue("1", embargo_until=NOW - 2 * HOUR, leaves_at=NOW - 3 * HOUR)
    held = issue("2", act="release.withheld", leaves_at=NOW - HOUR, reason="Vi kontrollerar.")
    back = issue("3", act="release.resumed", leaves_at=NOW)

    assert (held.status, held.published_at) == ("withheld", NOW - 2 * HOUR)
    assert editions.current(NOW - timedelta(seconds=1)).get() == held
    assert not editions.is_public(RELEASE_ID, NOW - timedelta(seconds=1))
    assert back.published_at == NOW - 2 * HOUR
    with pytest.raises(ValueError, match="cannot be put under embargo"):
        issue("4", reworded("Ny"), embargo_until=NOW + HOUR, leaves_at=NOW)


def test_nothing_follows_a_withdrawal_nor_overtakes_another() -> None:
    first = issue("1")
    with pytest.raises(editions.Overtaken):
        issue("2", reworded("Ny"), after=0)
    with pytest.raises(editions.Overtaken):
        issue("2", reworded("Ny"), after=2)
    gone = issue("2", act="release.withdrawn", reason="Allt var fel.", after=first.number)

    assert (gone.number, gone.status) == (2, "canceled")
    with pytest.raises(editions.Final):
        issue("3", reworded("Ny"))
    with pytest.raises(editions.Final):
        issue("4", act="release.resumed")
    assert issue("2", act="release.withdrawn") == gone


def test_hold_and_resume_issue_although_no_word_changed() -> None:
    numbers = [
        issue(str(step), act=act).number
        for step, act in enumerate(
            ["release.published", "release.withheld", "release.withheld", "release.resumed"]
        )
    ]
    assert numbers == [1, 2, 2, 3]


def test_taken_back_edition_keeps_its_number_and_is_never_seen() -> None:
    first = issue("1", leaves_at=timezone.now() + HOUR)
    assert editions.take_back(first)

    assert issue("2").number == 2
    assert editions.public().get().number == 2
