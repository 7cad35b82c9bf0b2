"""Hostile URLs and lying names: refused when saved and when sent, with no connection made."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from distributor.adapters.http import Blocked, Guard
from distributor.errors import Unavailable
from tests.listeners.http import Listener

IN_DISGUISE = [
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0x7f.1"),
    *("0177.0.0.1", "017700000001", "0177.0x0.1", "127.0.0.1.", "0", "0.0.0.0", "[127.0.0.1]"),
    *(
        "localhost",
        "localhost.",
        "LOCALHOST",
        "ip6-localhost",
        "a.localhost",
        "%31%32%37.0.0.1",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
    ),
    *("[::]", "[::1]", "[0:0:0:0:0:ffff:7f00:1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[fe80::1%25lo]", "[::1]evil.com"),
    *("127.0.0.1\\@example.com", "exa\tmple.com", "example.com@127.0.0.1"),
    *("example.com#@127.0.0.1", "x\r\n127.0.0.1", "user:password@127.0.0.1"),
]
METADATA = [
    *("169.254.169.254", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "100.100.100.200"),
    *("192.0.0.192", "168.63.129.16"),
]
SHAPES = [
    *("ftp://127.0.0.1:{port}/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/"),
    *("http+unix://%2Fvar%2Frun%2Fdocker.sock/", "//127.0.0.1:{port}/", "http:/127.0.0.1:{port}/"),
    *("https://127.0.0.1:22/", "https://127.0.0.1:6379/", "https://example.com:22/"),
    *("https://127.0.0.1:{port}/a\r\nX: y", "http://example.com/", "http://127.0.0.1:{port}/"),
]


class Names:
    """A resolver of our own: each name has answers that take turns, and lookups are counted."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): list(turns) for name, turns in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        turns = self.answers.get(host.removesuffix(".")) if host.endswith(".") else None
        if not turns:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        found = turns.pop(0) if len(turns) > 1 else turns[0]
        return [entry for text in found for entry in socket.getaddrinfo(text, port, type=1)]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


def refusal(guard: Guard, url: str) -> str:
    """The rule by which ``url`` is refused, alike when it is saved and when it is sent."""
    with pytest.raises(Blocked) as saved:
        guard.check(url)
    with pytest.raises(Blocked) as sent:
        guard.request("POST", url, body=b"{}")
    assert saved.value.rule == sent.value.rule
    return sent.value.rule


@pytest.mark.parametrize("host", IN_DISGUISE + METADATA)
def test_hostile_hosts(listener: Listener, host: str) -> None:
    """The port is one that may be opened, so that nothing but the host can be the reason."""
    try:
        refusal(Guard(ports=(listener.port,)), f"https://{host}:{listener.port}/")
    except pytest.fail.Exception:
        raise AssertionError(f"{host} was not refused") from None
    assert listener.connections == 0


def test_a_name_that_does_not_exist_is_not_found_rather_than_refused() -> None:
    guard = Guard(getaddrinfo=Names())
    assert guard.check("https://gone.example/") == "https://gone.example/"
    with pytest.raises(Unavailable, match="dns"):
        guard.request("GET", "https://gone.example/")


@pytest.mark.parametrize("url", SHAPES)
def test_hostile_schemes_ports_and_shapes(listener: Listener, url: str) -> None:
    guard = Guard(ports=(443, 8443, listener.port))
    refusal(guard, url.format(port=listener.port))
    assert listener.connections == 0


def test_the_same_hosts_are_served_where_the_operator_has_opened_the_network(
    listener: Listener,
) -> None:
    """The counterpart: what these tests refuse would otherwise have connected."""
    guard = Guard(allow_networks=["127.0.0.0/8", "::1/128"])
    for host in ("127.0.0.1", "127.0.0.1.", "localhost", "[::ffff:127.0.0.1]"):
        assert guard.request("GET", f"http://{host}:{listener.port}/").status == 200
    assert listener.connections == 4


@pytest.mark.parametrize("address", METADATA)
def test_metadata_stays_closed_in_opened_networks(address: str) -> None:
    guard = Guard(allow_networks=["169.254.0.0/16", "100.64.0.0/10", "fd00::/8", "192.0.0.0/16"])
    refusal(guard, f"http://{address}/latest/")


@pytest.mark.parametrize("port", [3306, 5432, 6379, 9200, 11211, 27017, 2525, 22, 81, 1023])
def test_ports_that_stay_closed_in_opened_networks(port: int) -> None:
    guard = Guard(allow_networks=["127.0.0.0/8"], own_ports=[2525])
    assert refusal(guard, f"http://127.0.0.1:{port}/") == "port"


