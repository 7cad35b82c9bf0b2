"""Messages a second: one bucket in a real Redis, and an equal share for each worker without it."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from redis import Redis

from distributor.adapters.limits import Bucket, Buckets
from distributor.dispatch import leases
from distributor.dispatch.models import Batch, Edition
from distributor.dispatch.pace_rate import Rate
from distributor.dispatch.pace_workers import Workers
from distributor.errors import Unavailable
from tests.running import until


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_all_who_use_the_same_name_share_a_bucket(redis_server: str) -> None:
    one, other = (Buckets(Redis.from_url(redis_server)) for _ in range(2))
    bucket = Bucket("x", rate=0.005, burst=5)
    assert one.take(bucket, 3).tokens == 3
    assert other.take(bucket, 3).tokens == 2
    refused = one.take(bucket)
    assert refused.tokens == 0
    assert 150 < refused.wait <= 200
    assert other.take(Bucket("y", rate=0.5, burst=60), 100).tokens == 50


def test_tokens_come_back_at_the_rate_by_the_clock_of_redis(redis_server: str) -> None:
    client = Redis.from_url(redis_server)
    # So large a bucket is never full again, however seldom it is asked.
    buckets, bucket = Buckets(client), Bucket("x", rate=200, burst=10_000)

    def clock() -> float:
        seconds, microseconds = client.time()
        return seconds + microseconds / 1e6

    began = clock()
    while buckets.take(bucket, 50).tokens == 50:
        pass
    emptied, taken = clock(), 0
    while clock() < emptied + 0.3:
        taken += buckets.take(bucket, 10).tokens
    asked = clock()
    taken += sum(buckets.take(bucket, 50).tokens for _ in range(200))
    ended = clock()
    assert 200 * (asked - emptied) - 1 <= taken
    assert taken <= 200 * (ended - began) + 1


def test_a_full_bucket_is_no_key_and_a_script_that_was_forgotten_is_loaded_again(
    redis_server: str,
) -> None:
    client = Redis.from_url(redis_server)
    buckets = Buckets(client)
    assert buckets.take(Bucket("x", rate=1000, burst=10), 2).tokens == 2
    client.script_flush()
    assert buckets.take(Bucket("y", rate=0.01, burst=1)).tokens == 1
    assert 0 < client.pttl("distributor:bucket:y") <= 100_000
    until(lambda: not client.exists("distributor:bucket:x"))


def test_a_clock_of_redis_that_is_set_back_stops_nobody(redis_server: str) -> None:
    client = Redis.from_url(redis_server)
    buckets, bucket = Buckets(client), Bucket("x", rate=1, burst=5)
    assert buckets.take(bucket, 5).tokens == 5
    full = float(client.get("distributor:bucket:x"))  # type: ignore[arg-type]
    client.set("distributor:bucket:x", f"{full + 3600:.6f}", px=3_605_000)
    refused = buckets.take(bucket)
    assert refused.tokens == 0
    assert refused.wait <= 1.0


def test_two_workers_together_keep_the_rate(redis_server: str) -> None:
    workers = [Rate(200, Buckets(Redis.from_url(redis_server)), lambda: 2) for _ in range(2)]
    began = asked = time.monotonic()
    sent, there = 0, 0.0
    while there < 0.4:
        for worker in workers:
            if worker.ready():
                worker.spend()
                sent += 1
        # A bucket holds the tokens of a tenth of a second; what came in a longer pause is lost.
        now = time.monotonic()
        there += min(now - asked, 0.1)
        asked = now
    assert 60 <= sent <= 200 * (asked - began + 0.1) + 1


def test_redis_away_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        _nowhere(tmp_path).take(Bucket("x", rate=1))
    assert (caught.value.reason, caught.value.about) == ("limits", "ours")


def test_without_redis_each_worker_has_an_equal_share(tmp_path: Path) -> None:
    clock = Clock()
    rate, sent = Rate(100, _nowhere(tmp_path), lambda: 4, clock), 0
    for _ in range(1000):
        clock.now += 0.01
        if rate.ready():
            rate.spend()
            sent += 1
    assert 225 <= sent <= 255


@pytest.mark.django_db
def test_workers_are_those_who_hold_a_batch_of_mail() -> None:
    clock = Clock()
    workers = Workers(clock)
    assert workers() == (1, 0)
    edition = Edition.objects.create(
        release_id="0192f0c1-0000-7000-8000-000000000001",
        number=1,
        revision="1",
        event_id="0192f0c1-0000-7000-8000-000000000002",
        act="release.published",
        digest="sha256:0",
        language="sv",
        title="x",
        content={},
        issuer="kim",
        leaves_at=timezone.now(),
    )
    now = timezone.now()
    for number, (holder, channel, minutes) in enumerate(
        [
            ("~another", "email", 1),
            ("~another", "email", 1),
            (leases.holder(), "email", 1),
            ("~a third", "email", -1),
            ("~a fourth", "webhook", 1),
        ]
    ):
        Batch.objects.create(
            edition=edition,
            channel=channel,
            first=number,
            last=number,
            total=1,
            due_at=now,
            holder=holder,
            lease_until=now + timedelta(minutes=minutes),
        )
    assert workers() == (1, 0)
    clock.now += 6
    assert workers() == (2, 0)


def _nowhere(folder: Path) -> Buckets:
    return Buckets(Redis.from_url(f"unix://{folder}/none.sock"))
