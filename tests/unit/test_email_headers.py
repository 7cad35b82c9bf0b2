"""Which headers a mail of each kind has: each of these once, and no other."""

import email
import email.policy
import re
from collections import Counter
from dataclasses import replace
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.channels.email import Reader, compose, compose_digest, compose_letter, fill, sample
from distributor.channels.email.headers import address, encoded, list_id
from distributor.errors import Refused
from tests.golden.mails import FOLLOW_UPS, digest, editions, letter, sender
from tests.samples import RELEASE_ID, sample_release, sample_site

ALWAYS = [
    *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("Content-Language", "Reply-To"),
]
LISTS = [
    *("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Owner"),
    *("List-Archive", "List-Post", "Precedence", "X-Auto-Response-Suppress", "Feedback-ID"),
]
RELEASES = [*ALWAYS, *LISTS, "Release-Id", "Release-Version"]


def names(raw: bytes) -> Counter[str]:
    return Counter(email.message_from_bytes(raw).keys())


def once(*wanted: str) -> Counter[str]:
    return Counter(wanted)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_first_mail_has_these_headers_once(language: str) -> None:
    releases = editions(language)
    for kind in ("first", "news", "invitation"):
        for segment in ("reader", "press", "press-first"):
            raw = sample(compose(releases[kind], sender(), segment=segment))
            assert names(raw) == once(*RELEASES, "Archived-At")


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("kind", FOLLOW_UPS)
def test_a_follow_up_also_names_the_first_mail(language: str, kind: str) -> None:
    raw = sample(compose(editions(language)[kind], sender(), first=False))
    archived = [] if kind == "erased" else ["Archived-At"]
    assert names(raw) == once(*RELEASES, "In-Reply-To", "References", *archived)


@pytest.mark.parametrize("segment", ["granted", "link-only"])
def test_a_mail_under_embargo_does_not_say_where_the_page_will_be(segment: str) -> None:
    raw = sample(compose(editions("sv")["embargoed"], sender(), segment=segment))
    assert names(raw) == once(*RELEASES)


def test_a_digest_is_list_mail_and_a_letter_says_a_machine_wrote_it() -> None:
    assert names(sample(compose_digest(digest("sv"), sender()))) == once(*ALWAYS, *LISTS)
    raw = sample(compose_letter(letter("sv"), sender()))
    assert names(raw) == once(*ALWAYS, "Auto-Submitted")
    assert b"\r\nAuto-Submitted: auto-generated\r\n" in raw


def test_without_a_reply_address_there_is_no_reply_to() -> None:
    raw = sample(compose(sample_release(), replace(sender(), reply_to="")))
    assert "Reply-To" not in names(raw)
    assert b"List-Owner: <mailto:press@ekvik.example>" in raw


