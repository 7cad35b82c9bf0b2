"""Webhooks through a batch: who is asked, who waits, what counts and against whom."""

from __future__ import annotations

import itertools
import json
import threading
import time
import uuid
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from redis import Redis

from distributor.adapters.limits import Buckets
from distributor.audience import endpoints, guarding
from distributor.audience.models import Endpoint
from distributor.dispatch import (
    by_webhook,
    delivering,
    editions,
    endpoint_jobs,
    fanout,
    journal,
    leases,
    rounds,
    stopping,
)
from distributor.dispatch.endpoint_outage import Outage
from distributor.dispatch.endpoint_rate import EndpointRate
from distributor.dispatch.endpoint_reach import Reach
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Attempt, Batch, Delivery, Edition
from distributor.errors import Unavailable
from distributor.release import Correction, Paragraph, Release
from distributor.service import redis, vitals
from tests.listeners.http import Listener, answer, failing, in_turn, redirect, slowly
from tests.running import free_port

pytestmark = pytest.mark.django_db

RELEASE = Release(
    id="",
    uri="tag:press.example.se,2026:release/2",
    url="https://press.example.se/skolan/",
    type="news",
    language="sv",
    title="Skolan öppnar",
    body=(Paragraph(text="Skolan öppnar på måndag."),),
)


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    options = settings.DISTRIBUTOR
    webhooks = options.webhooks.model_copy(update={"allow_networks": ("127.0.0.0/8",)})
    monkeypatch.setattr(settings, "DISTRIBUTOR", options.model_copy(update={"webhooks": webhooks}))
    monkeypatch.setattr(endpoint_jobs, "_reach", Reach())
    monkeypatch.setattr(endpoint_jobs, "_outage", Outage())
    endpoint_jobs._rate.cache_clear()
    guarding.guard.cache_clear()
    yield
    guarding.guard.cache_clear()


def _endpoint(url: str, **changes: Any) -> Endpoint:
    endpoint = Endpoint.objects.get(pk=endpoints.add(url, format="standard").endpoint.pk)
    Endpoint.objects.filter(pk=endpoint.pk).update(**changes)
    return endpoint


def _issued(release_id: str = "", revision: str = "1", **changes: Any) -> Edition:
    edition = editions.issue(
        replace(RELEASE, id=release_id or str(uuid.uuid4()), **changes),
        revision=revision,
        leaves_at=timezone.now() - timedelta(seconds=1),
        issuer="kim",
        channels=["webhook"],
    )
    fanout.fan_out(edition.pk)
    return edition


def _deliver(edition: Edition) -> None:
    Batch.objects.filter(edition=edition).update(lease_until=None)
    for batch in Batch.objects.filter(edition=edition).exclude(due_at=None):
        delivering.deliver(batch.pk)


def _again(edition: Edition) -> Delivery:
    """Let the one delivery of ``edition`` fall due, and deliver it."""
    Delivery.objects.filter(edition=edition).update(due_at=timezone.now())
    Batch.objects.filter(edition=edition).update(due_at=timezone.now())
    _deliver(edition)
    return Delivery.objects.get(edition=edition)


def _in(least: float, most: float, began: datetime, moment: datetime | None) -> bool:
    """Whether ``moment`` lies so many seconds after a moment between ``began`` and now."""
    assert moment is not None
    latest = timezone.now() + timedelta(seconds=most)
    return began + timedelta(seconds=least) <= moment <= latest


def test_410_ends_an_endpoint_at_once_and_a_redirect_is_not_followed() -> None:
    with Listener() as elsewhere, Listener(redirect(302, elsewhere.url())) as moved:
        with Listener(answer(410)) as gone:
            ended, other = _endpoint(gone.url()), _endpoint(moved.url())
            edition = _issued()
            _deliver(edition)
        assert elsewhere.connections == 0
    ended.refresh_from_db()
    assert (ended.state, ended.reason) == ("disabled", "gone")
    rows = dict(Delivery.objects.values_list("recipient", "state"))
    assert rows == {ended.pk: "failed", other.pk: "pending"}
    assert Attempt.objects.get(delivery__recipient=other.pk).reason == "redirect"


@pytest.mark.parametrize(
    ("status", "hint", "least", "most"),
    [
        (429, "120", 120, 120),
        (503, "120", 120, 120),
        (429, "-5", 5, 5.5),
        (503, "soon", 5, 5.5),
        (429, "999999999", 86_400, 86_400),
    ],
)
def test_what_a_receiver_asks_for_is_given(
    status: int, hint: str, least: float, most: float
) -> None:
    with Listener(answer(status, headers=[("Retry-After", hint)])) as listener:
        endpoint = _endpoint(listener.url())
        edition, began = _issued(), timezone.now()
        _deliver(edition)
    assert _in(least, most, began, Delivery.objects.get().due_at)
    endpoint.refresh_from_db()
    assert endpoint.failures == (status == 503)


