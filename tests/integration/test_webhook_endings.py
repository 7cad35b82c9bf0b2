"""Endpoints that fail for days: their tries, warnings and end; and what they get afterwards.

Time passes by moving what stands in the database back.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from distributor.audience import endpoints, guarding
from distributor.audience.models import Endpoint, Letter
from distributor.dispatch import (
    by_email,
    delivering,
    endpoint_control,
    endpoint_jobs,
    endpoint_standing,
    letters,
    sweep,
)
from distributor.dispatch.endpoint_reach import Reach
from distributor.dispatch.endpoint_standing import Answered
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.dispatch.retry import PLANS
from distributor.errors import Unavailable
from tests import fanning
from tests.listeners.http import Listener, answer
from tests.listeners.smtp import Listener as MailServer

pytestmark = pytest.mark.django_db

DOWN = Unavailable("http_5xx", "503", about="recipient")


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    options = settings.DISTRIBUTOR
    webhooks = options.webhooks.model_copy(update={"allow_networks": ("127.0.0.0/8",)})
    monkeypatch.setattr(settings, "DISTRIBUTOR", options.model_copy(update={"webhooks": webhooks}))
    monkeypatch.setattr(endpoint_jobs, "_reach", Reach())
    guarding.guard.cache_clear()
    yield
    guarding.guard.cache_clear()


def _endpoint(url: str = "http://127.0.0.1:9999/", **changes: Any) -> Endpoint:
    added = endpoints.add(url, format="standard", contact="drift@mottagare.example").endpoint
    Endpoint.objects.filter(pk=added.pk).update(**changes)
    return Endpoint.objects.get(pk=added.pk)


def _issued(after: Edition | None = None, **words: Any) -> Edition:
    return fanning.issue(after, channels=("webhook",), **words)


def _deliver(edition: Edition) -> None:
    for batch in Batch.objects.filter(edition=edition).exclude(due_at=None):
        delivering.deliver(batch.pk)


def _pass_time(wait: timedelta) -> None:
    """All of it was so much longer ago, and what waits is due now."""
    now = timezone.now()
    for model, names in (
        (Delivery, ("since",)),
        (Endpoint, ("failing_since", "warned_at", "disabled_at")),
    ):
        model._default_manager.update(**{name: F(name) - wait for name in names})
    Endpoint.objects.update(paused_until=None)
    Delivery.objects.filter(state="pending").update(due_at=now)
    Batch.objects.exclude(due_at=None).update(due_at=now)


def _fail(endpoint: Endpoint, attempt: int = 4) -> Endpoint:
    endpoint_standing.learn([Answered(endpoint.pk, attempt, DOWN, 0.1)])
    return Endpoint.objects.get(pk=endpoint.pk)


def _kinds() -> list[str]:
    return list(Letter.objects.order_by("pk").values_list("kind", flat=True))


def test_a_dead_endpoint_gets_ten_attempts_each_wait_a_little_longer_than_its_step() -> None:
    with Listener(answer(500)) as listener:
        _endpoint(listener.url())
        edition = _issued()
        waits = []
        for number in range(1, 11):
            before = timezone.now()
            _deliver(edition)
            row = Delivery.objects.get()
            assert row.attempts == number
            if row.state == "pending":
                waits.append((row.due_at - before).total_seconds())
                _pass_time(row.due_at - before)
        assert row.state == "failed"
        assert len(listener.requests) == 10
    for wait, step in zip(waits, PLANS["webhook"].waits, strict=True):
        assert step <= wait <= 1.1 * step + 5
    endpoint = Endpoint.objects.get()
    assert endpoint.state == "enabled", "ten failures over 83 hours are not five days"
    assert _kinds() == ["endpoint-failing"] * 2, "it was warned of after 24 and 60 hours"


def test_nobody_is_disabled_before_five_days_ten_failures_and_a_warning() -> None:
    User.objects.create_superuser("kim", "kim@ekvik.example")
    endpoint = _endpoint()
    for _ in range(12):
        endpoint = _fail(endpoint)
    assert (endpoint.failures, endpoint.state, _kinds()) == (12, "enabled", [])
    for hours, warned in ((25, 1), (36, 2), (48, 3), (10, 3)):
        _pass_time(timedelta(hours=hours))
        for _ in range(2):
            endpoint = _fail(endpoint)
        assert endpoint.state == "enabled"
        assert _kinds() == ["endpoint-failing"] * warned
    _pass_time(timedelta(hours=2))
    assert _fail(endpoint, attempt=3).state == "enabled", "its third attempt at that delivery"
    endpoint = _fail(endpoint)
    assert (endpoint.state, endpoint.reason) == ("disabled", "failing")
    told = Letter.objects.filter(kind="endpoint-disabled").values_list("address", flat=True)
    assert set(told) == {"drift@mottagare.example", "kim@ekvik.example"}
    _fail(endpoint)
    assert len(_kinds()) == 5, "each of them is told once"


def test_who_failed_unseen_for_five_days_is_warned_first() -> None:
    since = timezone.now() - timedelta(hours=130)
    endpoint = _endpoint(failures=20, failing_since=since)
    assert _fail(endpoint).state == "enabled"
    assert _kinds() == ["endpoint-failing"]
    _pass_time(timedelta(hours=11))
    assert _fail(endpoint).state == "enabled"
    _pass_time(timedelta(hours=2))
    assert _fail(endpoint).state == "disabled"


def test_nine_failures_are_too_few_and_one_success_begins_anew() -> None:
    since = timezone.now() - timedelta(hours=200)
    old = {"failing_since": since, "warned": 3, "warned_at": since}
    endpoint = _endpoint(failures=8, **old)
    assert _fail(endpoint).state == "enabled"
    endpoint_standing.learn([Answered(endpoint.pk, 5, None, 0.1)])
    endpoint = _fail(endpoint)
    assert (endpoint.failures, endpoint.warned, endpoint.warned_at) == (1, 0, None)
    assert endpoint.failing_since is not None
    assert timezone.now() - endpoint.failing_since < timedelta(minutes=1)


@pytest.mark.parametrize("contact", ["", "drift@mottagare.example"])
def test_without_anybody_to_warn_nobody_is_disabled(contact: str) -> None:
    since = timezone.now() - timedelta(hours=130)
    endpoint = _endpoint(failures=20, failing_since=since, contact=contact)
    for _ in range(3):
        endpoint = _fail(endpoint)
        _pass_time(timedelta(hours=13))
    assert (endpoint.state == "disabled") == bool(contact)


def test_what_is_owed_is_closed_when_an_endpoint_ends_and_enabling_sends_none_of_it() -> None:
    with Listener(answer(500)) as listener:
        endpoint = _endpoint(listener.url())
        first, second = _issued(), _issued()
        _deliver(first)
        listener.script = answer(410)
        _deliver(second)
        rows = Delivery.objects.values_list("state", "reason").order_by("edition")
        assert list(rows) == [("failed", "disabled"), ("failed", "gone")]
        assert not Batch.objects.exclude(due_at=None).exists(), "nothing is owed"
        third = _issued()
        listener.script = answer(200)
        before = len(listener.requests)
        endpoint.refresh_from_db()
        assert endpoint_control.troubles()[0]["missed"] == 3
        enabled = endpoint_control.enable(endpoint)
        assert enabled.missed == 3
        sweep.ring_due()
        for edition in (first, second, third):
            _deliver(edition)
        assert len(listener.requests) == before
        assert endpoint_control.replay(endpoint, enabled.since) == 3
        for edition in (first, second, third):
            _deliver(edition)
        assert len(listener.requests) == before + 3
        assert endpoint_control.replay(endpoint, enabled.since) == 0
    assert set(Delivery.objects.values_list("state", "attempts")) == {("delivered", 1)}
    assert endpoint_control.troubles() == []


def test_replay_sends_of_each_missed_release_the_newest_edition_once() -> None:
    with Listener() as listener:
        endpoint = _endpoint(listener.url())
        endpoint_control.disable(endpoint)
        first = _issued()
        corrected = _issued(first, act="release.corrected", kind="fact", lead="Rättat.")
        other = _issued()
        since = timezone.now() - timedelta(hours=1)
        endpoint.refresh_from_db()
        with pytest.raises(ValueError, match="disabled"):
            endpoint_control.replay(endpoint, since)
        endpoint_control.enable(endpoint)
        with pytest.raises(ValueError, match="30 days"):
            endpoint_control.replay(endpoint, since - timedelta(days=31))
        assert endpoint_control.replay(endpoint, since) == 2
        for edition in (first, corrected, other):
            _deliver(edition)
        assert len(listener.requests) == 2
        assert sum(b'"version":2' in request.body for request in listener.requests) == 1
        assert endpoint_control.replay(endpoint, since, delivered=True) == 2


def test_who_missed_the_first_and_does_not_want_updates_gets_the_newest_by_replay() -> None:
    with Listener() as listener:
        endpoint = _endpoint(listener.url(), updates=False)
        endpoint_control.disable(endpoint)
        first = _issued()
        second = _issued(first, act="release.updated", kind="update", lead="Nytt.")
        assert not Delivery.objects.filter(edition=second).exists()
        endpoint.refresh_from_db()
        endpoint_control.enable(endpoint)
        assert endpoint_control.replay(endpoint, timezone.now() - timedelta(hours=1)) == 1
        _deliver(second)
        assert [b'"version":2' in request.body for request in listener.requests] == [True]


def test_a_letter_leaves_as_a_mail_once_and_waits_while_there_is_no_mail_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_email.postman.cache_clear()
    _fail(_endpoint(failures=20, failing_since=timezone.now() - timedelta(hours=25)))
    letter = Letter.objects.get()
    letters.send(letter.pk)
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("pending", 0)
    with MailServer() as server:
        options = settings.DISTRIBUTOR
        changes = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "security": "none"}
        mail = options.email.model_copy(update=changes)
        monkeypatch.setattr(settings, "DISTRIBUTOR", options.model_copy(update={"email": mail}))
        by_email.postman.cache_clear()
        Letter.objects.update(due_at=timezone.now())
        for _ in range(2):
            letters.send(letter.pk)
        postman = by_email.postman()
        assert postman is not None
        postman.close()
    by_email.postman.cache_clear()
    (taken,) = server.mails
    letter.refresh_from_db()
    assert (letter.state, letter.due_at) == ("sent", None)
    assert taken.recipient == "drift@mottagare.example"
    mail_read = email.message_from_bytes(taken.message, policy=email.policy.default)
    assert mail_read["Subject"] == "Webhooken ”127.0.0.1:9999” når inte fram"
