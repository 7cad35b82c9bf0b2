"""Endpoints: what is sealed, which secrets sign, and what the self-check finds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook

from distributor import sealing
from distributor.adapters.http import Blocked
from distributor.audience import endpoints, matching
from distributor.audience.guarding import guard
from distributor.audience.keys import keys
from distributor.audience.models import Endpoint, Secret
from distributor.release import Site
from tests.listeners.http import Listener, answer, in_turn

pytestmark = pytest.mark.django_db

SITE = Site(
    name="Ekvik", url="http://127.0.0.1:8000", languages=("sv", "en"), time_zone="Europe/Stockholm"
)


@pytest.fixture(autouse=True)
def loopback(settings):
    """Endpoints on 127.0.0.1 are allowed."""
    options = settings.DISTRIBUTOR
    webhooks = options.webhooks.model_validate(
        options.webhooks.model_dump() | {"allow_networks": ["127.0.0.0/8"], "timeout_seconds": 5}
    )
    settings.DISTRIBUTOR = options.model_copy(update={"webhooks": webhooks})
    guard.cache_clear()
    yield
    guard.cache_clear()


@pytest.fixture
def listener():
    with Listener(answer(200)) as listening:
        yield listening


def add(listener: Listener, path: str = "/hook", format: str = "standard") -> endpoints.Added:
    return endpoints.add(listener.url(path), format=format)


def database() -> bytes:
    """Every cell of the endpoints' tables, as it lies in the database."""
    cells = []
    with connection.cursor() as cursor:
        for table in ("audience_endpoint", "audience_secret"):
            cursor.execute(f"SELECT * FROM {table}")
            cells += [cell for row in cursor.fetchall() for cell in row]
    return b"\n".join(
        bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
        for cell in cells
    )


def test_url_and_secret_are_sealed_for_their_row_alone(listener):
    one = add(listener, "/t0ken-one")
    two = add(listener, "/t0ken-two")
    assert b"t0ken" not in database()
    assert one.secret.encode() not in database()
    assert "t0ken" not in repr(one)
    assert one.secret not in repr(one)
    assert endpoints.target(one.endpoint).url == listener.url("/t0ken-one")
    assert endpoints.target(one.endpoint).secrets == (one.secret,)
    Endpoint.objects.filter(pk=one.endpoint.pk).update(sealed_url=two.endpoint.sealed_url)
    with pytest.raises(ValueError, match="not sealed"):
        endpoints.target(Endpoint.objects.get(pk=one.endpoint.pk))


def test_an_old_key_still_opens_and_a_lost_one_does_not(listener, monkeypatch):
    added = add(listener)
    old = keys()
    monkeypatch.setattr(endpoints, "keys", lambda: sealing.Keys("n" * 50, (old.current, *old.old)))
    assert endpoints.target(added.endpoint).secrets == (added.secret,)
    with pytest.raises(ValueError, match="already"):
        add(listener)
    monkeypatch.setattr(endpoints, "keys", lambda: sealing.Keys("n" * 50))
    with pytest.raises(ValueError, match="not sealed"):
        endpoints.target(added.endpoint)
    assert endpoints.shown(added.endpoint) == f"https://127.0.0.1:{listener.port}/…"


def test_rotation_signs_with_both_until_the_overlap_ends(listener):
    added = add(listener)
    fresh = endpoints.rotate(added.endpoint, overlap_hours=24)
    assert endpoints.target(added.endpoint).secrets == (fresh, added.secret)
    assert endpoints.try_out(added.endpoint, SITE).error is None
    (call,) = listener.requests
    for secret in (fresh, added.secret):
        Webhook(secret).verify(call.body, dict(call.headers))
    ends = Secret.objects.exclude(ends_at=None).get().ends_at
    assert timedelta(hours=23.9) < ends - timezone.now() <= timedelta(hours=24)
    Secret.objects.exclude(ends_at=None).update(ends_at=timezone.now())
    assert endpoints.target(added.endpoint).secrets == (fresh,)


def test_without_overlap_the_old_secret_ends_at_once(listener):
    added = add(listener)
    endpoints.rotate(added.endpoint, overlap_hours=24)
    fresh = endpoints.rotate(added.endpoint, overlap_hours=0)
    assert endpoints.target(added.endpoint).secrets == (fresh,)
    assert Secret.objects.count() == 1