def test_five_failures_pause_an_endpoint_and_waiting_costs_no_attempt() -> None:
    with Listener(answer(500)) as listener:
        endpoint = _endpoint(listener.url(), failures=4)
        edition, began = _issued(), timezone.now()
        _deliver(edition)
        endpoint.refresh_from_db()
        assert endpoint.failures == 5
        assert _in(60, 60, began, endpoint.paused_until)
        waiting = _again(edition)
        assert (waiting.attempts, waiting.state, len(listener.requests)) == (1, "pending", 1)
        assert _in(60, 60, began, waiting.due_at)
        for failures, seconds in ((5, 120), (6, 240), (40, 3600)):
            began = timezone.now()
            Endpoint.objects.update(failures=failures, paused_until=began)
            _again(edition)
            endpoint.refresh_from_db()
            assert _in(seconds, seconds, began, endpoint.paused_until)


def test_one_success_ends_the_pause() -> None:
    with Listener(in_turn(answer(500), answer(200))) as listener:
        endpoint = _endpoint(listener.url(), failures=4)
        edition = _issued()
        _deliver(edition)
        Endpoint.objects.update(paused_until=timezone.now())
        assert _again(edition).state == "delivered"
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.paused_until, endpoint.slow) == (0, None, False)


def test_every_retry_has_the_same_id_and_body() -> None:
    with Listener(failing(2)) as listener:
        _endpoint(listener.url())
        edition = _issued()
        _deliver(edition)
        _again(edition)
        assert _again(edition).attempts == 3
        sent = listener.requests
    assert len({request.header("webhook-id") for request in sent}) == 1
    assert len({request.body for request in sent}) == 1


def test_a_newer_edition_closes_what_is_owed_of_the_older() -> None:
    with Listener(failing(1)) as listener:
        _endpoint(listener.url())
        first = _issued()
        _deliver(first)
        second = _issued(str(first.release_id), "2", lead="Ny ingress.")
        _again(second)
        _deliver(first)
        assert [b'"version":2' in request.body for request in listener.requests] == [False, True]
    states = dict(Delivery.objects.values_list("edition__number", "state"))
    assert states == {1: "failed", 2: "delivered"}
    assert Delivery.objects.get(edition=first).reason == "superseded"


def test_a_chat_that_had_nothing_before_hears_of_a_correction_under_the_plain_title() -> None:
    fact = Correction(kind="fact", note="Fel dag.", wrong="måndag", right="tisdag")
    with Listener() as told, Listener(in_turn(answer(500), answer(200))) as waiting:
        for listener in (told, waiting):
            endpoints.add(listener.url(), format="slack")
        first = _issued(title="Skolan öppnar")
        _deliver(first)
        again = {"act": "release.corrected", "correction": fact, "lead": "På tisdag."}
        _deliver(_issued(str(first.release_id), "2", **again))
    titles = [json.loads(listener.requests[-1].body)["text"] for listener in (told, waiting)]
    assert titles == ["RÄTTELSE: Skolan öppnar", "Skolan öppnar"]


def test_a_withdrawal_ends_what_waits_for_a_retry_and_is_told_to_nobody_who_lacks_the_text() -> (
    None
):
    with Listener(failing(1)) as unlucky, Listener() as lucky:
        missed, had = _endpoint(unlucky.url()), _endpoint(lucky.url())
        first = _issued()
        _deliver(first)
        withdrawn = _issued(str(first.release_id), "2", act="release.withdrawn")
        Delivery.objects.filter(edition=first).update(due_at=timezone.now())
        Batch.objects.filter(edition=first).update(due_at=timezone.now())
        _deliver(first)
        _deliver(withdrawn)
        assert [b"withdrawn" in request.body for request in unlucky.requests] == [False]
        assert [b"withdrawn" in request.body for request in lucky.requests] == [False, True]
    older = dict(Delivery.objects.filter(edition=first).values_list("recipient", "reason"))
    assert older == {missed.pk: "superseded", had.pk: ""}
    assert Delivery.objects.get(edition=withdrawn).recipient == had.pk


