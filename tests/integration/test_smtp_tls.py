"""TLS and passwords: what is not proven is not trusted, and then nothing leaves."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from distributor.adapters.smtp import Postman, Relay
from distributor.adapters.smtp.parcels import Security
from tests.integration.smtp_senders import PATIENT, outcome, outcomes, parcel, parcels
from tests.listeners.certificates import Authority
from tests.listeners.smtp import EXTENSIONS, Listener, Session

WAYS = pytest.mark.parametrize("security", ["starttls", "tls"])
USERS = {"press": "hemlig å"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("others"), "Another authority")


@contextmanager
def postman(
    listener: Listener,
    security: Security,
    ca_file: str | None,
    *,
    host: str = "127.0.0.1",
    login: bool = True,
    connections: int = 2,
) -> Iterator[Postman]:
    relay = Relay(
        host=host,
        port=listener.port,
        security=security,
        username="press" if login else "",
        password=USERS["press"] if login else "",
        ca_file=ca_file,
    )
    one = Postman([relay], connections=connections, timeouts=PATIENT)
    try:
        yield one
    finally:
        one.close()


def nothing_left(listener: Listener) -> bool:
    """No mail, no envelope and no password was heard, in the clear or in TLS."""
    words = {line.split(b" ")[0] for line in listener.heard}
    return not listener.mails and words <= {b"EHLO", b"STARTTLS", b"QUIT"}


def senders(listener: Listener) -> set[str]:
    """Who was logged in on the connections that mail came by."""
    return {listener.sessions[mail.session].user for mail in listener.mails}


@WAYS
@pytest.mark.parametrize("extensions", [EXTENSIONS, ()], ids=["pipelining", "stepwise"])
def test_mail_in_tls(security: Security, extensions: tuple[str, ...], authority: Authority) -> None:
    listener = Listener(
        context=authority.context(["127.0.0.1"]),
        implicit=security == "tls",
        users=USERS,
        extensions=extensions,
    )
    large = b"".join(b"%070d\r\n" % line for line in range(8_000))
    sent = [parcel(key, body=large if key % 20 == 5 else b"small\r\n") for key in range(60)]
    with listener, postman(listener, security, authority.ca_file) as one:
        assert set(outcomes(list(one.send(sent))).values()) == {"ok"}
    assert {mail.recipient: mail.message for mail in listener.mails} == {
        one.recipient: one.message for one in sent
    }
    for session in listener.sessions:
        assert session.tls
        assert session.user == "press"
        assert session.heard.count(b"STARTTLS") == (security == "starttls")


@WAYS
def test_a_host_name_in_the_certificate(security: Security, authority: Authority) -> None:
    context = authority.context(["localhost"])
    listener = Listener(context=context, implicit=security == "tls", users=USERS)
    with listener, postman(listener, security, authority.ca_file, host="localhost") as one:
        assert set(outcomes(list(one.send(parcels(5)))).values()) == {"ok"}


def wrong_name(mine: Authority, other: Authority) -> ssl.SSLContext:
    return mine.context(["mail.example", "127.0.0.2"])


def expired(mine: Authority, other: Authority) -> ssl.SSLContext:
    return mine.context(["127.0.0.1"], expired=True)


def unknown_authority(mine: Authority, other: Authority) -> ssl.SSLContext:
    return other.context(["127.0.0.1"])


@WAYS
@pytest.mark.parametrize("certificate", [wrong_name, expired, unknown_authority])
def test_a_certificate_that_is_not_valid_lets_nothing_out(
    security: Security,
    certificate: Callable[[Authority, Authority], ssl.SSLContext],
    authority: Authority,
    other: Authority,
) -> None:
    context = certificate(authority, other)
    listener = Listener(context=context, implicit=security == "tls", users=USERS)
    with listener, postman(listener, security, authority.ca_file) as one:
        results = list(one.send(parcels(100)))
        assert {outcome(result) for result in results} == {"Unavailable relay certificate"}
        assert 1 <= len(results) <= 2
        assert list(one.send(parcels(100))) == []
        assert nothing_left(listener)


@WAYS
def test_the_system_does_not_know_a_private_authority(
    security: Security, authority: Authority
) -> None:
    listener = Listener(context=authority.context(["127.0.0.1"]), implicit=security == "tls")
    with listener, postman(listener, security, None) as one:
        (result, *_) = list(one.send(parcels(9)))
        assert outcome(result) == "Unavailable relay certificate"
        assert nothing_left(listener)


def test_a_self_signed_certificate_lets_nothing_out(authority: Authority, other: Authority) -> None:
    """The authority's own certificate, offered by a server and trusted by nobody."""
    context = other.context(["127.0.0.1"])
    with Listener(context=context, users=USERS) as listener:
        with postman(listener, "starttls", authority.ca_file) as one:
            assert (
                outcome(next(iter(list(one.send(parcels(5)))))) == "Unavailable relay certificate"
            )
        assert nothing_left(listener)


