"""Hostile servers, by HTTP and HTTPS: what comes of each, how long it takes, what it costs."""

from __future__ import annotations

import gzip
import ssl
import time
import tracemalloc
import warnings
from pathlib import Path

import pytest

from distributor.adapters.http import Answer, Guard
from distributor.errors import Unavailable
from tests.listeners.certificates import Authority
from tests.listeners.http import (
    Conversation,
    Listener,
    Script,
    answer,
    drip,
    flood,
    hang,
    redirect,
    then_hang,
    then_linger,
    then_reset,
    write,
)

PATIENCE = 60.0
HASTE, HASTE_FOR_A_HEAD = 0.3, 1.0
"""Seconds for what never comes: the whole answer, or the end of one whose head must come."""
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["http", "https"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Hostile:
    """Starts a listener and asks it once."""

    def __init__(self, authority: Authority, scheme: str) -> None:
        self.tls = authority.context(["127.0.0.1"]) if scheme == "https" else None
        self.ca_file = authority.ca_file
        self.guard = self.patient_for(PATIENCE)
        self.guard.request("POST", self.listen(answer()).url())  # the TLS context is made now
        self.listener.close()

    def patient_for(self, seconds: float) -> Guard:
        return Guard(allow_networks=["127.0.0.0/8"], timeout=seconds, ca_file=self.ca_file)

    def listen(
        self, script: Script, *, before_reading: bool = False, raw: bool = False
    ) -> Listener:
        self.listener = Listener(script, tls=self.tls, before_reading=before_reading, raw=raw)
        return self.listener

    def ask(
        self,
        script: Script,
        *,
        body: bytes = b"{}",
        before_reading: bool = False,
        raw: bool = False,
        patience: float = PATIENCE,
    ) -> Answer | str:
        """The answer, or the reason why there is none, long before a listener gives up."""
        guard = self.patient_for(patience)
        with self.listen(script, before_reading=before_reading, raw=raw) as listener:
            started = time.monotonic()
            try:
                return guard.request("POST", listener.url("/secret?key=1"), body=body)
            except Unavailable as error:
                return "leaks" if "secret" in repr(error) else error.reason
            finally:
                assert time.monotonic() - started < PATIENCE / 2


@pytest.fixture
def hostile(authority: Authority, scheme: str) -> Hostile:
    return Hostile(authority, scheme)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(drip(OK, b"X-Drip: x\r\n", 0.05), id="header lines drip"),
        pytest.param(drip(b"HTTP/1.1 2", b"0", 0.05), id="a status line drips"),
        pytest.param(drip(OK + b"X: ", b"x", 0.05), id="one header drips"),
        pytest.param(then_hang(OK + b"Content-Length: 0\r\n"), id="the head never ends"),
        pytest.param(flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="endless 100"),
        pytest.param(drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02), id="slow endless 100"),
        pytest.param(
            flood(b"", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"), id="endless 103"
        ),
        pytest.param(hang, id="silence"),
    ],
)
def test_what_never_comes_to_an_answer_is_a_timeout(hostile: Hostile, script: Script) -> None:
    assert hostile.ask(script, patience=HASTE) == "timeout"


def test_a_handshake_that_hangs_is_a_timeout(hostile: Hostile) -> None:
    assert hostile.ask(hang, raw=True, patience=HASTE) == "timeout"


def test_a_handshake_that_drips_is_a_timeout(authority: Authority) -> None:
    hostile = Hostile(authority, "https")
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03"
    assert hostile.ask(drip(record, b"\0", 0.05), raw=True, patience=HASTE) == "timeout"


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(drip(OK + b"\r\n", b"x"), id="a body drips"),
        pytest.param(drip(OK + b"Content-Length: 99\r\n\r\n", b"x"), id="a body with length drips"),
        pytest.param(
            drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nxx\r\n", 0.01),
            id="chunks drip",
        ),
    ],
)
def test_a_body_that_drips_is_cut_at_the_deadline(hostile: Hostile, script: Script) -> None:
    answer = hostile.ask(script, patience=HASTE_FOR_A_HEAD)
    assert isinstance(answer, Answer), answer
    assert answer.status == 200
    assert answer.body.startswith(b"x")
    assert len(answer.body) <= 65536
    assert answer.truncated


