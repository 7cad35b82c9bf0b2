"""What each answer of a relay means for a delivery."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.adapters.smtp.answers import STOPPING, Step, enhanced_code, meaning
from distributor.errors import DeliveryError, Refused, Unavailable

BEFORE_MAIL: tuple[Step, ...] = ("connect", "greeting", "ehlo", "auth")
FROM_MAIL: tuple[Step, ...] = ("mail", "rcpt", "data", "end")
FROM_RCPT: tuple[Step, ...] = ("rcpt", "data", "end")


def said(reply: str, at: Step) -> DeliveryError:
    code, _, text = reply.partition(" ")
    return meaning(int(code), enhanced_code(text), text, at)


@pytest.mark.parametrize("at", FROM_MAIL)
@pytest.mark.parametrize(
    ("reply", "kind", "about", "reason"),
    [
        ("421 closing", Unavailable, "relay", "closing"),
        ("421 4.3.2 shutting down", Unavailable, "relay", "closing"),
        ("421 4.7.28 rate", Unavailable, "ours", "rate"),
        ("421 4.7.0 try again later", Unavailable, "ours", "policy"),
        ("421 4.7.0 Error: too many errors", Unavailable, "ours", "policy"),
        ("421 4.7.0 too many messages", Unavailable, "ours", "rate"),
        ("530 log in first", Unavailable, "relay", "authentication"),
        ("530 5.5.1 Authentication Required", Unavailable, "relay", "authentication"),
        ("534 5.7.9 mechanism too weak", Unavailable, "relay", "authentication"),
        ("535 5.7.3 unsuccessful", Unavailable, "relay", "authentication"),
        ("538 5.7.11 encryption needed", Unavailable, "relay", "authentication"),
        ("550 5.7.8 bad credentials", Unavailable, "relay", "authentication"),
        ("454 4.7.0 temporary authentication failure", Unavailable, "ours", "policy"),
        ("450 4.7.28 unusual rate of mail", Unavailable, "ours", "rate"),
        ("450 4.7.28", Unavailable, "ours", "rate"),
        ("452 4.5.3 too many recipients", Unavailable, "ours", "rate"),
        ("452 4.5.3 later", Unavailable, "unknown", "temporary"),
        (
            "451 4.7.650 the mail server has been temporarily rate limited",
            Unavailable,
            "ours",
            "rate",
        ),
        ("451 4.7.1 greylisted, come back", Unavailable, "ours", "policy"),
        ("450 4.7.500 server busy, temporarily", Unavailable, "ours", "policy"),
        ("451 4.3.0 later", Unavailable, "unknown", "temporary"),
        ("451 rate limit, too many messages", Unavailable, "unknown", "temporary"),
        ("452 out of space", Unavailable, "unknown", "temporary"),
        ("451 5.7.1 digits that disagree", Unavailable, "unknown", "temporary"),
        ("550 5.2.3 message too long", Refused, "message", "too-large"),
        ("552 5.3.4 message too big", Refused, "message", "too-large"),
        ("554 5.6.0 malformed", Refused, "message", "content"),
        ("550 5.6.7 no SMTPUTF8", Refused, "message", "content"),
        ("550 5.1.7 bad sender", Refused, "ours", "sender"),
        ("550 5.1.8 sender's domain", Refused, "ours", "sender"),
        ("550 5.7.1 blocked", Refused, "ours", "policy"),
        ("550 5.7.1 no such user here, go away", Refused, "ours", "policy"),
        ("554 5.7.0 spam", Refused, "ours", "policy"),
        ("554 go away", Refused, "ours", "policy"),
        ("554 4.7.1 digits that disagree", Refused, "ours", "policy"),
        ("550 5.7.20 no DKIM", Refused, "ours", "unauthenticated"),
        ("550 5.7.26 neither SPF nor DKIM", Refused, "ours", "unauthenticated"),
        ("550 5.7.30 DKIM", Refused, "ours", "unauthenticated"),
        ("550 5.7.515 access denied", Refused, "ours", "unauthenticated"),
        ("550 5.7.2 an older meaning", Refused, "ours", "policy"),
        ("500 what?", Refused, "ours", "protocol"),
        ("501 syntax", Refused, "ours", "protocol"),
        ("502 not implemented", Refused, "ours", "protocol"),
        ("503 sequence", Refused, "ours", "protocol"),
        ("504 parameter", Refused, "ours", "protocol"),
        ("550 5.5.0 wrong", Refused, "ours", "protocol"),
        ("555 5.5.4 unsupported parameter", Refused, "ours", "protocol"),
        ("550 5.4.1 no answer from host", Refused, "unknown", "refused"),
        ("550 5.3.0 other", Refused, "unknown", "refused"),
        ("550 mailbox unavailable", Refused, "unknown", "refused"),
        ("571 strange", Refused, "unknown", "refused"),
        ("250 out of place", Unavailable, "relay", "unexpected-reply"),
        ("334 out of place", Unavailable, "relay", "unexpected-reply"),
    ],
)
def test_a_row(at: Step, reply: str, kind: type, about: str, reason: str) -> None:
    error = said(reply, at)
    assert (type(error), error.about, error.reason) == (kind, about, reason)
    assert error.reply == reply


@pytest.mark.parametrize("at", FROM_RCPT)
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("550 5.1.1 user unknown", "no-such-address"),
        ("553 5.1.3 bad syntax", "no-such-address"),
        ("551 5.1.6 moved", "no-such-address"),
        ("556 5.1.10 null MX", "no-such-address"),
        ("556 does not accept mail", "no-such-address"),
        ("550 5.4.1 Recipient address rejected: Access denied.", "no-such-address"),
        ("550 5.1.2 no such domain", "no-such-domain"),
        ("550 5.4.4 unable to route", "no-such-domain"),
        ("550 5.2.1 disabled", "disabled"),
        ("552 5.2.2 over quota", "full"),
    ],
)
def test_evidence_about_the_recipient(at: Step, reply: str, reason: str) -> None:
    error = said(reply, at)
    assert (type(error), error.about, error.reason) == (Refused, "recipient", reason)
    assert said(reply, "mail").about != "recipient"


@pytest.mark.parametrize("at", FROM_RCPT)
def test_full_for_now(at: Step) -> None:
    error = said("452 4.2.2 mailbox full", at)
    assert (type(error), error.about, error.reason) == (Unavailable, "recipient", "full")
    assert said("452 4.2.2 mailbox full", "mail").about == "unknown"


@pytest.mark.parametrize("code", [550, 551, 553])
@pytest.mark.parametrize(
    "text",
    [
        "No such user here",
        "<a@b.example>: Recipient address rejected: User unknown in local recipient table",
        "unknown user",
        "invalid recipient",
        "sorry, no mailbox here by that name",
        "the account a@b.example does not exist",
        "mailbox not found",
        "User doesn't exist: a@b.example",
    ],
)
def test_no_such_user_is_believed_at_rcpt_without_a_code(code: int, text: str) -> None:
    assert meaning(code, "", text, "rcpt").reason == "no-such-address"
    for at in ("mail", "data", "end"):
        assert meaning(code, "", text, at).about == "unknown"
    assert meaning(552, "", text, "rcpt").about == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "Sender address rejected: unknown user",
        "MAIL FROM user unknown",
        "relaying denied",
        "Requested action not taken: mailbox unavailable",
        "blocked: see https://list.example",
    ],
)
def test_other_texts_are_evidence_against_nobody(text: str) -> None:
    assert meaning(550, "", text, "rcpt").about == "unknown"


def test_552_without_a_code_is_about_the_message_but_at_rcpt() -> None:
    for at in ("mail", "data", "end"):
        assert meaning(552, "", "too much", at).about == "message"
    assert meaning(552, "", "too much", "rcpt").about == "unknown"


@pytest.mark.parametrize("at", BEFORE_MAIL)
@pytest.mark.parametrize("reply", ["421 busy", "421 4.7.0 too many connections", "450 4.7.28 slow"])
def test_before_mail_it_is_the_relays_matter(at: Step, reply: str) -> None:
    error = said(reply, at)
    assert (type(error), error.about) == (Unavailable, "relay")
    assert error.reason not in STOPPING


@pytest.mark.parametrize("reply", ["554 no service", "550 5.7.1 blocked", "521 no mail here"])
def test_a_refused_connection_refuses_nobody(reply: str) -> None:
    for at in ("connect", "greeting", "ehlo"):
        error = said(reply, at)
        assert (type(error), error.about, error.reason) == (Unavailable, "relay", "no-service")


def test_a_refused_login_stops_the_relay_and_a_delayed_one_does_not() -> None:
    assert said("535 5.7.8 wrong", "auth").reason in STOPPING
    assert said("504 5.5.4 mechanism", "auth").reason in STOPPING
    assert said("454 4.7.0 later", "auth").reason not in STOPPING
    assert said("530 5.7.0 TLS first", "ehlo").reason in STOPPING


@settings(deadline=None)
@given(
    st.integers(200, 599),
    st.sampled_from(["", "5.1.1 ", "5.7.1 ", "4.2.2 ", "4.7.28 ", "2.0.0 ", "5.999.999 "]),
    st.text(max_size=40),
    st.sampled_from(BEFORE_MAIL + FROM_MAIL),
)
def test_it_always_has_an_answer(code: int, enhanced: str, text: str, at: Step) -> None:
    text = enhanced + text
    error = meaning(code, enhanced_code(text), text, at)
    assert error.about in ("recipient", "message", "relay", "ours", "unknown")
    assert not isinstance(error, Refused) or code >= 500
    if at in BEFORE_MAIL or not 400 <= code <= 599:
        assert error.about == "relay"


def test_an_enhanced_code_is_found_at_the_head_only() -> None:
    assert enhanced_code("5.1.1 no") == "5.1.1"
    assert enhanced_code("5.1.1") == "5.1.1"
    assert enhanced_code("4.7.28\nmore") == "4.7.28"
    for text in ("no 5.1.1", "5.1", "5.1.1x", "3.1.1 x", "5.1.1234 x", ""):
        assert enhanced_code(text) == ""
