"""Greeting, EHLO, STARTTLS and AUTH, without a socket."""

from __future__ import annotations

import base64

import pytest

from distributor.adapters.smtp.answers import STOPPING
from distributor.adapters.smtp.opening import Capabilities, Opening
from distributor.adapters.smtp.parcels import Relay, Security
from distributor.errors import DeliveryError

PLAIN = base64.b64encode("\0ut\0hemlig å".encode())


def opening(security: Security = "none", *, login: bool = False, private: bool = True) -> Opening:
    relay = Relay(
        host="localhost",
        port=25,
        security=security,
        username="ut" if login else "",
        password="hemlig å" if login else "",
    )
    return Opening(relay, "press.example", private=private)


def failure(one: Opening, data: bytes) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        one.receive(data)
    assert caught.value.about == "relay"
    return caught.value


def test_a_plain_opening() -> None:
    one = opening()
    assert one.receive(b"220-relay\r\n220 ready\r\n") == b"EHLO press.example\r\n"
    out = one.receive(
        b"250-relay\r\n250-PIPELINING\r\n250-size 1000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
        b"250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN login\r\n"
        b"250-STARTTLS\r\n250 HELP\r\n"
    )
    assert out == b""
    assert one.capabilities == Capabilities(
        pipelining=True,
        size=1000,
        eightbit=True,
        smtputf8=True,
        dsn=True,
        starttls=True,
        auth=frozenset({"PLAIN", "LOGIN"}),
    )


@pytest.mark.parametrize("line", ["SIZE", "SIZE x", "SIZE 0", "SIZE ²", "SIZE -1", "", " "])
def test_a_size_that_states_no_limit(line: str) -> None:
    assert Capabilities.read([line]).size == 0


def test_the_old_way_to_offer_auth() -> None:
    assert Capabilities.read(["AUTH=LOGIN"]).auth == {"LOGIN"}


def test_helo_where_ehlo_is_not_known() -> None:
    one = opening()
    one.receive(b"220 x\r\n")
    assert one.receive(b"502 what?\r\n") == b"HELO press.example\r\n"
    one.receive(b"250 x\r\n")
    assert one.capabilities == Capabilities()


def test_a_relay_that_does_not_want_us() -> None:
    assert failure(opening(), b"554 no\r\n").reason == "no-service"
    assert failure(opening(), b"421 busy\r\n").reason == "closing"
    assert failure(opening(), b"250 odd\r\n").reason == "no-service"
    assert failure(opening(), b"SSH-2.0-x\r\n").reason == "garbage"
    one = opening()
    one.receive(b"220 x\r\n")
    assert failure(one, b"450 later\r\n").reason == "no-service"


def test_starttls_and_ehlo_again() -> None:
    one = opening("starttls")
    one.receive(b"220 x\r\n")
    assert one.receive(b"250-x\r\n250-PIPELINING\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
    assert one.receive(b"220 go ahead\r\n") == b""
    assert one.wants_tls
    assert one.secured() == b"EHLO press.example\r\n"
    assert not one.wants_tls
    one.receive(b"250 x\r\n")
    assert one.capabilities == Capabilities()


@pytest.mark.parametrize("ehlo", [b"250-x\r\n250 AUTH PLAIN\r\n", b"250 x\r\n"])
def test_without_starttls_nothing_more_is_said(ehlo: bytes) -> None:
    one = opening("starttls", login=True)
    one.receive(b"220 x\r\n")
    error = failure(one, ehlo)
    assert error.reason == "no-starttls"
    assert error.reason in STOPPING


def test_starttls_refused() -> None:
    for reply, stops in ((b"454 4.7.0 later\r\n", False), (b"502 no\r\n", True)):
        one = opening("starttls")
        one.receive(b"220 x\r\n")
        one.receive(b"250-x\r\n250 STARTTLS\r\n")
        assert (failure(one, reply).reason in STOPPING) is stops


@pytest.mark.parametrize("more", [b"250 injected\r\n", b"2", b"\r\n"])
def test_octets_behind_the_starttls_reply_end_it(more: bytes) -> None:
    one = opening("starttls")
    one.receive(b"220 x\r\n")
    one.receive(b"250-x\r\n250 STARTTLS\r\n")
    failure(one, b"220 go ahead\r\n" + more)


def test_an_answer_before_the_question_ends_it() -> None:
    failure(opening(), b"220 x\r\n250 too early\r\n")


def logged_in(one: Opening, auth: bytes) -> bytes:
    one.receive(b"220 x\r\n")
    return one.receive(b"250-x\r\n250 AUTH " + auth + b"\r\n")


def test_auth_plain() -> None:
    one = opening("tls", login=True)
    assert logged_in(one, b"LOGIN PLAIN") == b"AUTH PLAIN " + PLAIN + b"\r\n"
    assert one.receive(b"235 ok\r\n") == b""
    assert one.capabilities is not None


def test_auth_plain_for_a_server_that_asks_first() -> None:
    one = opening("tls", login=True)
    logged_in(one, b"PLAIN")
    assert one.receive(b"334 \r\n") == PLAIN + b"\r\n"
    one.receive(b"235 ok\r\n")
    assert one.capabilities is not None


def test_auth_login() -> None:
    one = opening("tls", login=True)
    assert logged_in(one, b"LOGIN CRAM-MD5") == b"AUTH LOGIN\r\n"
    assert one.receive(b"334 VXNlcm5hbWU6\r\n") == base64.b64encode(b"ut") + b"\r\n"
    assert one.receive(b"334 UGFzc3dvcmQ6\r\n") == base64.b64encode("hemlig å".encode()) + b"\r\n"
    one.receive(b"235 ok\r\n")
    assert one.capabilities is not None


@pytest.mark.parametrize(
    ("reply", "stops"),
    [(b"535 5.7.8 wrong\r\n", True), (b"534 weak\r\n", True), (b"454 4.7.0 later\r\n", False)],
)
def test_auth_refused(reply: bytes, stops: bool) -> None:
    one = opening("tls", login=True)
    logged_in(one, b"PLAIN")
    assert (failure(one, reply).reason in STOPPING) is stops


def test_auth_not_offered() -> None:
    one = opening("tls", login=True)
    one.receive(b"220 x\r\n")
    assert failure(one, b"250-x\r\n250 AUTH GSSAPI\r\n").reason == "authentication"


def test_no_password_in_the_clear_to_another_machine() -> None:
    one = opening("none", login=True, private=False)
    one.receive(b"220 x\r\n")
    error = failure(one, b"250-x\r\n250 AUTH PLAIN\r\n")
    assert error.reason == "authentication"
