"""Buckets in memory, shares among workers, the MX group of a host: pure, with a clock handed in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.adapters import dns
from distributor.adapters.limits import MOST, Bucket, OwnBucket
from distributor.dispatch.pace_workers import share


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    own, bucket = OwnBucket(clock), Bucket("x", rate=10, burst=5)
    assert own.take(bucket, 8).tokens == 5
    assert own.take(bucket).tokens == 0
    assert own.take(bucket).wait == pytest.approx(0.1)
    clock.now += 0.1
    assert own.take(bucket, 3).tokens == 1
    clock.now += 60
    assert own.take(bucket, 100).tokens == 5


def test_no_call_gives_more_than_fifty() -> None:
    assert OwnBucket(Clock()).take(Bucket("x", rate=1000, burst=500), 200).tokens == MOST == 50


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0.5)])
def test_a_bucket_that_would_never_give_is_none(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="bucket x"):
        Bucket("x", rate=rate, burst=burst)


@given(
    rate=st.floats(0.1, 1000),
    burst=st.integers(1, 60),
    asked=st.lists(st.tuples(st.floats(0, 2), st.integers(1, 60)), max_size=60),
)
def test_never_more_than_the_burst_and_the_rate(
    rate: float, burst: int, asked: list[tuple[float, int]]
) -> None:
    clock = Clock()
    own, bucket, given_out = OwnBucket(clock), Bucket("x", rate, burst), 0
    for pause, count in asked:
        clock.now += pause
        given_out += own.take(bucket, count).tokens
    assert given_out <= burst + rate * (clock.now - 1000) + 0.001


@given(lanes=st.integers(0, 50), workers=st.integers(1, 20), turn=st.integers(0, 2**32))
def test_the_shares_of_all_workers_are_the_whole(lanes: int, workers: int, turn: int) -> None:
    shares = [share(lanes, (workers, place), turn) for place in range(workers)]
    assert sum(shares) == lanes
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("aspmx.l.google.com", "google"),
        ("gmail-smtp-in.l.google.com", "google"),
        ("alt1.aspmx.l.googlemail.com", "google"),
        ("varmdo-se.mail.protection.outlook.com", "microsoft"),
        ("outlook-com.olc.protection.outlook.com", "microsoft"),
        ("varmdo-se.r-v1.mx.microsoft", "microsoft"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("mx01.mail.icloud.com", "apple"),
        ("mx1.loopia.se", "loopia.se"),
        ("eu-smtp-1.mimecast.com", "mimecast.com"),
        ("mx.example.co.uk", "example.co.uk"),
        ("example.se", "example.se"),
        ("mx.notgoogle.com", "notgoogle.com"),
        ("localhost", "localhost"),
    ],
)
def test_the_group_of_a_receiving_host(host: str, group: str) -> None:
    assert dns.group(host) == group