def test_plain_http_in_an_opened_network_does_not_open_it_for_public_hosts() -> None:
    names = Names(public_example=[["9.9.9.9"]], mixed_example=[["9.9.9.9", "127.0.0.1"]])
    guard = Guard(allow_networks=["127.0.0.0/8"], getaddrinfo=names)
    assert refusal(guard, "http://public.example/") == "scheme"
    assert refusal(guard, "https://public.example:8080/") == "port"
    assert refusal(guard, "http://mixed.example/") == "scheme"
    relaxed = Guard(plain_http=True, getaddrinfo=names)
    assert relaxed.check("http://public.example/") == "http://public.example/"
    assert refusal(relaxed, "http://public.example:8080/") == "scheme"


def test_one_private_address_refuses_the_name(listener: Listener) -> None:
    names = Names(good_example=[["9.9.9.9", "127.0.0.1"]])
    guard = Guard(ports=(listener.port,), getaddrinfo=names)
    assert refusal(guard, f"https://good.example:{listener.port}/") == "machine"
    assert listener.connections == 0


def test_rebinding_is_found_at_the_next_lookup_and_there_is_one_per_request(
    listener: Listener,
) -> None:
    names = Names(re_example=[["9.9.9.9"], ["127.0.0.1"]])
    guard = Guard(ports=(listener.port,), getaddrinfo=names)
    url = f"https://re.example:{listener.port}/"
    assert guard.check(url) == url
    with pytest.raises(Blocked):
        guard.request("POST", url)
    assert names.asked == ["re.example.", "re.example."]
    assert listener.connections == 0


def test_the_address_that_was_vetted_is_the_one_that_is_opened(listener: Listener) -> None:
    """The name leads elsewhere at once after its first lookup."""
    names = Names(re_example=[["127.0.0.1"], ["127.0.0.9"]])
    guard = Guard(allow_networks=["127.0.0.0/8"], getaddrinfo=names)
    answer = guard.request("POST", f"http://re.example:{listener.port}/")
    assert answer.seen.address == "127.0.0.1"
    assert names.asked == ["re.example."]
    assert listener.requests[0].header("host") == f"re.example:{listener.port}"


def test_a_name_known_by_search_domain_only(listener: Listener) -> None:
    def searching(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        if host.endswith("."):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return socket.getaddrinfo(found, port, type=socket.SOCK_STREAM)

    found = "9.9.9.9"
    guard = Guard(getaddrinfo=searching)
    opened = Guard(allow_networks=["127.0.0.0/8"], getaddrinfo=searching)
    for host in ("intranet", "hook.team"):
        found = "9.9.9.9"
        assert refusal(guard, f"https://{host}/") == "local_name"
        assert refusal(opened, f"https://{host}/") == "local_name"
        found = "127.0.0.1"
        assert opened.request("GET", f"http://{host}:{listener.port}/").status == 200


def test_the_site_itself(listener: Listener) -> None:
    names = Names(
        press_example=[["9.9.9.9"]], other_example=[["127.0.0.1"]], third_example=[["127.0.0.7"]]
    )
    guard = Guard(
        allow_networks=["127.0.0.0/8"],
        own_hosts=["https://press.example", f"127.0.0.1:{listener.port}"],
        getaddrinfo=names,
    )
    for host in ("127.0.0.1", "127.0.0.7", "other.example", "third.example", "[::ffff:7f00:1]"):
        assert refusal(guard, f"http://{host}:{listener.port}/") == "own"
    assert refusal(guard, "https://PRESS.example./feed") == "own"
    assert guard.check("https://press.example:8443/") == "https://press.example:8443/"
    assert listener.connections == 0


def test_a_lookup_that_hangs_costs_the_connect_budget_and_no_more() -> None:
    found, ended = threading.Event(), threading.Event()

    def hanging(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        found.wait(60)
        ended.set()
        return []

    guard = Guard(timeout=120, connect_timeout=0.2, getaddrinfo=hanging)
    with pytest.raises(Unavailable, match="dns"):
        guard.request("GET", "https://slow.example/")
    assert not ended.is_set(), "it was waited for"
    found.set()


def test_headers_that_would_change_the_message_are_refused_when_sent(listener: Listener) -> None:
    guard = Guard(allow_networks=["127.0.0.0/8"])
    for name, value in [
        ("host", "x"),
        ("content-length", "3"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("cookie", "a=b"),
        ("proxy-authorization", "x"),
        ("x", "a\r\nb: c"),
        ("x", "a\nb"),
        ("x", "a\0"),
    ]:
        with pytest.raises(Blocked, match="header|value"):
            guard.request("POST", listener.url(), headers=[(name, value)])
    assert listener.connections == 0