def test_without_starttls_nothing_leaves() -> None:
    with Listener(users=USERS) as listener, postman(listener, "starttls", None) as one:
        results = list(one.send(parcels(100)))
        assert {outcome(result) for result in results} == {"Unavailable relay no-starttls"}
        assert list(one.send(parcels(100))) == []
        assert nothing_left(listener)


def test_octets_behind_the_starttls_reply_end_the_connection(authority: Authority) -> None:
    def inject(session: Session, heard: bytes) -> list[bytes] | None:
        return [b"220 go ahead", b"250 injected"] if heard == b"STARTTLS" else None

    context = authority.context(["127.0.0.1"])
    with Listener(context=context, users=USERS, answer=inject) as listener:
        with postman(listener, "starttls", authority.ca_file) as one:
            results = list(one.send(parcels(9)))
            assert {outcome(result) for result in results} == {"Unavailable relay unexpected-reply"}
        assert nothing_left(listener)


@WAYS
def test_old_versions_of_tls_are_not_spoken(security: Security, authority: Authority) -> None:
    context = authority.context(["127.0.0.1"])
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    listener = Listener(context=context, implicit=security == "tls", users=USERS)
    with listener, postman(listener, security, authority.ca_file) as one:
        (result, *_) = list(one.send(parcels(9)))
        assert outcome(result) == "Unavailable relay tls"
        assert nothing_left(listener)


def test_tls_to_a_server_that_does_not_speak_it() -> None:
    with Listener() as listener, postman(listener, "tls", None) as one:
        (result, *_) = list(one.send(parcels(9)))
        assert outcome(result) == "Unavailable relay tls"


@WAYS
def test_a_wrong_password_stops_the_relay(security: Security, authority: Authority) -> None:
    context = authority.context(["127.0.0.1"])
    listener = Listener(context=context, implicit=security == "tls", users={"press": "another"})
    with listener, postman(listener, security, authority.ca_file) as one:
        results = list(one.send(parcels(100)))
        assert {outcome(result) for result in results} == {"Unavailable relay authentication"}
        assert list(one.send(parcels(100))) == []
    assert not listener.mails
    assert len(listener.sessions) <= 2


def test_auth_login_where_plain_is_not_offered(authority: Authority) -> None:
    def only_login(session: Session, heard: bytes) -> list[bytes] | None:
        if heard.startswith(b"EHLO") and session.tls:
            return [b"250-x", b"250-PIPELINING", b"250 AUTH LOGIN"]
        return None

    context = authority.context(["127.0.0.1"])
    listener = Listener(context=context, users=USERS, answer=only_login)
    with listener, postman(listener, "starttls", authority.ca_file) as one:
        assert set(outcomes(list(one.send(parcels(3)))).values()) == {"ok"}
    assert senders(listener) == {"press"}


def test_a_password_over_loopback_without_tls() -> None:
    with Listener(users=USERS) as listener, postman(listener, "none", None) as one:
        assert set(outcomes(list(one.send(parcels(3)))).values()) == {"ok"}
    assert senders(listener) == {"press"}


def test_a_ca_file_may_be_a_path(authority: Authority) -> None:
    relay = Relay(host="x.example", port=25, ca_file=Path(authority.ca_file))
    Postman([relay]).close()
