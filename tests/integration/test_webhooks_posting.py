"""Deliveries over the wire: signed, alike at every try, and judged by what comes back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from distributor import __version__
from distributor.adapters.http import Answer, Blocked, Guard
from distributor.channels import webhooks
from distributor.channels.webhooks import Body, Target, signing
from distributor.errors import Refused, Unavailable
from distributor.release import canonical
from tests.listeners.certificates import Authority
from tests.listeners.http import Listener, Received, Script, answer, failing, hang, redirect
from tests.samples import sample_release, sample_site

SITE = sample_site()
IDENT = "msg_0192f0c1a5b27c3e8d4f9a6b1c2d3e4f"
SECRETS = (signing.new_secret(), signing.new_secret())
SIGNED = ["standard", "cloudevents", "ninjs"]
CHAT = ["slack", "teams", "mattermost", "googlechat"]


@pytest.fixture
def guard() -> Guard:
    return Guard(allow_networks=["127.0.0.0/8"], timeout=60, site_url=SITE.url)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


def body(format: str) -> Body:
    return webhooks.compose(sample_release(), SITE, format, webhook_id=IDENT)


def post(guard: Guard, url: str, format: str = "standard", **changes: object) -> Answer:
    target = Target(id=1, url=url, format=format, secrets=SECRETS, **changes)  # type: ignore[arg-type]
    return webhooks.post(guard, target, body(format), webhook_id=IDENT, timestamp=int(time.time()))


def headers(request: Received) -> dict[str, str]:
    found = {name.lower(): value for name, value in request.headers}
    assert len(found) == len(request.headers)
    return found


@pytest.mark.parametrize("format", SIGNED)
@pytest.mark.parametrize("secrets", [SECRETS[:1], SECRETS, (*SECRETS, signing.new_key())])
def test_an_independent_library_verifies_the_request(
    guard: Guard, listener: Listener, format: str, secrets: tuple[str, ...]
) -> None:
    target = Target(id=1, url=listener.url(), format=format, secrets=secrets)
    webhooks.post(guard, target, body(format), webhook_id=IDENT, timestamp=int(time.time()))
    (request,) = listener.requests
    assert len(headers(request)["webhook-signature"].split(" ")) == len(secrets)
    for secret in secrets:
        if secret.startswith("whsec_"):
            Webhook(secret).verify(request.body, headers(request))
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(request.body + b" ", headers(request))
    with pytest.raises(WebhookVerificationError):
        Webhook(signing.new_secret()).verify(request.body, headers(request))


def test_the_request_has_these_headers_and_no_others(guard: Guard, listener: Listener) -> None:
    post(guard, listener.url("/hook?key=1"), headers=(("Authorization", "Bearer x"),))
    (request,) = listener.requests
    assert (request.method, request.target) == ("POST", "/hook?key=1")
    found = headers(request)
    assert found.pop("webhook-signature").startswith("v1,")
    assert int(found.pop("webhook-timestamp")) == pytest.approx(time.time(), abs=60)
    assert found == {
        "host": f"127.0.0.1:{listener.port}",
        "user-agent": f"distributor/{__version__} (+{SITE.url}/)",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
        "content-type": "application/json",
        "content-length": str(len(request.body)),
        "webhook-id": IDENT,
        "authorization": "Bearer x",
    }


@pytest.mark.parametrize("format", SIGNED)
def test_every_try_and_endpoint_gets_the_same_bytes_and_id(guard: Guard, format: str) -> None:
    with Listener(failing(2)) as first, Listener() as second:
        for url in (first.url(), first.url(), first.url(), second.url()):
            try:
                post(guard, url, format)
            except Unavailable as error:
                assert error.reason == "http_5xx"  # noqa: PT017
        requests = first.requests + second.requests
    assert len(requests) == 4
    (content,) = {request.body for request in requests}
    assert {request.header("webhook-id") for request in requests} == {IDENT}
    assert canonical(json.loads(content)) == content == body(format).content


@pytest.mark.parametrize("format", CHAT)
def test_chats_are_not_signed(guard: Guard, format: str) -> None:
    told = answer(200, b'{"name": "spaces/A"}' if format == "googlechat" else b"ok")
    with Listener(told) as listener:
        assert post(guard, listener.url("/hook?a=b"), format).status == 200
    (request,) = listener.requests
    assert not [name for name in headers(request) if name.startswith("webhook-")]
    if format == "googlechat":
        assert request.target == (
            f"/hook?a=b&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId={IDENT}"
        )
    else:
        assert request.target == "/hook?a=b"


def test_cloudevents_say_where_they_come_from(guard: Guard, listener: Listener) -> None:
    post(guard, listener.url(), "cloudevents")
    found = headers(listener.requests[0])
    assert found["content-type"] == "application/cloudevents+json"
    assert found["webhook-request-origin"] == "press.ekvik.example"


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        (answer(410), Refused, "gone"),
        (answer(404), Unavailable, "http_4xx"),
        (answer(500), Unavailable, "http_5xx"),
        (answer(429), Unavailable, "rate_limited"),
        (redirect(302, "http://127.0.0.1:1/"), Unavailable, "redirect"),
        (hang, Unavailable, "timeout"),
    ],
)
def test_what_is_not_delivered(script: Script, kind: type[Exception], reason: str) -> None:
    patience = 0.3 if reason == "timeout" else 60
    guard = Guard(allow_networks=["127.0.0.0/8"], timeout=patience)
    with Listener(script) as listener, pytest.raises(kind) as caught:
        post(guard, listener.url())
    assert caught.value.reason == reason  # type: ignore[attr-defined]


def test_the_reply_is_kept_word_for_word(guard: Guard) -> None:
    busy = answer(503, b"Vi bygger om.", [("Retry-After", "120")])
    with Listener(busy) as listener, pytest.raises(Unavailable) as caught:
        post(guard, listener.url("/planted?token=planted"))
    assert caught.value.reply == "503 Vi bygger om."
    assert caught.value.wait == 120
    assert "planted" not in repr(caught.value) + str(caught.value)


def test_an_attempt_tells_the_answer_of_a_failure_too(guard: Guard) -> None:
    with Listener(answer(500, b"no")) as listener:
        target = Target(id=1, url=listener.url(), format="standard", secrets=SECRETS)
        made = webhooks.attempt(guard, target, body("standard"), webhook_id=IDENT, timestamp=1)
    assert made.answer is not None
    assert made.error is not None
    assert (made.answer.status, made.answer.body, made.error.reason) == (500, b"no", "http_5xx")
    made = webhooks.attempt(guard, target, body("standard"), webhook_id=IDENT, timestamp=1)
    assert made.answer is None
    assert made.error is not None
    assert made.error.reason == "connect"


def test_what_the_guard_refuses_is_not_sent(listener: Listener) -> None:
    with pytest.raises(Blocked) as caught:
        post(Guard(ports=(listener.port,)), f"https://127.0.0.1:{listener.port}/")
    assert (caught.value.reason, caught.value.rule) == ("blocked", "machine")
    opened = Guard(allow_networks=["127.0.0.0/8"])
    for name in ("webhook-id", "content-type", "Host", "Cookie", "webhook-request-origin"):
        with pytest.raises(Blocked) as caught:
            post(opened, listener.url(), headers=((name, "x"),))
        assert caught.value.rule == "header"
    with pytest.raises(Blocked):
        post(opened, listener.url(), headers=(("x", "a\r\nb: c"),))
    assert listener.connections == 0


def test_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    guard = Guard(allow_networks=["127.0.0.0/8"], ca_file=authority.ca_file)
    with Listener(tls=authority.context(["127.0.0.1"])) as listener:
        assert post(guard, listener.url()).status == 200
        Webhook(SECRETS[1]).verify(listener.requests[0].body, headers(listener.requests[0]))


def test_nothing_of_a_target_but_its_id_and_format_is_shown() -> None:
    target = Target(id=7, url="https://planted/", format="slack", secrets=("planted",))
    assert repr(target) == "Target(id=7, format='slack')"


@pytest.mark.parametrize("format", sorted(webhooks.FORMATS))
def test_a_test_goes_the_same_way(guard: Guard, format: str) -> None:
    content = b'{"name": "spaces/A"}' if format == "googlechat" else b"ok"
    tested = webhooks.test_body(
        format, SITE, endpoint="X", webhook_id=IDENT, now=datetime.now(UTC), language="en"
    )
    with Listener(answer(200, content)) as listener:
        target = Target(id=1, url=listener.url(), format=format, secrets=SECRETS)
        webhooks.post(guard, target, tested, webhook_id=IDENT, timestamp=int(time.time()))
    assert listener.requests[0].body == tested.content
    if format in SIGNED:
        Webhook(SECRETS[0]).verify(listener.requests[0].body, headers(listener.requests[0]))


@pytest.mark.parametrize(
    ("status", "told", "given", "rate"),
    [
        (200, [("WebHook-Allowed-Origin", "press.ekvik.example")], True, None),
        (405, [("WebHook-Allowed-Origin", "*"), ("WebHook-Allowed-Rate", "120")], True, 120),
        (200, [("WebHook-Allowed-Origin", "PRESS.EKVIK.EXAMPLE")], True, None),
        (200, [("WebHook-Allowed-Origin", "*"), ("WebHook-Allowed-Rate", "*")], True, None),
        (200, [("WebHook-Allowed-Origin", "*"), ("WebHook-Allowed-Rate", "-5")], True, None),
        (200, [("WebHook-Allowed-Origin", "*"), ("WebHook-Allowed-Rate", "0")], True, None),
        (200, [("WebHook-Allowed-Origin", "other.example")], False, None),
        (200, [("WebHook-Allowed-Origin", "")], False, None),
        (200, [], False, None),
    ],
)
def test_the_handshake(
    guard: Guard, status: int, told: list[tuple[str, str]], given: bool, rate: int | None
) -> None:
    with Listener(answer(status, b"", told)) as listener:
        own = [("Authorization", "Bearer x")]
        consent = webhooks.handshake(guard, listener.url(), own, per_minute=600)
    assert (consent.given, consent.per_minute) == (given, rate)
    (request,) = listener.requests
    assert request.method == "OPTIONS"
    assert request.body == b""
    assert request.header("webhook-request-origin") == "press.ekvik.example"
    assert request.header("webhook-request-rate") == "600"
    assert request.header("authorization") == "Bearer x"
