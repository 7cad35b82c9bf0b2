"""Addresses made of titles, and times as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from distributor.newsroom import slugs, times

ZONE = "Europe/Stockholm"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def never(slug: str) -> bool:
    return False


@given(st.text(max_size=400), st.sets(st.text(alphabet="abc-", max_size=5)))
def test_a_slug_is_a_path_of_its_own(title, taken):
    made = slugs.free(title, "release-1", ("sv", "en"), taken.__contains__)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", made)
    assert made not in slugs.TAKEN
    assert made not in taken
    assert made.split("-")[0] not in ("sv", "en")
    assert len(made) <= slugs.MAX_LENGTH + 3


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Värmdö; Sveriges Digitaliseringskommun 2023!", None),
        ("Äppel-paj på Øresund", "appel-paj-pa-oresund"),
        ("En svensk nyhet", "svensk-nyhet"),
        ("SV EN", "release-1"),
        ("Feeds", "feeds-2"),
        ("Ord " * 60, "-".join(["ord"] * 25)),
    ],
)
def test_slugs(title, made):
    expected = made or "varmdo-sveriges-digitaliseringskommun-2023"
    assert slugs.free(title, "release-1", ("sv", "en"), never) == expected


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-10-14T06:00", datetime(2026, 10, 14, 4, 0, tzinfo=UTC)),
        ("2026-12-14 06:00", datetime(2026, 12, 14, 5, 0, tzinfo=UTC)),
        ("2026-10-14T06:00Z", datetime(2026, 10, 14, 6, 0, tzinfo=UTC)),
        ("2026-10-14T06:00:15", datetime(2026, 10, 14, 4, 0, 15, tzinfo=UTC)),
        ("2026-11-30T06:00:15+01:00", datetime(2026, 11, 30, 5, 0, 15, tzinfo=UTC)),
        ("2026-11-30T06:00:15Z", datetime(2026, 11, 30, 6, 0, 15, tzinfo=UTC)),
        ("2027-10-31T02:30+02:00", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        ("2027-10-31T02:30+01:00", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_on_the_newsroom_s_clock(text, moment):
    assert times.moment(text, ZONE) == moment


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tomorrow", "2026-10-14T06:00"),
        ("2026-13-01T06:00", "2026-10-14T06:00"),
        ("2026-10-14T06:00:30.5", "whole seconds"),
        ("2027-03-28T02:30:15", "there is no 02:30:15 on 2027-03-28"),
        ("0001-01-01T00:00", "2026-10-14T06:00"),
        ("9999-12-31T23:59-05:00", "2026-10-14T06:00"),
        ("2027-03-28T02:30", "there is no 02:30 on 2027-03-28"),
        ("2027-10-31T02:30", r"comes twice.*\+02:00 behind it for summer time, or \+01:00"),
    ],
)
def test_a_time_that_is_none_says_why(text, said):
    with pytest.raises(ValueError, match=said):
        times.moment(text, ZONE)


def test_only_what_is_to_come_is_future():
    now = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)
    assert times.future("2026-10-14T06:01", ZONE, now) > now
    with pytest.raises(ValueError, match="has passed"):
        times.future("2026-10-14T06:00", ZONE, now)


def test_a_day():
    assert times.day("2026-10-14T00:00") == date(2026, 10, 14)
    with pytest.raises(ValueError, match="is no date"):
        times.day("nästa år")