def test_while_an_older_edition_is_on_the_wire_the_newer_waits() -> None:
    with Listener() as listener:
        _endpoint(listener.url())
        first = _issued()
        Delivery.objects.update(state="sending", due_at=timezone.now() + timedelta(seconds=20))
        second = _issued(str(first.release_id), "2", lead="Ny ingress.")
        assert _again(second).state == "pending"
        assert listener.requests == []
        Delivery.objects.filter(edition=first).update(state="delivered")
        assert _again(second).state == "delivered"


def test_ten_hosts_that_cannot_be_reached_are_our_own_trouble(
    redis_server: str, client: Client
) -> None:
    ports = [free_port() for _ in range(11)]
    made = [_endpoint(f"http://127.0.0.1:{port}/") for port in ports]
    for number, endpoint in enumerate(made):
        Endpoint.objects.filter(pk=endpoint.pk).update(host=f"host{number}.example")
    edition, began = _issued(), timezone.now()
    _deliver(edition)
    rows = Delivery.objects.filter(edition=edition)
    assert set(rows.values_list("state", "attempts")) == {("pending", 0)}
    assert all(_in(60, 60, began, row.due_at) for row in rows)
    assert not Endpoint.objects.filter(failures__gt=0).exists()
    assert "cut off" in client.get("/readyz").json()["webhooks"]
    assert "webhooks" not in vitals.NEEDED, "it is ready all the same"
    Endpoint.objects.update(state="disabled")
    with Listener() as listener:
        _endpoint(listener.url())
        _deliver(_issued())
    assert client.get("/readyz").json()["webhooks"] == "ok"


def test_an_endpoint_is_asked_as_often_as_it_allows_and_waiting_costs_no_attempt(
    redis_server: str,
) -> None:
    with Listener() as listener:
        _endpoint(listener.url(), max_per_minute=12)
        made, began = [_issued() for _ in range(4)], timezone.now()
        for edition in made:
            _deliver(edition)
        assert len(listener.requests) == 2, "a sixth at once"
        waiting = Delivery.objects.filter(state="pending")
        assert set(waiting.values_list("attempts", flat=True)) == {0}
        next_one = 60 / (12 - 2 + 1)
        assert all(_in(next_one, next_one, began, row.due_at) for row in waiting)
        with redis.client(redis_server) as connected:
            connected.flushall()
        assert _again(made[-1]).state == "delivered"
    assert not Endpoint.objects.filter(failures__gt=0).exists()


@pytest.mark.parametrize("most", [1, 50, 600])
def test_in_no_minute_more_than_the_limit_and_without_redis_an_equal_share(most: int) -> None:
    passed = itertools.count()
    moments: list[float] = [0.0]
    endpoint = Endpoint(pk=1, max_per_minute=most)
    away = Buckets(Redis.from_url("unix:///nowhere/redis.sock"))
    workers = [EndpointRate(away, lambda: 2, lambda: moments[-1]) for _ in range(2)]
    times: list[float] = []
    for _ in range(2400):
        moments.append(next(passed) / 10)
        times += [moments[-1] for rate in workers if not rate.waits([endpoint])]
    busiest = max(bisect_left(times, at + 59.99) - at_ for at_, at in enumerate(times))
    assert busiest <= max(most, 2), "two workers, each of whom has one at least"
    assert len(times) >= 0.8 * 4 * most


def test_nine_of_them_count_each_against_itself() -> None:
    for _ in range(9):
        _endpoint(f"http://127.0.0.1:{free_port()}/")
    edition = _issued()
    _deliver(edition)
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}
    assert set(Endpoint.objects.values_list("failures", flat=True)) == {1}


def test_retries_and_slow_endpoints_leave_first_attempts_their_slots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint_jobs, "SLOT", 60.0)
    open_now: set[int] = set()
    counts: list[int] = []
    with Listener() as good, Listener() as bad:

        def late(conversation: Any) -> None:
            open_now.add(id(conversation))
            counts.append(len(open_now))
            good.wait_for(20, 60)
            conversation.pause(0.05)
            open_now.discard(id(conversation))
            answer(200)(conversation)

        bad.script = late
        for number in range(12):
            _endpoint(bad.url(f"/{number}"), slow=True)
        for number in range(20):
            _endpoint(good.url(f"/{number}"))
        _deliver(_issued())
    # No slow one answers before all good ones are asked: had one of those to wait, none would end.
    assert set(Delivery.objects.values_list("state", flat=True)) == {"delivered"}
    assert max(counts) <= endpoint_jobs.SLOW_SLOTS


