"""The breaker, and which relay is chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.adapters.smtp import Limits, Postman, Relay
from distributor.adapters.smtp.parcels import is_loopback
from distributor.adapters.smtp.routes import Breaker, Route, choose
from distributor.errors import Unavailable

DOWN = Unavailable("no-connection", about="relay")


def route(port: int = 25) -> Route:
    return Route(Relay(host="127.0.0.1", port=port, security="none"))


def fail(one: Route, times: int, now: float, *, connecting: bool = True) -> None:
    for _ in range(times):
        one.failed(DOWN, now, connecting=connecting)


def test_it_opens_after_five_failures_in_a_minute() -> None:
    breaker = Breaker()
    for second in (0, 10, 20, 30):
        breaker.failed(second)
        assert breaker.allows(second)
    breaker.failed(60)
    assert not breaker.allows(60)
    assert not breaker.allows(119.9)
    assert breaker.allows(120)


def test_five_failures_in_more_than_a_minute_do_not_open_it() -> None:
    breaker = Breaker()
    for second in range(0, 200, 16):
        breaker.failed(second)
        assert breaker.allows(second)


def test_a_success_between_them_counts() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0)
    breaker.succeeded()
    breaker.failed(1)
    assert breaker.allows(1)


def test_once_a_minute_one_try_until_it_succeeds() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0)
    assert breaker.allows(60)
    breaker.trying(60)
    assert not breaker.allows(61)
    breaker.failed(70)
    assert not breaker.allows(129)
    assert breaker.allows(130)
    breaker.trying(130)
    breaker.succeeded()
    assert breaker.allows(130)


def test_the_first_relay_is_preferred() -> None:
    first, second = route(1), route(2)
    assert choose([first, second], 0) is first


def test_the_next_one_takes_over_meanwhile() -> None:
    first, second = route(1), route(2)
    fail(first, 1, 0)
    assert choose([first, second], 0) is second
    assert choose([first, second], 11) is first
    fail(first, 4, 11)
    assert choose([first, second], 30) is second
    assert choose([first, second], 71) is first


def test_a_relay_that_admits_few_is_left_at_that() -> None:
    first, second = route(1), route(2)
    first.connections = 2
    fail(first, 1, 0)
    assert choose([first, second], 0) is None
    first.breaker.succeeded()
    assert choose([first, second], 5) is None
    assert choose([first, second], 11) is first


def test_a_relay_in_trouble_is_tried_with_one_connection() -> None:
    only = route()
    fail(only, 2, 0, connecting=False)
    assert choose([only], 1) is only
    only.connections = 1
    assert choose([only], 1) is None
    only.breaker.succeeded()
    assert choose([only], 1) is only


def test_a_relay_that_just_failed_is_given_some_seconds() -> None:
    only = route()
    fail(only, 4, 0)
    assert choose([only], 9.9) is None
    assert choose([only], 10) is only
    fail(only, 1, 10)
    assert choose([only], 69.9) is None
    assert choose([only], 70) is only


@pytest.mark.parametrize("reason", ["certificate", "no-starttls", "authentication"])
def test_a_relay_that_does_not_let_us_in_is_asked_every_five_minutes(reason: str) -> None:
    only = route()
    only.failed(Unavailable(reason, about="relay"), 0, connecting=True)
    assert not only.usable(299)
    fail(only, 1, 1)
    assert only.error is not None
    assert only.error.reason == reason
    assert only.usable(300)
    assert only.begin(300)
    assert not only.usable(599)
    only.succeeded(0)
    assert not only.usable(599)
    only.succeeded(300)
    assert only.usable(301)


def test_a_limit_is_believed_when_it_is_seen_twice() -> None:
    one = route()
    one.closed_after(7)
    one.closed_after(3)
    assert one.messages_limit is None
    one.closed_after(3)
    assert one.messages_limit == 3


def test_what_a_relay_may_be() -> None:
    for wrong in (
        {"host": ""},
        {"host": "a b"},
        {"port": 0},
        {"port": 65536},
        {"security": "ssl"},
        {"username": "u"},
        {"password": "p"},
        {"username": "u\0", "password": "p"},
        {"security": "none", "username": "u", "password": "p"},
    ):
        with pytest.raises(ValueError, match="SMTP"):
            Relay(**({"host": "mail.example", "port": 25} | wrong))  # type: ignore[arg-type]
    Relay(host="::1", port=25, security="none", username="u", password="p")
    assert "geheim" not in repr(Relay(host="x.example", port=25, username="u", password="geheim"))


def test_what_a_postman_may_be(tmp_path: Path) -> None:
    relay = Relay(host="127.0.0.1", port=25, security="none")
    with pytest.raises(ValueError, match="relay"):
        Postman([])
    with pytest.raises(ValueError, match="connections"):
        Postman([relay], connections=0)
    with pytest.raises(ValueError, match="messages"):
        Limits(messages=0)
    with pytest.raises(ValueError, match="idle"):
        Limits(idle=0)
    with pytest.raises(ValueError, match="cannot read"):
        Postman([Relay(host="x.example", port=25, ca_file=tmp_path / "none.pem")])
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ValueError, match="cannot read"):
        Postman([Relay(host="x.example", port=25, ca_file=tmp_path / "empty.pem")])


def test_loopback() -> None:
    for host in ("localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "::1"):
        assert is_loopback(host)
    for host in ("localhost.example", "10.0.0.1", "::2", "0.0.0.0", "127.0.0.1.example"):
        assert not is_loopback(host)
