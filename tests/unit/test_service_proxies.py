"""What a reverse proxy says is believed of those that are named, and of nobody else."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from distributor.service.proxies import Proxies

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def seen(networks: tuple[Any, ...] = NETWORKS, **environ: str) -> dict[str, Any]:
    """What the application behind sees of a request over plain HTTP to ``inside``."""
    got: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: object) -> list[bytes]:
        got.update(environ)
        return []

    request = {"wsgi.url_scheme": "http", "HTTP_HOST": "inside", "REMOTE_ADDR": "10.1.1.1"}
    Proxies(application, networks)(request | environ, None)
    return got


FORWARDED = {
    "HTTP_X_FORWARDED_FOR": "203.0.113.9",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "press.example.org",
}


def test_a_named_proxy_is_believed() -> None:
    got = seen(**FORWARDED)
    assert got["REMOTE_ADDR"] == "203.0.113.9"
    assert got["wsgi.url_scheme"] == "https"
    assert got["HTTP_HOST"] == "press.example.org"


@pytest.mark.parametrize("networks", [(), NETWORKS])
def test_nobody_else_is_and_nothing_of_it_gets_through(networks: tuple[Any, ...]) -> None:
    got = seen(networks, REMOTE_ADDR="192.0.2.1", **FORWARDED)
    assert (got["REMOTE_ADDR"], got["wsgi.url_scheme"]) == ("192.0.2.1", "http")
    assert got["HTTP_HOST"] == "inside"
    assert not any(name.startswith("HTTP_X_FORWARDED") for name in got)


@pytest.mark.parametrize(
    ("hops", "reader"),
    [
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.7, 203.0.113.9, 10.2.2.2", "203.0.113.9"),
        ("10.3.3.3, 10.2.2.2", "10.3.3.3"),
        ("203.0.113.9, unknown", "10.1.1.1"),
        ("203.0.113.9, unknown, 10.2.2.2", "10.2.2.2"),
        ("", "10.1.1.1"),
        ("2001:db8::1, fd00::2", "2001:db8::1"),
        ("203.0.113.9, ::ffff:10.2.2.2", "203.0.113.9"),
    ],
)
def test_the_reader_is_the_last_who_is_no_proxy(hops: str, reader: str) -> None:
    assert seen(HTTP_X_FORWARDED_FOR=hops)["REMOTE_ADDR"] == reader


def test_an_unknown_scheme_changes_nothing() -> None:
    assert seen(HTTP_X_FORWARDED_PROTO="ftp")["wsgi.url_scheme"] == "http"
