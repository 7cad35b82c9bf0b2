"""What the guard puts on the wire, and what of its surroundings it ignores."""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from distributor import __version__
from distributor.adapters.http import Guard
from distributor.adapters.http.wire import tls_context
from distributor.errors import Unavailable
from tests.listeners.certificates import Authority
from tests.listeners.http import Listener, answer, drip, hang

TIMEOUT = 0.4


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def to_loopback(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
    return socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)


def test_the_request_is_whole_and_has_these_headers_and_no_others() -> None:
    guard = Guard(allow_networks=["127.0.0.0/8"], site_url="https://press.example")
    with Listener() as listener:
        answer = guard.request(
            "POST",
            listener.url("/hook?a=b%20c"),
            body=b'{"a":1}',
            headers=[("Content-Type", "application/json"), ("X-Own", "1")],
        )
    (request,) = listener.requests
    assert (request.method, request.target) == ("POST", "/hook?a=b%20c")
    assert {name.lower(): value for name, value in request.headers} == {
        "host": f"127.0.0.1:{listener.port}",
        "user-agent": f"distributor/{__version__} (+https://press.example/)",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
        "content-type": "application/json",
        "x-own": "1",
        "content-length": "7",
    }
    assert request.body == b'{"a":1}'
    assert (answer.status, answer.body, answer.truncated) == (200, b"ok", False)
    assert answer.header("content-length") == "2"


def test_the_name_is_in_host_sni_and_certificate(authority: Authority) -> None:
    guard = Guard(
        allow_networks=["127.0.0.0/8"], ca_file=authority.ca_file, getaddrinfo=to_loopback
    )
    with Listener(tls=authority.context(["hook.example"])) as listener:
        url = f"https://hook.example.:{listener.port}/"
        found = guard.request("GET", url)
        assert listener.requests[0].server_name == "hook.example"
        assert listener.requests[0].header("host") == f"hook.example:{listener.port}"
        assert found.seen.tls.startswith("TLSv1.")
        assert found.seen.certificate == "hook.example"
        assert found.seen.expires is not None
        probed = guard.probe(url)
        assert (probed.address, probed.certificate) == ("127.0.0.1", "hook.example")
        assert len(listener.requests) == 1
        with pytest.raises(Unavailable, match="tls"):
            guard.request("GET", f"https://other.example:{listener.port}/")


def test_our_authorities_stand_beside_the_public_ones(authority: Authority) -> None:
    with Listener(tls=authority.context(["127.0.0.1"])) as listener:
        with pytest.raises(Unavailable, match="tls"):
            Guard(allow_networks=["127.0.0.0/8"]).request("GET", listener.url())
        known = tls_context(None).cert_store_stats()["x509_ca"]
        assert tls_context(authority.ca_file).cert_store_stats()["x509_ca"] == known + 1
        assert tls_context(authority.ca_file) is tls_context(authority.ca_file)


def test_the_environment_changes_nothing(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hidden\n")
    netrc.chmod(0o600)
    with (
        Listener() as proxy,
        Listener(tls=authority.context(["127.0.0.1"])) as secure,
        Listener() as plain,
    ):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
            monkeypatch.setenv(name.lower(), proxy.url(""))
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            monkeypatch.setenv(name, str(tmp_path / "nothing"))
        guard = Guard(allow_networks=["127.0.0.0/8"], ca_file=authority.ca_file)
        for listener in (secure, plain):
            assert guard.request("POST", listener.url(), body=b"{}").status == 200
            assert listener.requests[0].header("authorization") is None
        assert proxy.connections == 0


def test_no_log_line_quotes_a_url(caplog: pytest.LogCaptureFixture) -> None:
    """The libraries would: what they ask for at DEBUG, and headers that they cannot read."""
    guard = Guard(allow_networks=["127.0.0.0/8"])
    strange = answer(200, b"", [("A\x00B", "c"), ("no colon", "x")])
    with caplog.at_level(logging.DEBUG), Listener(strange) as listener:
        guard.request("POST", listener.url("/planted-secret?planted-token=1"))
    assert "planted" not in caplog.text


def test_the_first_address_that_answers_is_used() -> None:
    def two(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        return [
            entry
            for text in ("127.0.0.2", "127.0.0.1")
            for entry in socket.getaddrinfo(text, port, type=socket.SOCK_STREAM)
        ]

    guard = Guard(allow_networks=["127.0.0.0/8"], getaddrinfo=two)
    with Listener() as listener:
        found = guard.request("GET", f"http://two.example:{listener.port}/")
    assert found.seen.address == "127.0.0.1"


def test_many_threads_share_one_clock() -> None:
    hasty = Guard(allow_networks=["127.0.0.0/8"], timeout=TIMEOUT)
    patient = Guard(allow_networks=["127.0.0.0/8"], timeout=60)
    outcomes: list[str] = []

    def ask(guard: Guard, url: str) -> None:
        try:
            outcomes.append(str(guard.request("POST", url, body=b"{}").status))
        except Unavailable as error:
            outcomes.append(error.reason)

    with Listener(hang) as silent, Listener() as good:
        threads = [
            threading.Thread(target=ask, args=asked)
            for asked in [(hasty, silent.url()), (patient, good.url())] * 20
        ]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert time.monotonic() - started < 20 * TIMEOUT, "one waits for another"
    assert sorted(outcomes) == ["200"] * 20 + ["timeout"] * 20


def _in_a_child(url: str, answers: Any) -> None:
    try:
        Guard(allow_networks=["127.0.0.0/8"], timeout=0.3).request("GET", url)
    except Unavailable as error:
        answers.send(error.reason)
    answers.close()
    os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_clock_runs_in_a_forked_child_too() -> None:
    with Listener(drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")) as listener:
        with pytest.raises(Unavailable):  # the parent's clock runs now
            Guard(allow_networks=["127.0.0.0/8"], timeout=0.2).request("GET", listener.url())
        near, far = multiprocessing.Pipe(duplex=False)
        child = multiprocessing.get_context("fork").Process(
            target=_in_a_child, args=(listener.url(), far)
        )
        child.start()
        assert near.poll(60)
        assert near.recv() == "timeout"
        child.join(60)
