"""One release in its two forms, HTML and plain text."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.release import (
    Attachment,
    Block,
    FactBox,
    Image,
    Items,
    Paragraph,
    Quote,
    Statement,
)
from distributor.rendering import files
from distributor.rendering.html import body_html, event_html, telephone, text_html
from distributor.rendering.inline import plain, with_addresses, with_addresses_below
from distributor.rendering.text import body_text, text
from tests.golden.mails import editions
from tests.samples import sample_invitation, sample_release, sample_site

SITE = sample_site()
ELEMENTS = {
    *("p", "h2", "h3", "ul", "ol", "li", "blockquote", "figure", "img", "figcaption", "aside"),
    *("a", "strong", "em", "br"),
}
ATTRIBUTES = {"href", "src", "alt", "width", "height", "lang", "start"}


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.addresses: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        self.words += " " + " ".join(value or "" for name, value in attrs if name == "alt") + " "

    def handle_endtag(self, tag: str) -> None:
        self.words += " " if tag in ("p", "li", "h2", "h3", "figcaption") else ""

    def handle_data(self, data: str) -> None:
        self.words += data


def html_of(*blocks: Block, language: str = "sv") -> str:
    return body_html(replace(sample_release(language), body=blocks), SITE)


def text_of(*blocks: Block, language: str = "sv") -> str:
    return body_text(replace(sample_release(language), body=blocks), SITE)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_both_forms_hold_the_same_words_in_the_same_order(language: str) -> None:
    release = sample_release(language)
    seen = Seen(body_html(release, SITE))
    in_text = re.sub(r"\(?https?://[^\s)\]]+[)\]]?", "", body_text(release, SITE))
    in_text = re.sub(r"\[(Bild|Picture):", "", in_text)
    words = [re.findall(r"\w+", form) for form in (seen.words, in_text)]
    ordinals = re.compile(r"[123]")
    kept = [[word for word in form if not ordinals.fullmatch(word)] for form in words]
    assert kept[0] == [word for word in kept[1] if word not in ("bibliotek.ekvik.example",)]
    assert all(re.match("(https?|mailto|tel):", url) for url in seen.addresses)


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_the_text_only_known_elements_come_out(one: str, two: str) -> None:
    html = html_of(
        Paragraph(text=one),
        Quote(text=two, name=one, title=two),
        Items(items=(one, two), ordered=True),
        FactBox(title=two, content=(Paragraph(text=one),)),
        Statement(intro=one, paragraphs=(two,), source=one),
        Image(url=one, alt=two, mime_type="", width=1, height=1, bytes=1, sha256="", caption=one),
        Attachment(url=two, title=one, mime_type="", bytes=1, sha256=""),
    )
    Seen(html)


def test_a_quote_has_its_dash_whatever_the_source_had() -> None:
    for source in ("Ja.", "- Ja.", "– Ja.", "— Ja."):
        assert text_of(Quote(text=source)) == "– Ja."
        assert html_of(Quote(text=source)) == "<blockquote><p>– Ja.</p></blockquote>"
    assert html_of(Quote(text="Yes."), language="en") == "<blockquote><p>Yes.</p></blockquote>"


def test_a_quote_names_its_speaker_once() -> None:
    inside = Quote(text="Ja, säger <strong>Maja  Lind</strong>.", name="Maja Lind", title="chef")
    assert text_of(inside) == "– Ja, säger Maja Lind."
    outside = Quote(text="Ja.", name="Maja Lind", title="chef")
    assert text_of(outside) == "– Ja.\nMaja Lind, chef"
    assert html_of(outside).endswith("<p>Maja Lind, chef</p></blockquote>")


def test_a_picture_an_attachment_and_a_fact_box_in_text() -> None:
    release = sample_release()
    assert text_of(*release.images).endswith(
        "Foto: Ture Ekman. https://press.ekvik.example/media/images/biblioteket.original.jpg]"
    )
    decorative = replace(release.images[0], decorative=True, caption="", credit="")
    assert text_of(decorative) == f"[Bild: {decorative.url}]"
    assert 'alt=""' in html_of(decorative)
    assert text_of(*release.attachments).startswith("Öppettider och regler (PDF, 412 kB): https")
    box = FactBox(title="Huset", content=(Paragraph(text="Byggt 1964."),))
    assert text_of(box) == "Fakta: Huset\n\nByggt 1964."
    assert text_of(replace(box, title="Fakta om huset")).startswith("Fakta om huset\n")


def test_links_stand_in_brackets_or_on_lines_of_their_own() -> None:
    html = 'Se <a href="https://a.example/">sidan</a> och '
    html += '<a href="mailto:x@a.example">x@a.example</a>.'
    assert with_addresses(html) == "Se sidan (https://a.example/) och x@a.example."
    assert with_addresses_below(html) == "Se sidan och x@a.example.\n<https://a.example/>"
    assert plain("a <br> b\n c&nbsp;d&#13;e") == "a\nb c\xa0d e"


def test_a_block_may_speak_another_language() -> None:
    assert html_of(Paragraph(text="Hello.", language="en")) == '<p lang="en">Hello.</p>'
    assert html_of(Paragraph(text="Hej.", language="sv")) == "<p>Hej.</p>"
    image = replace(sample_release().images[0], language="en")
    assert "[Picture:" in text_of(image)


def test_a_feeds_text_has_its_parts_in_order() -> None:
    html = text_html(editions("sv")["fact"], SITE)
    parts = ["Rättelse", "Fel:", "Rätt:", "Ekvik, 15", "Från den", "Lånekortet", "Kontakt", "Om Ek"]
    places = [html.index(part) for part in parts]
    assert places == sorted(places)
    Seen(html)


@pytest.mark.parametrize("kind", ["withheld", "withdrawn", "erased"])
def test_what_may_not_be_used_leaves_reason_and_contact(kind: str) -> None:
    release = replace(editions("sv")[kind], body=sample_release().body, lead="Hemligt.")
    for form in (text_html(release, SITE), text(release, SITE)):
        assert "Siffrorna var fel." in form
        assert "Maja Lindqvist" in form
        assert "Hemligt" not in form
        assert "Lånekortet" not in form


def test_an_event_box_says_when_where_and_how() -> None:
    html = event_html(sample_invitation(), SITE)
    assert "22 november 2023 kl. 10.00–11.30" in html
    assert '<a href="mailto:press@ekvik.example">press@ekvik.example</a>' in html
    assert "/event.ics" in html
    secret = replace(sample_invitation(), act="release.embargoed")
    assert "/event.ics" not in event_html(secret, SITE)


def test_the_last_line_of_the_text_is_the_case_number() -> None:
    assert text(sample_release(), SITE).endswith("\n\nDiarienummer: KS 2023/0417\n")


def test_a_file_is_described_by_kind_and_size() -> None:
    assert files.size(412_300, "sv") == "412 kB"
    assert files.size(1_250_000, "sv") == "1,2 MB"
    assert files.size(2_000_000, "en") == "2 MB"
    assert files.size(12, "en") == "1 kB"
    assert files.kind("application/pdf") == "PDF"
    assert files.kind("application/x-unknown", "https://a.example/x.dwg") == "DWG"
    assert files.kind("", "https://a.example/x") == ""


def test_a_telephone_number_becomes_an_address() -> None:
    assert telephone("+46 (0)8-123 45 67") == "tel:+4681234567"
    assert telephone("08-123 45 00") == "tel:081234500"