def _left_behind(until: datetime) -> tuple[Batch, rounds.Due]:
    """The delivery to a new endpoint, claimed by us ``until`` then, and its batch."""
    with Listener() as listener:
        _endpoint(listener.url())
        _issued()
    batch = Batch.objects.select_related("edition").get()
    Batch.objects.update(holder=leases.holder())
    (due,) = rounds.begin(batch, 5, after=0)
    rounds.extend(due, until)
    return batch, due


def test_what_is_in_overtime_is_nobodys_to_send_and_is_recorded_when_known() -> None:
    until = timezone.now() + timedelta(seconds=20)
    batch, due = _left_behind(until)
    rounds.close(batch)
    rounds.settle(batch)
    row = Delivery.objects.get()
    assert (row.state, row.due_at) == ("sending", until)
    batch.refresh_from_db()
    assert batch.due_at == until
    error = Unavailable("timeout")
    rounds.record_late(batch.pk, Outcome(due.id, error, "", time.time()), claimed_until=until)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 1)
    rounds.begin(batch, 5, after=0)
    Delivery.objects.update(state="sending", due_at=timezone.now() - timedelta(seconds=1))
    rounds.settle(batch)
    row.refresh_from_db()
    assert row.state == "pending", "the process died, and it falls due by itself"


def test_a_failure_that_is_known_after_its_time_takes_nothing_from_whoever_is_at_it() -> None:
    until = timezone.now() - timedelta(seconds=1)
    batch, due = _left_behind(until)
    rounds.settle(batch)
    assert rounds.begin(batch, 5, after=0), "it fell due, and somebody else is at it"
    late = Outcome(due.id, Unavailable("connect"), "", time.time())
    rounds.record_late(batch.pk, late, claimed_until=until)
    rounds.record(batch, [Outcome(due.id, None, "200", time.time())])
    assert Delivery.objects.get().state == "delivered"


def test_whatever_is_on_the_wire_is_in_the_journal_as_begun() -> None:
    unknown: list[str] = []
    with Listener() as listener:
        many = by_webhook.connections() + 20
        asked = [_endpoint(listener.url(f"/{number}")).pk for number in range(many)]
        edition = _issued()
        rows = dict(Delivery.objects.values_list("recipient", "pk"))
        batch = Batch.objects.get().pk

        def look(conversation: Any) -> None:
            target = conversation.request.target
            if rows[asked[int(target[1:])]] not in (journal.unanswered(batch) or ()):
                unknown.append(target)
            answer(200)(conversation)

        listener.script = look
        _deliver(edition)
        assert len(listener.requests) == many
    assert unknown == [], "after a kill nobody would know that these may have it"


def test_who_answers_after_the_database_failed_is_not_asked_again() -> None:
    faults = iter([OperationalError("deadlock detected")])

    def away(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE dispatch_delivery SET state = 'delivered'"):
            for fault in faults:
                raise fault
        return execute(sql, *rest)

    with Listener() as quick, Listener(slowly(1.0, answer(200))) as slow:
        _endpoint(quick.url())
        _endpoint(slow.url())
        edition = _issued()
        with connection.execute_wrapper(away), pytest.raises(OperationalError):
            _deliver(edition)
        slow.closing.wait(1.0)
        _deliver(edition)
        assert (len(quick.requests), len(slow.requests)) == (1, 1)
    assert set(Delivery.objects.values_list("state", "attempts")) == {("delivered", 1)}


def test_who_was_still_asked_when_the_process_had_to_stop_may_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoint_jobs, "OVERTIME", 0)
    monkeypatch.setattr(by_webhook, "LAST_WORDS", 0.2)
    monkeypatch.setattr(stopping, "_asked", threading.Event())

    def stop(conversation: Any) -> None:
        stopping.request()
        conversation.pause(60)

    with Listener(stop) as listener:
        endpoint = _endpoint(listener.url())
        edition = _issued()
        _deliver(edition)
        assert len(listener.requests) == 1
        withdrawn = _issued(edition.release_id, "2", act="release.withdrawn")
        told = Delivery.objects.filter(edition=withdrawn, channel="webhook")
        assert set(told.values_list("recipient", flat=True)) == {endpoint.pk}


def test_what_waits_to_be_decided_is_not_lost() -> None:
    told: list[Outcome] = []
    reach = Reach()
    gone = Outcome(1, Unavailable("connect"), "", 0.0)
    reach.heard("a.example", gone, told.append)
    assert told == []
    reach.heard("b.example", Outcome(2, None, "200", 0.0), told.append)
    assert [outcome.delivery for outcome in told] == [1, 2]
    assert told[0].tried
    reach.heard("a.example", gone, told.append)
    reach.settle()
    assert len(told) == 3
    assert not reach.out