@pytest.mark.parametrize(
    ("script", "begins", "cut"),
    [
        pytest.param(
            flood(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"800\r\n" + b"z" * 2048 + b"\r\n"),
            b"z" * 65536,
            True,
            id="endless chunks",
        ),
        pytest.param(
            flood(OK + b"Content-Length: 3221225472\r\n\r\n", b"g" * 65536),
            b"g" * 65536,
            True,
            id="3 GB",
        ),
        pytest.param(
            then_reset(OK + b"Content-Length: 10\r\n\r\nabc", after=0.05), b"abc", True, id="RST"
        ),
        pytest.param(
            write(OK + b"Content-Length: 10\r\n\r\nabc"), b"abc", True, id="ends too early"
        ),
        pytest.param(
            write(OK + b"Content-Length: 3\r\n\r\n\xff\xfe\x00"),
            b"\xff\xfe\0",
            False,
            id="no UTF-8",
        ),
        pytest.param(
            write(OK + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n"), b"", True, id="bad chunk size"
        ),
        pytest.param(
            write(
                b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                + OK
                + b"Content-Length: 2\r\n\r\nok"
            ),
            b"ok",
            False,
            id="103 before 200",
        ),
    ],
)
def test_an_answer_is_an_answer_whatever_its_body_does(
    hostile: Hostile, script: Script, begins: bytes, cut: bool
) -> None:
    answer = hostile.ask(script)
    assert isinstance(answer, Answer), answer
    assert answer.status == 200
    assert answer.body.startswith(begins)
    assert len(answer.body) <= 65536
    assert answer.truncated is cut


def test_compressed_bodies_are_kept_as_they_came(hostile: Hostile) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    answer = hostile.ask(
        write(OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    )
    assert isinstance(answer, Answer)
    assert answer.body == bomb[:65536]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(
            write(OK + b"X: y\r\n" * 101 + b"Content-Length: 0\r\n\r\n"),
            "bad_answer",
            id="101 lines",
        ),
        pytest.param(
            flood(OK, b"X: " + b"y" * 1000 + b"\r\n", 70), "bad_answer", id="70 kB of headers"
        ),
        pytest.param(flood(OK + b"X: ", b"y" * 65536), "bad_answer", id="a header without end"),
        pytest.param(write(b"<html>hello</html>\r\n"), "bad_answer", id="HTTP/0.9"),
        pytest.param(write(b"\x00\xff\xfegarbage"), "bad_answer", id="garbage"),
        pytest.param(write(b"HTTP/2.0 200 OK\r\n\r\n"), "bad_answer", id="HTTP/2"),
        pytest.param(write(b"HTTP/1.1 2OO OK\r\n\r\n"), "bad_answer", id="a status of letters"),
        pytest.param(write(b""), "reset", id="closes"),
        pytest.param(write(OK + b"Content-Length: 0\r\n"), "reset", id="closes inside the head"),
        pytest.param(then_reset(), "reset", id="RST"),
        pytest.param(then_reset(OK, after=0.05), "reset", id="RST inside the head"),
    ],
)
def test_what_is_no_answer(hostile: Hostile, script: Script, reason: str) -> None:
    assert hostile.ask(script) == reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers_and_are_not_followed(hostile: Hostile, status: int) -> None:
    with Listener() as target:
        answer = hostile.ask(redirect(status, target.url("/private")))
        assert isinstance(answer, Answer)
        assert (answer.status, answer.header("location")) == (status, target.url("/private"))
        assert target.connections == 0


def test_cookies_are_not_kept(hostile: Hostile) -> None:
    script = answer(200, b"", [("Set-Cookie", "a=b; Path=/"), ("Set-Cookie", "c=d")])
    with hostile.listen(script) as listener:
        for _ in range(2):
            hostile.guard.request("POST", listener.url())
        assert [request.header("cookie") for request in listener.requests] == [None, None]


@pytest.mark.parametrize("ending", ["close", "reset", "wait"])
def test_an_answer_before_the_body_was_read(hostile: Hostile, ending: str) -> None:
    """Sixty-four kilobytes are under way, and the other side answers without reading any."""
    early = OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok"
    script: Script = {
        "close": then_linger(early),
        "reset": then_reset(early, after=0.1),
        "wait": then_hang(early),
    }[ending]
    patience = HASTE_FOR_A_HEAD if ending == "wait" else PATIENCE
    answer = hostile.ask(script, body=b"x" * 65536, before_reading=True, patience=patience)
    assert isinstance(answer, Answer), answer
    assert answer.status == 200


def test_an_answer_to_a_body_that_could_not_be_sent(hostile: Hostile) -> None:
    """More is under way than all buffers hold, so that sending fails when the other side resets."""
    early = OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nok"
    answer = hostile.ask(then_reset(early, after=0.1), body=b"x" * 16_000_000, before_reading=True)
    assert isinstance(answer, Answer), answer
    assert answer.status == 200


def test_the_most_memory_that_an_answer_can_cost(hostile: Hostile) -> None:
    def everything(conversation: Conversation) -> None:
        conversation.send(OK + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 600) for n in range(95)))
        flood(b"\r\n", b"g" * 16384)(conversation)

    with hostile.listen(everything) as listener:
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            answer = hostile.guard.request("POST", listener.url())
            peak = tracemalloc.get_traced_memory()[1] - before
        finally:
            tracemalloc.stop()
    assert answer.truncated
    assert peak < 8 * 1024 * 1024


def test_nothing_listens() -> None:
    listener = Listener()
    url = listener.url()
    listener.close()
    with pytest.raises(Unavailable) as caught:
        Guard(allow_networks=["127.0.0.0/8"]).request("POST", url)
    assert caught.value.reason == "connect"


@pytest.mark.parametrize("fault", ["name", "expired", "self-signed", "old"])
def test_certificates_that_are_not_good(authority: Authority, tmp_path: Path, fault: str) -> None:
    signer = Authority(tmp_path, "Stranger") if fault == "self-signed" else authority
    context = signer.context(
        ["other.example" if fault == "name" else "127.0.0.1"], expired=fault == "expired"
    )
    if fault == "old":
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore"):
            context.maximum_version = context.minimum_version = ssl.TLSVersion.TLSv1_1
    with Listener(tls=context) as listener:
        no_tls(authority, listener)
        assert listener.requests == []


def test_a_server_without_tls(authority: Authority) -> None:
    with Listener(write(b"HTTP/1.1 400 Bad Request\r\n\r\n"), before_reading=True) as listener:
        no_tls(authority, listener)


def no_tls(authority: Authority, listener: Listener) -> None:
    guard = Guard(allow_networks=["127.0.0.0/8"], timeout=PATIENCE, ca_file=authority.ca_file)
    url = f"https://127.0.0.1:{listener.port}/"
    for ask in (lambda: guard.request("POST", url, body=b"{}"), lambda: guard.probe(url)):
        with pytest.raises(Unavailable) as caught:
            ask()
        assert caught.value.reason == "tls"
