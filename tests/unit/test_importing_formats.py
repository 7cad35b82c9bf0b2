"""One release in four formats becomes one draft, and no word of it is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.newsroom.importing import Draft, Unreadable, law, read
from distributor.newsroom.importing.characters import clean, core, words
from distributor.release import Items, Paragraph, Quote, Statement
from tests.files.formats import (
    FOLDER,
    Part,
    as_docx,
    as_html,
    as_markdown,
    as_text,
    parts_of,
)

RELEASE = (FOLDER / "utmarkelse.txt").read_bytes()
PARTS = parts_of(RELEASE.decode())
PARAGRAPHS = RELEASE.decode().split("\n\n")


def draft(name: str, data: bytes, sender: str = "Ekviks kommun") -> Draft:
    return read(name, data, language=None, languages=["sv", "en"], sender=sender)


def test_the_release_becomes_title_lead_six_blocks_and_three_notes() -> None:
    made = draft("utmarkelse.txt", RELEASE)
    assert (made.title, made.type, made.language) == (
        "Ekvik; Årets läskommun 2026!",
        "press",
        "sv",
    )
    assert made.lead == PARAGRAPHS[3]
    first, second, quote, third, statement, last = made.body
    assert [first, second] == [Paragraph(text=text) for text in PARAGRAPHS[4:6]]
    assert third == Paragraph(text=PARAGRAPHS[7])
    assert last == Paragraph(text=PARAGRAPHS[10].strip())
    assert isinstance(quote, Quote)
    assert quote.text == PARAGRAPHS[6].removeprefix("- ")
    assert (quote.name, quote.title) == ("Karin Lind", "bibliotekschef Ekviks kommun")
    assert isinstance(statement, Statement)
    assert statement.intro == "Motiveringen från juryn löd:"
    assert statement.paragraphs == (PARAGRAPHS[8].split("\n")[1], PARAGRAPHS[9])
    assert [(note.level, note.line, note.rule) for note in made.notes] == [
        ("note", 3, "leftover"),
        ("warning", 5, "image-placeholder"),
        ("warning", 17, "statement-end"),
    ]
    assert (made.place, made.contacts, made.event, made.images) == ("", (), None, ())
    assert made.named == {"title", "lead", "body"}


OTHERS = {
    "standard input": ("-", RELEASE),
    "the text called Markdown": ("a.md", RELEASE),
    "Markdown, hyphen": ("a.md", as_markdown(PARTS)),
    "Markdown, dash": ("a.markdown", as_markdown(PARTS, said="– ")),
    "Markdown, blockquote": ("a.md", as_markdown(PARTS, said="> ")),
    "HTML": ("a.html", as_html(PARTS)),
    "HTML, hyphen": ("a.htm", as_html(PARTS, said="<p>- {}</p>")),
    "HTML, blockquote": ("a.html", as_html(PARTS, said="<blockquote><p>{}</p></blockquote>")),
    "HTML, list": ("a.html", as_html(PARTS, said="<ul><li>{}</li></ul>")),
    "HTML on standard input": ("-", as_html(PARTS)),
    "Word, Title": ("a.docx", as_docx(PARTS)),
    "Word, Heading 1": ("a.docx", as_docx(PARTS, title=1)),
    "Word, Quote": ("a.DOCX", as_docx(PARTS, said="Quote")),
    "Word, automatic list": ("a.docx", as_docx(PARTS, said="List Bullet")),
    "CR LF and byte order mark": ("a.txt", b"\xef\xbb\xbf" + RELEASE.replace(b"\n", b"\r\n")),
    "UTF-16": ("a.txt", RELEASE.decode().encode("utf-16")),
}


@pytest.mark.parametrize("form", OTHERS)
def test_every_format_gives_the_same_draft(form: str) -> None:
    made, expected = draft(*OTHERS[form]), draft("a.txt", RELEASE)
    for field in ("title", "lead", "body", "type", "language", "place", "contacts", "images"):
        assert getattr(made, field) == getattr(expected, field), field
    assert [note.rule for note in made.notes] == [note.rule for note in expected.notes]


_WORDS = st.sampled_from(
    ["kommun", "Ekvik", "öppnar", "åtta", "–", "barn;", "2026", "vid-havet", "på"]
)
_SENTENCES = st.lists(_WORDS, min_size=3, max_size=9).map(lambda some: f"Nu {' '.join(some)} här.")
_LABELS = st.lists(_WORDS, min_size=1, max_size=4).map(lambda some: f"Ny {' '.join(some)} kust")
_PLAIN = st.one_of(
    st.tuples(st.just("paragraph"), st.lists(_SENTENCES, min_size=1, max_size=3).map(" ".join)),
    st.tuples(
        st.just("said"), _SENTENCES.map(lambda text: f"{text[:-1]}, säger Karin Lind, chef.")
    ),
    st.tuples(st.just("lines"), st.just(["Juryns motivering:", "Priset går till Ekvik."])),
)
_GROUPS = st.one_of(
    _PLAIN.map(lambda part: [part]),
    st.tuples(_LABELS, _SENTENCES).map(lambda two: [("heading", two[0]), ("paragraph", two[1])]),
    st.tuples(st.lists(_LABELS, min_size=2, max_size=4), _SENTENCES).map(
        lambda two: [("list", two[0]), ("paragraph", two[1])]
    ),
)


def same(parts: list[Part], name: str, data: bytes) -> None:
    made, expected = draft(name, data), draft("a.txt", as_text(parts))
    assert (made.title, made.lead, made.body) == (expected.title, expected.lead, expected.body)


_BODIES = st.lists(_GROUPS, min_size=1, max_size=6).map(lambda groups: sum(groups, []))
_FIRST: list[Part] = [("title", "Ekvik bygger"), ("paragraph", "Först detta.")]
_QUICK = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=60, deadline=None, suppress_health_check=_QUICK)
@given(_BODIES)
def test_any_release_is_the_same_as_text_markdown_and_html(body: list[Part]) -> None:
    same(_FIRST + body, "a.md", as_markdown(_FIRST + body))
    same(_FIRST + body, "a.html", as_html(_FIRST + body))


@settings(max_examples=3, deadline=None, suppress_health_check=_QUICK)
@given(_BODIES)
def test_any_release_is_the_same_as_text_and_word(body: list[Part]) -> None:
    same(_FIRST + body, "a.docx", as_docx(_FIRST + body))


def counted(texts: Iterator[str]) -> Counter[str]:
    return Counter(core(word) for text in texts for word in words(text))


def texts_of(made: Draft) -> Iterator[str]:
    """Every text of a draft in which words of the file can be."""
    yield from (made.title, made.lead, made.place, made.boilerplate)
    yield from law.contact_texts(made.contacts)
    yield from law.texts(made.body)
    yield from law.texts(made.images)
    yield from (note.left_out for note in made.notes)


_RUN_WORDS = (
    "Ekvik kommun Anna Berg af Klint säger säger, menar says title chef. Publicerad Dela 2026-11-15"
    " 15 november – - — • Kontakt Om Ekviks Fakta: motivering: citation: ”Hej” går till Nyhetsbild"
    " Foto: [bild x] 070-123 45 67 anna@ekvik.example Telefon: Pressmeddelande | Å ä! (S) * # > 1."
    " --- a\u030a \u200b \x00 \x1c \x0b <b> & &amp; https://ekvik.example/a"
)
_RUNS = st.sampled_from(_RUN_WORDS.split(" "))
_LINES = st.sampled_from(
    [
        "Kontakt",
        "För mer information, kontakta:",
        "För mer information, kontakta Anna Berg, chef, 070-123 45 67.",
        "Om Ekviks kommun",
        "Fakta: Priset",
        "Anna Berg",
        "Olof Ek, pressansvarig",
        "Telefon: 070-123 45 67",
        "Tel 08-123 456 78, anna@ekvik.example",
        "Anna Berg, chef, Ekviks kommun, 0155-12 34 56, <anna@ekvik.example>",
        "Ekviks kommun har 12 000 invånare och ligger vid havet.",
        "Publicerad: 15 november 2026 kl. 10.30",
        "2026-11-15",
        "Pressmeddelande 2026-11-15",
        "13.10.2026 | Kulturkontoret | Pressmeddelande",
        "[bild på biblioteket]",
        "Foto: Vera Ek",
        "Ekvik, 15 november 2026 – Kommunen öppnar ett nytt bibliotek.",
        "- Jag är glad, säger Anna Berg, kommundirektör Ekviks kommun. Mycket!",
        "– Vi är redo, menar kommundirektör Anna af Berg.",
        "– Det är viktigt på riktigt!",
        "- äpplen",
        "- Första punkten.",
        "• punkt",
        "–50 grader",
        "Juryns motivering: ”Hej och",
        "slut.”",
        "Priset går till Ekviks kommun.",
        "En rubrik",
        "Nu öppnar vi ett nytt bibliotek som ligger vid torget i centrala delen och",
        "1. Ett",
        "***",
    ]
)
_ENDS = st.sampled_from([" ", " ", "\n", "\n\n", "\r\n", "\r", "  ", "\x0c", "\u2028", ": "])
_SOUP = st.lists(st.tuples(st.one_of(_RUNS, _RUNS, st.text(max_size=6)), _ENDS), max_size=40)
_SHEET = st.lists(st.tuples(_LINES, st.sampled_from(["\n", "\n\n"])), min_size=2, max_size=25)


@settings(max_examples=250, deadline=None, suppress_health_check=_QUICK)
@given(st.one_of(_SOUP, _SHEET).map(lambda runs: "".join(map("".join, runs))))
def test_no_word_of_any_text_is_lost_and_none_is_added(text: str) -> None:
    try:
        made = draft("a.txt", text.encode())
    except Unreadable:
        assert not words(clean(text))
        return
    rules = {note.rule for note in made.notes}
    assert "lost-word" not in rules
    if "title-long" not in rules:
        assert counted(texts_of(made)) == counted(iter([clean(text)]))


def test_a_word_that_is_missing_brings_its_paragraph_back() -> None:
    source = [(1, "Ett två två."), (2, "tre fyra"), (3, "fem")]
    assert law.lost(source, ["Ett två", "tre", "fyra fem"]) == [(1, "Ett två två.")]
    assert law.lost(source, ["ett två två", "tre fyra fem"]) == [(1, "Ett två två.")]
    assert law.lost(source, ["fem", "fyra", "tre två två Ett"]) == []


def test_a_paragraph_whose_words_are_at_risk_is_given_once_more_at_the_end() -> None:
    signed = "> Ja, säger Anna Berg, chef.\n>\n> Anna Berg, chef"
    made = draft("a.md", f"# Titel\n\nEtt.\n\n{signed}\n\nSlut.".encode())
    assert made.body[-1] == Paragraph(text="Anna Berg, chef")
    assert [note.rule for note in made.notes] == ["lost-word"]
    assert made.notes[0].level == "warning"


def test_a_list_item_keeps_its_words_in_nfc() -> None:
    made = draft("a.txt", "Titel\n\n- a\u030ar\n- o\u0308\n\nNu är det slut.".encode())
    assert made.body[0] == Items(items=("år", "ö"))
