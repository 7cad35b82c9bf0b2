from datetime import UTC, datetime

import pytest

from distributor.rendering.dates import short, span, written, written_with_zone
from distributor.rendering.words import WORDS, word

MOMENT = datetime(2023, 11, 15, 9, 30, tzinfo=UTC)
ZONE = "Europe/Stockholm"


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["sv"].keys() == WORDS["en"].keys()
    for key, swedish in WORDS["sv"].items():
        assert ("{name}" in swedish) == ("{name}" in WORDS["en"][key])


def test_an_unknown_language_speaks_english() -> None:
    assert word("fi", "contact") == "Contact"
    assert word("sv-FI", "contact") == "Kontakt"


def test_moments_are_written_out_in_the_newsrooms_time_zone() -> None:
    assert written(MOMENT, "sv", ZONE) == "15 november 2023 kl. 10.30"
    assert written(MOMENT, "en", ZONE) == "15 November 2023 at 10:30"
    assert written_with_zone(MOMENT, "sv", ZONE) == "15 november 2023 kl. 10.30 (CET, UTC+1)"
    assert written_with_zone(MOMENT, "en", "Asia/Kolkata").endswith("15:00 (IST, UTC+5:30)")
    assert written_with_zone(MOMENT, "en", "America/Sao_Paulo").endswith("06:30 (UTC-3)")


def test_seconds_are_written_where_they_matter_and_there_are_any() -> None:
    late = MOMENT.replace(second=7)
    assert written(late, "sv", ZONE, exact=True) == "15 november 2023 kl. 10.30.07"
    assert short(late, "en", ZONE, exact=True) == "15 November 10:30:07"
    assert written(late, "sv", ZONE) == written(MOMENT, "sv", ZONE, exact=True)


def test_subjects_name_day_and_time_without_the_year() -> None:
    lift = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)
    assert short(lift, "sv", ZONE) == "14 oktober kl. 06.00"
    assert short(lift, "en", ZONE) == "14 October 06:00"


def test_a_span_within_one_day_names_the_day_once() -> None:
    end = datetime(2023, 11, 15, 10, 15, tzinfo=UTC)
    assert span(MOMENT, end, "sv", ZONE) == "15 november 2023 kl. 10.30–11.15"
    assert span(MOMENT, None, "en", ZONE) == "15 November 2023 at 10:30"
    next_day = datetime(2023, 11, 16, 10, 15, tzinfo=UTC)
    assert span(MOMENT, next_day, "sv", ZONE) == (
        "15 november 2023 kl. 10.30 – 16 november 2023 kl. 11.15"
    )


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        written(datetime(2023, 11, 15), "sv", ZONE)
