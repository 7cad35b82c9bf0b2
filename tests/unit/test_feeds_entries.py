"""What each event makes of a release's entry, and which of them have a notice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from distributor.channels.feeds import Entry, build, entry, notice, stub, tombstone
from distributor.release import Correction, Release
from tests.samples import sample_invitation, sample_release
from tests.unit.feeds_samples import FIRST, FORMATS, SITE, sample_entry, sample_feed

LATER = FIRST + timedelta(days=2, hours=3)
REASON = "Siffrorna i texten var fel."


def edition(language: str = "sv", **changes: Any) -> Release:
    changes = {"version": 2, "updated_at": LATER, **changes}
    return replace(sample_release(language), **changes)


def withheld(language: str = "sv") -> Release:
    return edition(language, act="release.withheld", status="withheld", reason=REASON)


def withdrawn(language: str = "sv") -> Release:
    return edition(language, act="release.withdrawn", status="canceled", reason=REASON)


def corrected(kind: str, language: str = "sv") -> Release:
    act = "release.corrected" if kind == "fact" else "release.updated"
    correction = Correction(kind=kind, note="Priset är nytt.", wrong="10 kr", right="12 kr")
    return edition(language, act=act, correction=correction)


def of(release: Release) -> Entry:
    return entry(release, SITE, published=FIRST, updated=LATER)


def texts(*entries: Any) -> dict[str, str]:
    built = build(sample_feed(), [each for each in entries if each], SITE)
    assert built.left_out == ()
    return {format: built.documents[format].decode() for format in FORMATS}


@pytest.mark.parametrize(
    ("release", "prefix", "said"),
    [
        (withheld(), "AVVAKTA: ", REASON),
        (withheld("en"), "HOLD: ", REASON),
        (withdrawn(), "ÅTERKALLAT: ", REASON),
        (withdrawn("en"), "WITHDRAWN: ", REASON),
        (edition(act="release.resumed"), "KLART ATT ANVÄNDA: ", "Uppgifterna får användas igen."),
        (edition("en", act="release.resumed"), "CLEARED FOR USE: ", "You may use this again."),
        (corrected("fact"), "RÄTTELSE: ", "Priset är nytt."),
        (corrected("fact", "en"), "CORRECTION: ", "Priset är nytt."),
    ],
)
def test_a_notice_says_what_happened(release: Release, prefix: str, said: str) -> None:
    told = notice(release, SITE)
    assert told is not None
    assert told.id == f"{release.uri}/notice/2"
    assert told.url == f"{release.url}#notice-2"
    assert told.title == prefix + release.title
    assert told.published == told.updated == LATER
    assert said in told.html
    assert ("17 november 2023" if release.language == "sv" else "17 November 2023") in told.html
    assert "Maja Lindqvist" in told.html
    assert release.lead not in told.html
    assert told.topics == entry(release, SITE, published=FIRST, updated=LATER).topics
    for text in texts(told, of(release)).values():
        assert told.id in text


@pytest.mark.parametrize(
    "release", [edition(), corrected("update"), corrected("language")], ids=lambda one: one.act
)
def test_other_events_have_none(release: Release) -> None:
    assert notice(release, SITE) is None


@pytest.mark.parametrize(
    ("status", "prefix"), [("changed", "ÄNDRAD: "), ("cancelled", "INSTÄLLD: ")]
)
def test_a_changed_or_cancelled_event_has_one(status: str, prefix: str) -> None:
    invitation = sample_invitation()
    assert invitation.event is not None
    release = replace(
        invitation,
        event=replace(invitation.event, status=status),
        act="release.updated",
        correction=Correction(kind="update", note="Lokalen är upptagen."),
        version=2,
        updated_at=LATER,
    )
    told = notice(release, SITE)
    assert told is not None
    assert told.title.startswith(prefix)


def test_a_correction_of_fact_stands_before_the_text() -> None:
    made = of(corrected("fact"))
    assert made.marks == ("corrected",)
    assert made.html.index("10 kr") < made.html.index("12 kr") < made.html.index(made.summary)
    assert (made.published, made.updated) == (FIRST, LATER)


@pytest.mark.parametrize("release", [withheld(), withdrawn()], ids=lambda one: one.status)
def test_a_stub_has_no_word_of_the_text(release: Release) -> None:
    whole, made = sample_entry(), of(release)
    for name in ("id", "url", "published", "language", "authors", "topics", "kind"):
        assert getattr(made, name) == getattr(whole, name)
    assert (made.updated, made.status, made.marks) == (LATER, release.status, (release.status,))
    for text in texts(made, notice(release, SITE)).values():
        assert REASON in text
        assert "Maja Lindqvist" in text
        for words in (release.lead, "e-legitimation", "Ljusgården", "biblioteket.original.jpg"):
            assert words not in text
        assert "oppettider.pdf" not in text
        assert release.digest() not in text


def test_older_notices_become_stubs_too() -> None:
    told = notice(corrected("fact"), SITE)
    assert told is not None
    hidden = stub(told, replace(withdrawn(), version=3), SITE)
    assert (hidden.id, hidden.url, hidden.published) == (told.id, told.url, told.published)
    assert "Priset är nytt" not in repr(hidden)
    assert hidden.title.startswith("ÅTERKALLAT: ")
    assert texts(hidden, of(withdrawn()))


def test_a_usable_release_has_no_stub() -> None:
    with pytest.raises(ValueError, match="usable"):
        stub(sample_entry(), sample_release(), SITE)


def test_an_erased_release_has_not_even_a_title() -> None:
    erased = replace(withdrawn(), title="", lead="", body=(), contacts=())
    told = notice(erased, SITE)
    assert told is not None
    assert told.title == "ÅTERKALLAT: pressmeddelande 15 november 2023"


def test_a_tombstone_is_later_than_the_stub() -> None:
    gone = tombstone(withdrawn(), SITE)
    assert gone.ref == sample_release().uri
    assert gone.when == of(withdrawn()).updated + timedelta(seconds=1)
    assert (gone.by, gone.comment) == ("Ekviks kommun", REASON)


def test_without_a_reason_an_edition_still_says_something() -> None:
    made = of(replace(withheld(), reason=""))
    assert (
        made.summary
        == "Vi har dragit in det här tills vidare. Använd det inte förrän vi hör av oss."
    )


def test_authors_may_be_given() -> None:
    made = entry(
        sample_release(), SITE, published=FIRST, updated=FIRST, authors=("Ekvik", "Region Ek")
    )
    assert made.authors == ("Ekvik", "Region Ek")


def test_the_summary_is_the_lead_or_the_first_paragraph_or_the_title() -> None:
    release = sample_release()
    assert sample_entry().summary == release.lead
    assert sample_entry(lead="").summary.startswith("Lånekortet blir nyckel till huset.")
    assert sample_entry(lead="", body=()).summary == release.title
