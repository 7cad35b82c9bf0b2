"""Contacts and the text about the sender."""

from __future__ import annotations

import pytest

from distributor.newsroom.importing import Draft, read
from distributor.release import Contact, Heading, Paragraph, Quote
from tests.files.formats import FOLDER

START = "Ekvik vinner!\n\nEkvik vann priset.\n\nNu firar vi.\n\n"
FIRAR = Paragraph(text="Nu firar vi.")
KARIN = Contact(
    name="Karin Lind",
    role="bibliotekschef",
    phone="0155-12 34 56",
    email="karin.lind@ekvik.example",
)


def draft(content: str, name: str = "a.txt", sender: str = "Ekviks kommun") -> Draft:
    text = START + content
    return read(name, text.encode(), language="sv", languages=["sv", "en"], sender=sender)


def said(made: Draft) -> list[tuple[str, str]]:
    return [(note.rule, note.left_out) for note in made.notes]


@pytest.mark.parametrize(
    "heading",
    [
        "Kontakt",
        "KONTAKT:",
        "Presskontakt",
        "För mer information",
        "För mer information, kontakta:",
        "Press contact",
        "Media contacts",
        "For more information, please contact:",
    ],
)
@pytest.mark.parametrize(
    "lines",
    [
        "Karin Lind\nbibliotekschef\n0155-12 34 56\nkarin.lind@ekvik.example",
        "Karin Lind, bibliotekschef\n0155-12 34 56, karin.lind@ekvik.example",
        "Karin Lind, bibliotekschef, 0155-12 34 56, karin.lind@ekvik.example",
        "Karin Lind | bibliotekschef | 0155-12 34 56 | <karin.lind@ekvik.example>",
        "bibliotekschef\n\nKarin Lind\n\nkarin.lind@ekvik.example\n\n0155-12 34 56",
    ],
)
def test_contacts_are_read_from_their_heading_on(heading: str, lines: str) -> None:
    made = draft(f"{heading}\n\n{lines}")
    assert made.contacts == (KARIN,)
    assert made.body == (FIRAR,)
    assert said(made) == [("contact", heading)]
    assert made.notes[0].level == "note"
    assert "contacts" in made.named


def test_labels_go_into_the_note() -> None:
    made = draft(
        "Kontakt\nKarin Lind\nbibliotekschef\nTelefon: 0155-12 34 56\n"
        "E-post: karin.lind@ekvik.example"
    )
    assert made.contacts == (KARIN,)
    assert said(made) == [("contact", "Kontakt Telefon: E-post:")]


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_each_name_begins_a_contact(gap: str) -> None:
    made = draft(
        f"Kontakt\n\nKarin Lind, bibliotekschef\n0155-12 34 56{gap}Olof af Ek, Ekviks kommun,"
        f" press, +46 70 123 45 67{gap}Presstjänsten\npress@ekvik.example"
    )
    karin, olof, *rest = made.contacts
    assert (karin.name, karin.phone) == ("Karin Lind", "0155-12 34 56")
    assert olof == Contact(
        name="Olof af Ek", role="Ekviks kommun", organisation="press", phone="+46 70 123 45 67"
    )
    assert rest == [Contact(name="Presstjänsten", email="press@ekvik.example")]


def test_one_sentence_can_hold_the_contact() -> None:
    made = draft(
        "För mer information, kontakta Karin Lind, bibliotekschef, 0155-12 34 56,"
        " karin.lind@ekvik.example.\n\nEn rad till."
    )
    assert made.contacts == (KARIN,)
    assert made.body == (FIRAR, Paragraph(text="En rad till."))
    assert said(made) == [("contact", "För mer information, kontakta")]


def test_a_line_that_fits_none_stays_a_paragraph_with_a_warning() -> None:
    made = draft(
        "Kontakt\n\nKarin Lind\n0155-12 34 56\n\nPressjouren svarar dygnet runt.\n\n"
        "Ring hellre än du mejlar!"
    )
    assert [contact.name for contact in made.contacts] == ["Karin Lind"]
    assert made.body[1:] == (
        Paragraph(text="Pressjouren svarar dygnet runt."),
        Paragraph(text="Ring hellre än du mejlar!"),
    )
    assert [note.rule for note in made.notes] == ["contact", "contact-line", "contact-line"]