def test_what_the_headers_say() -> None:
    reader = Reader(
        delivery=1,
        address="anna@tidning.example",
        person="ab" * 10,
        unsubscribe="cd" * 21,
        preferences="ef" * 21,
        first_number=2,
    )
    release = editions("sv")["fact"]
    raw = fill(compose(release, sender(), first=False), reader, "Wed, 15 Nov 2023 09:30:00 +0000")
    found = email.message_from_bytes(raw)
    says = {name: re.sub(r"\r\n ", " ", value) for name, value in found.items()}
    token, person = "cd" * 21, "ab" * 10
    assert says["From"] == "Ekviks kommun <press@ekvik.example>"
    assert says["To"] == "anna@tidning.example"
    assert says["Message-ID"] == f"<{RELEASE_ID}.2.{person}@ekvik.example>"
    assert says["In-Reply-To"] == says["References"] == says["Message-ID"]
    assert says["List-Id"] == "Ekviks kommun <releases.press.ekvik.example>"
    assert says["List-Unsubscribe"] == (
        f"<https://press.ekvik.example/unsubscribe/{token}>, "
        f"<mailto:u+{token}@bounce.ekvik.example>"
    )
    assert says["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert says["List-Archive"] == "<https://press.ekvik.example/>"
    assert says["Precedence"] == "bulk"
    assert says["Feedback-ID"] == "0192f0c1:reader:sv:ekvikexample"
    assert says["Release-Id"] == RELEASE_ID
    assert says["Release-Version"] == "2"
    assert says["Archived-At"] == f"<{release.url}>"
    assert len(says["Date"]) == 31


def test_press_lists_are_a_list_of_their_own() -> None:
    raw = sample(compose(sample_release(), sender(), segment="press"))
    assert b"List-Id: Ekviks kommun <press.press.ekvik.example>\r\n" in raw


def test_without_a_bounce_domain_unsubscribing_by_mail_goes_to_the_office() -> None:
    raw = sample(compose(sample_release(), replace(sender(), bounce_domain="")))
    assert b" <mailto:press@ekvik.example?subject=unsubscribe%20sample>\r\n" in raw


def test_over_http_where_the_site_is() -> None:
    site = replace(sample_site(), url="http://127.0.0.1:8000")
    raw = sample(compose(sample_release(), replace(sender(), site=site)))
    assert b"List-Unsubscribe: <http://127.0.0.1:8000/unsubscribe/sample>," in raw
    assert b"<releases.127.0.0.1>" in raw


def test_a_message_id_is_the_persons_and_the_same_on_every_try() -> None:
    made = compose(sample_release(), sender())
    ids = set()
    for person in range(1000):
        reader = Reader(
            delivery=person,
            address="a@b.example",
            person=f"{person:020x}",
            unsubscribe="a",
            preferences="b",
        )
        tries = {
            re.search(rb"Message-ID: (\S+)", fill(made, reader, date))[1]  # type: ignore[index]
            for date in ("Wed, 15 Nov 2023 09:30:00 +0000", "Wed, 15 Nov 2023 11:30:00 +0000")
        }
        assert len(tries) == 1
        ids |= tries
    assert len(ids) == 1000


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_any_subject_survives_the_round_trip(subject: str) -> None:
    line = f"Subject: {encoded('Subject', subject)}\r\n"
    assert line.isascii()
    assert all(len(part) <= 76 for part in line.split("\r\n")) or subject.isascii()
    value = email.message_from_string(line + "\r\n")["Subject"].replace("\r\n", "")
    assert str(make_header(decode_header(value))) == subject


def test_a_subject_that_looks_encoded_is_only_text() -> None:
    raw = sample(compose(replace(sample_release(), title="=?utf-8?q?Nej?="), sender()))
    assert email.message_from_bytes(raw, policy=email.policy.default)["Subject"] == (
        "=?utf-8?q?Nej?="
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("press@ekvik.example", ("", "press@ekvik.example")),
        ("Ekvik <press@ekvik.example>", ("Ekvik", "press@ekvik.example")),
        ('"Ekvik, press" <p@EKVIK.example>', ("Ekvik, press", "p@ekvik.example")),
        ("Räksmörgås <p@räksmörgås.example>", ("Räksmörgås", "p@xn--rksmrgs-5wao1o.example")),
    ],
)
def test_an_address_is_a_name_and_an_a_label(value: str, expected: tuple[str, str]) -> None:
    assert address(value, "email.from") == expected


@pytest.mark.parametrize("name", ["Ekvik, press", "Räksmörgås kommun och “vänner”", "=?x?="])
def test_a_senders_name_reads_back(name: str) -> None:
    raw = sample(compose(sample_release(), replace(sender(), from_=f'"{name}" <p@a.example>')))
    found = email.message_from_bytes(raw, policy=email.policy.default)["From"].addresses
    assert [(one.display_name, one.addr_spec) for one in found] == [(name, "p@a.example")]


def test_a_list_id_is_at_most_255_octets() -> None:
    assert list_id("releases", replace(sample_site(), name="Å kommun")).startswith("=?utf-8?")
    with pytest.raises(Refused, match="shorten"):
        list_id("releases", replace(sample_site(), name="Å" * 100))