def test_three_secrets_live_and_a_fourth_ends_the_oldest(listener):
    added = add(listener)
    made = [added.secret, *(endpoints.rotate(added.endpoint) for _ in range(3))]
    assert endpoints.target(added.endpoint).secrets == tuple(reversed(made[1:]))


def test_a_later_rotation_never_lengthens_an_overlap(listener):
    added = add(listener)
    endpoints.rotate(added.endpoint, overlap_hours=1)
    endpoints.rotate(added.endpoint, overlap_hours=168)
    oldest = Secret.objects.order_by("pk").first()
    assert oldest.ends_at - timezone.now() <= timedelta(hours=1)


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_has_its_limits(listener, hours):
    with pytest.raises(ValueError, match="168"):
        endpoints.rotate(add(listener).endpoint, overlap_hours=hours)


def test_chat_is_not_signed_and_not_trusted(listener):
    added = add(listener, format="slack")
    assert added.secret is None
    assert added.endpoint.max_per_minute == 50
    assert endpoints.target(added.endpoint).secrets == ()
    with pytest.raises(ValueError, match="not signed"):
        endpoints.rotate(added.endpoint)
    with pytest.raises(ValueError, match="trusted"):
        endpoints.add(listener.url("/x"), format="teams", trusted=True)


def test_one_url_may_be_there_once_for_each_format(listener):
    add(listener)
    with pytest.raises(ValueError, match="already"):
        add(listener)
    with pytest.raises(ValueError, match="already"):
        endpoints.add(listener.url().replace("http:", "HTTP:"), format="standard")
    other = add(listener, format="ninjs")
    endpoints.delete(other.endpoint)
    add(listener, format="ninjs")


def test_a_cloudevents_receiver_is_asked_and_has_to_consent():
    script = in_turn(
        answer(200),
        answer(200, headers=[("WebHook-Allowed-Origin", "other.example")]),
        answer(
            405, headers=[("WebHook-Allowed-Origin", "127.0.0.1"), ("WebHook-Allowed-Rate", "30")]
        ),
    )
    with Listener(answer(200)) as listener:
        # The self-check's bare connection, which asks for nothing, takes no turn.
        listener.script = lambda conversation: conversation.request and script(conversation)
        added = add(listener, format="cloudevents")
        assert (added.endpoint.state, added.endpoint.reason) == ("disabled", "unconfirmed")
        assert "WebHook-Allowed-Origin" in added.warnings[0]
        (listed,) = matching.endpoints([], "sv", "release.published", embargoed=False)
        assert (listed.id, listed.able) == (added.endpoint.pk, False)
        endpoints.enable(added.endpoint)
        assert Endpoint.objects.get().state == "disabled"
        assert endpoints.enable(added.endpoint) == ()
        enabled = Endpoint.objects.get()
        assert (enabled.state, enabled.reason, enabled.max_per_minute) == ("enabled", "", 30)
        assert {request.method for request in listener.requests} == {"OPTIONS"}


def test_enabling_asks_the_guard_again(listener, settings):
    added = add(listener)
    endpoints.disable(added.endpoint)
    options = settings.DISTRIBUTOR
    closed = options.webhooks.model_copy(update={"allow_networks": ()})
    settings.DISTRIBUTOR = options.model_copy(update={"webhooks": closed})
    guard.cache_clear()
    with pytest.raises(Blocked):
        endpoints.enable(Endpoint.objects.get())
    assert Endpoint.objects.get().state == "disabled"


def test_the_site_itself_is_never_an_endpoint(settings):
    with pytest.raises(Blocked) as refused:
        endpoints.add(settings.DISTRIBUTOR.site.url + "/hook", format="standard")
    assert refused.value.rule == "own"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"format": "fax"}, "no format"),
        ({"topics": ["no-such"]}, "no topic"),
        ({"languages": ["fr"]}, "not a language"),
        ({"name": "x" * 81}, "80"),
        ({"name": "a\u202eb"}, "name"),
        ({"contact": "nobody"}, "@"),
    ],
)
def test_what_else_is_wrong_is_said_and_nothing_saved(listener, wrong, said):
    with pytest.raises(ValueError, match=said):
        endpoints.add(listener.url(), **({"format": "standard"} | wrong))
    assert not Endpoint.objects.exists()
