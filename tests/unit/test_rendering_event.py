from dataclasses import replace
from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from distributor.rendering.event import ics
from tests.golden.mails import editions
from tests.samples import RELEASE_ID, sample_invitation, sample_release, sample_site


def test_the_file_holds_the_releases_time_and_place() -> None:
    release = sample_invitation()
    assert release.event is not None
    raw = ics(release, sample_site())
    calendar = Calendar.from_ical(raw)
    [event] = calendar.walk("VEVENT")
    assert str(calendar["METHOD"]) == "PUBLISH"
    assert str(event["UID"]) == RELEASE_ID
    assert event.decoded("DTSTART") == release.event.start
    assert event.decoded("DTEND") == release.event.end
    assert str(event["SUMMARY"]) == release.title
    assert str(event["LOCATION"]) == "Ekviks stadsbibliotek, Storgatan 12, Ekvik"
    assert str(event["STATUS"]) == "CONFIRMED"
    assert str(event["ORGANIZER"]) == "mailto:maja.lindqvist@ekvik.example"
    assert "ATTENDEE" not in event


def test_it_is_folded_at_75_octets_with_crlf_and_times_in_utc() -> None:
    raw = ics(sample_invitation(), sample_site())
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert b"DTSTART:20231122T090000Z\r\n" in raw
    assert b"DTSTAMP:20231115T093000Z\r\n" in raw


def test_equal_releases_give_equal_bytes() -> None:
    assert ics(sample_invitation(), sample_site()) == ics(sample_invitation(), sample_site())


@pytest.mark.parametrize("kind", ["cancelled", "withdrawn"])
def test_a_later_edition_cancels_the_same_event(kind: str) -> None:
    first = sample_invitation()
    later = replace(editions("sv")[kind], event=first.event, version=3)
    if kind == "cancelled":
        later = replace(later, event=editions("sv")["cancelled"].event)
    [before] = Calendar.from_ical(ics(first, sample_site())).walk("VEVENT")
    [after] = Calendar.from_ical(ics(later, sample_site())).walk("VEVENT")
    assert str(after["STATUS"]) == "CANCELLED"
    assert after["UID"] == before["UID"]
    assert int(str(after.decoded("SEQUENCE"))) > int(str(before.decoded("SEQUENCE")))


def test_a_withdrawn_invitation_repeats_none_of_the_text() -> None:
    gone = replace(sample_invitation(), status="canceled", act="release.withdrawn")
    raw = ics(gone, sample_site()).decode()
    assert "DESCRIPTION" not in raw
    assert "LOCATION" not in raw


def test_a_place_with_commas_and_line_breaks_reads_back() -> None:
    release = sample_invitation()
    assert release.event is not None
    place = "Sal A; plan 2, hus B\\C"
    raw = ics(replace(release, event=replace(release.event, place=place)), sample_site())
    [event] = Calendar.from_ical(raw).walk("VEVENT")
    assert str(event["LOCATION"]).startswith(place)


def test_without_an_event_there_is_no_file() -> None:
    with pytest.raises(ValueError, match="no event"):
        ics(sample_release(), sample_site())


def test_an_end_before_the_start_is_left_out() -> None:
    release = sample_invitation()
    assert release.event is not None
    event = replace(release.event, end=datetime(2023, 1, 1, tzinfo=UTC))
    assert b"DTEND" not in ics(replace(release, event=event), sample_site())
