"""A release goes in, a message comes out and is read again with the standard library."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.channels.email import Composition, Reader, compose, fill, sample
from distributor.channels.email.message import LARGEST_HTML
from distributor.errors import Refused
from distributor.release import Contact, Heading, Paragraph, Quote, Release
from distributor.rendering.cleaning import clean_text
from distributor.rendering.inline import plain
from tests.golden.mails import editions, sender
from tests.samples import sample_invitation, sample_release

DATE = "Wed, 15 Nov 2023 09:30:00 +0000"


def reader(number: int = 1, **changes: object) -> Reader:
    given_ = Reader(
        delivery=number,
        address=f"anna{number}@tidning.example",
        person=f"{number:a>20x}",
        unsubscribe=f"{number:042x}",
        preferences=f"{number + 1000:042x}",
        personal=f"{number + 2000:042x}",
        first_number=1,
    )
    return given_._replace(**changes)  # type: ignore[arg-type]


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def assert_wire_safe(raw: bytes) -> None:
    assert raw.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    _, _, body = raw.partition(b"\r\n\r\n")
    for line in body.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
    for line in raw.split(b"\r\n"):
        assert len(line) <= 998


def test_the_same_release_twice_gives_equal_bytes() -> None:
    one, two = (compose(sample_release(), sender()) for _ in range(2))
    assert one.to_bytes() == two.to_bytes()
    assert one.sha256 == two.sha256


def test_a_stored_composition_is_filled_like_a_fresh_one() -> None:
    made = compose(sample_release(), sender())
    stored = Composition.from_bytes(made.to_bytes())
    assert fill(stored, reader(), DATE) == fill(made, reader(), DATE)


def test_two_readers_mails_differ_in_the_slots_only() -> None:
    made = compose(sample_release(), sender())
    first, second = fill(made, reader(1), DATE), fill(made, reader(2), DATE)
    for one, other in (
        (b"anna1@", b"anna2@"),
        (f"{1:a>20x}".encode(), f"{2:a>20x}".encode()),
        (f"{1:042x}".encode(), f"{2:042x}".encode()),
        (f"{1001:042x}".encode(), f"{1002:042x}".encode()),
    ):
        assert one in first
        first = first.replace(one, other)
    assert first == second


def test_both_parts_hold_each_personal_link_once() -> None:
    message = parsed(fill(compose(sample_release(), sender()), reader(), DATE))
    for kind in ("plain", "html"):
        content = part(message, kind)
        assert content.count(f"https://press.ekvik.example/unsubscribe/{1:042x}") == 1
        assert content.count(f"https://press.ekvik.example/preferences/{1001:042x}") == 1


def test_every_word_link_and_contact_is_in_the_text_part() -> None:
    release = sample_release()
    content = part(parsed(sample(compose(release, sender()))), "plain")
    words = [release.title, release.lead, release.place, release.case_number]
    words += release.boilerplate.split("\n\n")
    words += [text for block in release.body for text in strings(block) if text]
    for contact in release.contacts:
        words += [contact.name, contact.role, contact.organisation, contact.phone]
        words += [contact.email, contact.hours]
    html = " ".join(words)
    for missing in (plain(text) for text in words if plain(text) not in content):
        pytest.fail(f"{missing!r} is not in the text part")
    for url in re.findall(r'href="([^"]+)"', html):
        assert f"\n<{url}>\n" in content
    urls = [image.url for image in release.images] + [file.url for file in release.attachments]
    assert [url for url in urls if f"\n<{url}>\n" not in content] == []


def strings(block: object) -> list[str]:
    skipped = {"tag", "language", "sha256", "mime_type", "licence", "web_url", "url"}
    found = []
    release = replace(sample_release(), body=(block,))  # type: ignore[arg-type]
    stack = [value for key, value in release.to_dict()["body"][0].items() if key not in skipped]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, list):
            stack += value
        elif isinstance(value, dict):
            stack += [inner for key, inner in value.items() if key not in skipped]
    return found


def test_a_paragraph_is_one_line_however_long() -> None:
    long = "ord " * 500 + "slut."
    release = replace(sample_release(), body=(Paragraph(text=long),))
    assert long in part(parsed(sample(compose(release, sender()))), "plain").split("\n")


NASTY = st.text(
    st.sampled_from("aåé \n.=<>&\"'_-\r\x00\u2028\u202e\u0001\ud800\ufffeשف😀") | st.characters(),
    max_size=120,
)

UNSAFE_IN_HEADERS = re.compile("[\x00-\x1f\x7f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@settings(max_examples=120, deadline=None)
@given(title=NASTY.filter(str.strip), lead=NASTY, words=NASTY)
def test_any_release_text_is_read_back_or_refused(title: str, lead: str, words: str) -> None:
    release = replace(
        sample_release(),
        title=title,
        lead=lead,
        body=(Paragraph(text="Text &amp; mer."), Quote(text="Ja.", name=words, title="x")),
    )
    dirty = any(clean_text(text) != text for text in (title, lead, words))
    try:
        raw = sample(compose(release, sender()))
    except Refused as refused:
        wanted = dirty or UNSAFE_IN_HEADERS.search(title)
        if wanted and refused.about == "message":
            return
        raise
    assert not dirty
    assert_wire_safe(raw)
    message = parsed(raw)
    assert lead in part(message, "plain")
    legacy = email.message_from_bytes(raw)
    assert str(make_header(decode_header(legacy["Subject"].replace("\r\n", "")))) == title


@pytest.mark.parametrize(
    "words",
    ["\r\n.\r\n", "bare\rcr", "nul\x00", "bell\x07", "\ud800", "\ufffe", "\x85"],
)
def test_what_no_mail_may_carry_is_refused_by_name(words: str) -> None:
    release = replace(sample_release(), contacts=(Contact(name=words, phone="1"),))
    with pytest.raises(Refused) as refused:
        compose(release, sender())
    assert refused.value.reason == "forbidden-character"
    assert refused.value.about == "message"


@pytest.mark.parametrize("character", ["\n", "\t", "\u2028", "\u202e", "\u2066", "\u200f", "\x7f"])
def test_a_title_that_could_forge_a_header_is_refused_not_cleaned(character: str) -> None:
    with pytest.raises(Refused, match="U\\+"):
        compose(replace(sample_release(), title=f"Ett{character}två"), sender())


@pytest.mark.parametrize(
    "change",
    [{"from_": "a@b\r\nBcc: x@y"}, {"reply_to": "not an address"}, {"from_": "a@b, c@d"}],
)
def test_a_senders_address_that_is_not_one_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        compose(sample_release(), replace(sender(), **change))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a@b@c",
        "a b@c.example",
        "a@c.example\r\nBcc: x",
        '"a"@c.example',
        "a@",
        "<a@c.example>",
        "a@C.example",
        "a@é.example",
        "x" * 250 + "@c.example",
        "a\u202e@c.example",
    ],
)
def test_a_readers_address_is_refused_before_it_reaches_a_header(address: str) -> None:
    with pytest.raises(Refused) as refused:
        fill(compose(sample_release(), sender()), reader(address=address), DATE)
    assert refused.value.about == "recipient"


@pytest.mark.parametrize(
    "changes",
    [{"unsubscribe": ""}, {"unsubscribe": "A"}, {"preferences": "a" * 71}, {"person": "xyz"}],
)
def test_a_slot_without_a_proper_value_is_an_error_of_ours(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="mail"):
        fill(compose(sample_release(), sender()), reader(**changes), DATE)
    with pytest.raises(ValueError, match="date"):
        fill(compose(sample_release(), sender()), reader(), "Wed, 15 Nov 2023 09:30:00 GMT")


def test_a_non_ascii_local_part_is_left_for_the_relay_to_judge() -> None:
    raw = fill(compose(sample_release(), sender()), reader(address="åsa@tidning.example"), DATE)
    assert "To: åsa@tidning.example\r\n".encode() in raw


def test_a_long_release_loses_whole_blocks_from_its_end_and_nothing_else() -> None:
    blocks = tuple(Paragraph(text=f"Stycke {n}. " + "Åäö och mera text. " * 20) for n in range(190))
    release = replace(sample_release(), body=blocks)
    made = compose(release, sender())
    assert made.notes == ("shortened",)
    message = parsed(fill(made, reader(), DATE))
    html = part(message, "html")
    body = next(p for p in message.walk() if p.get_content_type() == "text/html")
    assert len(html.encode()) <= LARGEST_HTML
    assert len(str(body.get_payload()).encode()) <= LARGEST_HTML + 200
    kept = [int(n) for n in re.findall(r"Stycke (\d+)\.", html)]
    assert kept == list(range(len(kept)))
    assert 5 < len(kept) < 190
    assert "Läs resten på webben" in html
    assert release.contacts[0].email in html
    assert f"/unsubscribe/{1:042x}" in html
    assert "Stycke 189." in part(message, "plain")


def test_a_text_over_its_limit_is_refused() -> None:
    release = replace(sample_release(), body=(Paragraph(text="ord " * 80_000),))
    with pytest.raises(Refused, match="300 kB"):
        compose(release, sender())


def test_a_subject_is_never_cut_and_refused_above_300_characters() -> None:
    title = "å" * 255
    made = compose(replace(sample_release(), title=title), sender())
    assert made.notes == ("long-subject",)
    assert parsed(sample(made))["Subject"] == title
    with pytest.raises(Refused, match="shorten the title"):
        compose(replace(sample_release(), title="å" * 301), sender())


def test_a_picture_without_alternative_text_stops_the_mail() -> None:
    image = replace(sample_release().images[0], alt="")
    with pytest.raises(Refused) as refused:
        compose(replace(sample_release(), body=(image,)), sender())
    assert refused.value.reason == "lint"
    assert "alternative text" in refused.value.reply
    compose(replace(sample_release(), body=(replace(image, decorative=True),)), sender())


def test_a_skipped_heading_level_or_a_missing_language_stops_the_mail() -> None:
    headings = (Heading(text="Tredje nivån", level=3),)
    with pytest.raises(Refused, match="skips a level"):
        compose(replace(sample_release(), body=headings), sender())
    with pytest.raises(Refused, match="lang"):
        compose(replace(sample_release(), language=""), sender())


def test_pictures_in_mail_are_the_small_ones_and_the_same_for_all() -> None:
    html = part(parsed(sample(compose(sample_release(), sender()))), "html")
    assert 'src="https://press.ekvik.example/media/images/biblioteket.web.jpg"' in html
    assert 'width="536" height="357"' in html


def test_under_embargo_only_granted_readers_and_nothing_that_leads_to_the_page() -> None:
    release = editions("sv")["embargoed"]
    for segment in ("reader", "press", "press-first"):
        with pytest.raises(ValueError, match="granted"):
            compose(release, sender(), segment=segment)
    with pytest.raises(ValueError, match="granted"):
        compose(sample_release(), sender(), segment="granted")
    raw = fill(compose(release, sender(), segment="granted"), reader(), DATE)
    message = parsed(raw)
    for kind in ("plain", "html"):
        content = part(message, kind)
        assert content.count(f"/embargo/{2001:042x}") == 1
        assert content.count("14 oktober 2026 kl. 06.00 (CEST, UTC+2)") == 2
        assert release.lead in content
        for secret in (release.url, "/media/", "/en/2023/", "event.ics"):
            assert secret not in content
    assert part(message, "plain").startswith("Embargo till")
    assert part(message, "plain").rstrip().endswith("före dess.")
    assert "Archived-At" not in message


def test_link_only_mail_holds_no_text() -> None:
    release = editions("en")["embargoed"]
    message = parsed(sample(compose(release, sender(), segment="link-only")))
    for kind in ("plain", "html"):
        content = part(message, kind)
        assert release.lead not in content
        assert "Borrow and return" not in content
        assert "/embargo/sample" in content


def test_fragments_under_embargo_do_not_name_the_page() -> None:
    release = replace(
        editions("sv")["embargoed"], body=(Paragraph(text='Se <a href="#fakta">fakta</a>.'),)
    )
    raw = sample(compose(release, sender(), segment="granted"))
    assert release.url not in part(parsed(raw), "html")


@pytest.mark.parametrize("kind", ["withheld", "withdrawn", "erased"])
def test_a_hold_or_withdrawal_says_why_and_none_of_the_text(kind: str) -> None:
    stub = editions("sv")[kind]
    full = replace(stub, body=sample_release().body, lead=sample_release().lead)
    message = parsed(sample(compose(full, sender(), first=False)))
    for form in ("plain", "html"):
        content = part(message, form)
        assert "Siffrorna var fel." in content
        assert full.lead not in content
        assert "Lånekortet" not in content
    if kind != "withheld":
        assert part(message, "plain").split("\n")[1] == "Använd varken text eller bilder."
    if kind == "erased":
        assert sample_release().title not in sample(compose(full, sender(), first=False)).decode()
        assert "ekvik-oppnar" not in str(message)


def test_a_fact_correction_begins_with_wrong_and_right() -> None:
    release = editions("sv")["fact"]
    message = parsed(sample(compose(release, sender(), first=False)))
    lines = part(message, "plain").split("\n")
    assert lines[:3] == ["RÄTTELSE", "Fel: 142 läsplatser", "Rätt: 140 läsplatser"]
    plain_title = parsed(sample(compose(release, sender(), first=True)))
    assert plain_title["Subject"] == release.title
    assert "142 läsplatser" not in part(plain_title, "plain")


def test_an_invitation_begins_with_time_and_place_and_carries_its_calendar_file() -> None:
    message = parsed(sample(compose(sample_invitation(), sender())))
    assert message.get_content_type() == "multipart/mixed"
    inner, attached = message.iter_parts()
    assert inner.get_content_type() == "multipart/alternative"
    assert attached.get_content_disposition() == "attachment"
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_param("method") == "PUBLISH"
    lines = part(message, "plain").split("\n")
    assert lines[4] == "När och var"


def test_the_placeholder_mail_of_a_preview_ends_nobodys_subscription() -> None:
    raw = sample(compose(sample_release(), sender()))
    assert b"/unsubscribe/sample>" in raw
    assert parsed(raw)["To"] == "reader@example.com"


def test_a_marker_look_alike_in_the_text_is_only_text() -> None:
    words = "slot" + "0" * 24 + "unsubscribe och slotunsubscribe"
    release = replace(sample_release(), lead=words)
    assert words in part(parsed(sample(compose(release, sender()))), "plain")


def test_a_withdrawn_invitation_cancels_the_event_in_calendars() -> None:
    release: Release = replace(
        sample_invitation(),
        act="release.withdrawn",
        status="canceled",
        version=3,
        reason="Fel dag.",
        updated_at=datetime(2023, 11, 20, tzinfo=UTC),
    )
    message = parsed(sample(compose(release, sender(), first=False)))
    *_, attached = message.iter_parts()
    assert "STATUS:CANCELLED" in attached.get_content()
    assert "SEQUENCE:3" in attached.get_content()