@pytest.mark.parametrize(
    "line",
    [
        "Karin Lind, tel:0155-12 34 56",
        "Karin Lind, 2026-11-15",
        "Karin Lind, 12 34",
        "Karin Lind, 0155-12",
        "Karin Lind",
        "Läs mer på https://ekvik.example/press.",
        "Frågor? Ring 0155-12 34 56 så svarar vi.",
    ],
)
def test_without_a_name_and_a_way_to_reach_it_there_is_no_contact(line: str) -> None:
    made = draft(f"## Kontakt\n\n{line}", "a.md")
    assert made.contacts == ()
    assert made.body[1:] == (Heading(text="Kontakt"), Paragraph(text=line))
    assert said(made) == [("contact-none", "")]
    assert "contacts" not in made.named


def test_the_contacts_end_at_the_next_heading() -> None:
    made = draft("## Kontakt\n\nKarin Lind, 0155-12 34 56\n\n## Bilder\n\nText.", "a.md")
    assert len(made.contacts) == 1
    assert made.body[1:] == (Heading(text="Bilder"), Paragraph(text="Text."))


def test_markup_holds_contacts_as_well() -> None:
    page = (
        "<h1>Titel</h1><p>Ingress.</p><p>Text.</p><p><strong>Kontakt</strong><br>Karin Lind<br>"
        "bibliotekschef<br><a href='tel:+46155123456'>0155-12 34 56</a><br>"
        "<a href='mailto:karin.lind@ekvik.example'>karin.lind@ekvik.example</a></p>"
    )
    made = read("a.html", page.encode(), language="sv", languages=["sv"], sender="")
    assert (made.contacts, len(made.body)) == ((KARIN,), 1)


def test_more_than_ten_contacts_stay_paragraphs() -> None:
    lines = [f"Karin {chr(65 + number)}lm, 0155-12 34 {number + 10}" for number in range(12)]
    made = draft("Kontakt\n\n" + "\n\n".join(lines))
    assert len(made.contacts) == 10
    assert [block.text for block in made.body[1:] if isinstance(block, Paragraph)] == lines[10:]


@pytest.mark.parametrize(
    "heading", ["Om Ekviks kommun", "OM EKVIKS KOMMUN:", "About Ekviks kommun"]
)
def test_the_text_about_the_sender_is_the_boilerplate(heading: str) -> None:
    made = draft(f"{heading}\n\nEkvik ligger vid havet.\n\nDär bor 12 000.\n\nRubrik\n\nMer text.")
    assert made.boilerplate == "Ekvik ligger vid havet.\n\nDär bor 12 000."
    assert made.body[1:] == (Heading(text="Rubrik"), Paragraph(text="Mer text."))
    assert said(made) == [("boilerplate", heading)]


def test_a_text_about_somebody_else_is_no_boilerplate() -> None:
    made = draft("## Om priset\n\nDet är fint.", "a.md")
    assert (made.boilerplate, made.body[1]) == ("", Heading(text="Om priset"))
    assert draft("## Om \n\nDet är fint.", "a.md", sender="").boilerplate == ""


def test_a_text_about_the_sender_above_2000_characters_stays_in_the_body() -> None:
    long = "Ekvik ligger vid havet. " * 90
    made = draft(f"## Om Ekviks kommun\n\n{long}", "a.md")
    assert (made.boilerplate, len(made.body)) == ("", 3)
    assert said(made) == [("boilerplate-long", "")]


def test_an_english_release_with_all_its_parts() -> None:
    data = (FOLDER / "press_release.txt").read_bytes()
    made = read("a.txt", data, language=None, languages=["sv", "en"], sender="Ekvik Municipality")
    assert (made.title, made.type, made.language) == ("New library opens in Ekvik", "press", "en")
    assert (made.place, made.lead) == ("Ekvik", "The new library opens on Saturday.")
    assert [block.tag for block in made.body] == [
        "paragraph", "quote", "statement", "heading", "paragraph",
    ]  # fmt: skip
    quote = made.body[1]
    assert isinstance(quote, Quote)
    assert (quote.name, quote.title) == ("Karin Lind", "head of libraries")
    assert made.contacts == (
        Contact(
            name="Karin Lind",
            role="head of libraries",
            phone="+46 155 12 34 56",
            email="karin.lind@ekvik.example",
        ),
    )
    assert made.boilerplate == "Ekvik has 12,000 inhabitants."
    assert said(made) == [
        ("title-line", "Press release 12 March 2026"),
        ("dateline", "12 March 2026"),
        ("leftover", "Last updated: 11 March 2026 at 10:30"),
        ("contact", "Press contact Phone: Email:"),
        ("boilerplate", "About Ekvik Municipality"),
    ]
