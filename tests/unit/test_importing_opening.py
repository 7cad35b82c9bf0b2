"""Bytes, paragraphs, title, leftovers, placeholders and lead."""

from __future__ import annotations

import pytest

from distributor.newsroom.importing import Draft, Unreadable, read
from distributor.newsroom.importing.characters import MAX_TEXT
from distributor.release import Heading, Paragraph

BODY = "\n\nEkvik vann priset.\n\nNu firar hela kommunen.\n"


def text(content: str, name: str = "a.txt", sender: str = "Ekviks kommun") -> Draft:
    return read(name, content.encode(), language=None, languages=["sv", "en"], sender=sender)


def rules(made: Draft) -> list[str]:
    return [note.rule for note in made.notes]


def left_out(made: Draft) -> list[str]:
    return [note.left_out for note in made.notes]


def body(made: Draft) -> list[str]:
    return [block.text for block in made.body if isinstance(block, Paragraph)]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\t\n", "empty"),
        ("a.md", b"***\n---\n", "empty"),
        ("a.txt", b"ord " * (MAX_TEXT // 4 + 1), "2 MB"),
        ("a.html", b"<p>ord</p>" * (MAX_TEXT // 10 + 1), "2 MB"),
        ("a.txt", ("ord " * (MAX_TEXT // 4 + 1)).encode("utf-16"), "2 MB"),
        ("a.pdf", b"%PDF-1.7", ".pdf file cannot be read"),
        ("README", b"Titel", "without a suffix"),
        ("a.txt", b"%PDF-1.7 ord", "a PDF"),
        ("a.txt", b"{\\rtf1 ord}", "RTF"),
        ("-", b"PK\x03\x04ord", "suffix .docx"),
        ("a.txt", bytes(range(256)) * 4, "no text"),
        ("a.txt", "sjö".encode("utf-16-le"), "no text"),
        ("a.txt", b"\xff\xfea\x00\x00\xd8", "UTF-16"),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_line(name: str, data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says) as refused:
        read(name, data, language=None, languages=["sv"], sender="")
    assert "\n" not in str(refused.value)


def test_windows_1252_is_read_with_a_warning() -> None:
    data = "Ekvik – ”året”\n\nNu är vi här igen.\n\nVi är glada.".encode("cp1252")
    made = read("a.txt", data, language=None, languages=["sv"], sender="")
    assert made.title == "Ekvik – ”året”"
    assert rules(made) == ["encoding"]
    assert made.notes[0].level == "warning"


def test_controls_and_zero_width_characters_go_and_letters_become_nfc() -> None:
    made = text("\ufeffBok\u00admäss\u200ban\x00\n\na\u030ar.\x0btva\u0308.\n\nNu\x1cdå.")
    assert made.title == "Bokmässan"
    assert [made.lead, *body(made)] == ["år.", "tvä.", "Nu då."]


@pytest.mark.parametrize(
    ("content", "language"),
    [
        ("Ekvik\n\nDet är en bok och den är bra för alla som vill läsa.", "sv"),
        ("Ekvik\n\nThe book is good and it was made for all of them.", "en"),
        ("Ekvik\n\nXyzzy plugh.", "sv"),
    ],
)
def test_the_language_is_that_of_the_common_words(content: str, language: str) -> None:
    assert text(content).language == language
    assert "language" not in text(content).named


def test_the_language_that_the_caller_or_html_names_wins() -> None:
    page = "<html lang='en-GB'><body><h1>Ekvik</h1><p>Det är en bok och den är bra.</p></body>"
    made = text(page, "a.html")
    assert (made.language, "language" in made.named) == ("en", True)
    made = read("a.html", page.encode(), language="sv", languages=["sv", "en"], sender="")
    assert made.language == "sv"


def test_long_lines_run_on_and_short_ones_stand_alone() -> None:
    long = "Den här raden är så lång att den måste fortsätta på"
    made = text(f"Titel\n\nIngress.\n\n{long}\nnästa rad.\n\nKort rad.\nEn till.")
    assert body(made) == [f"{long} nästa rad.", "Kort rad.", "En till."]
    made = text(f"Titel\n\nIngress.\n\n{long}:\nNästa rad.\n\n{long}\n– Hej där alla glada.")
    assert body(made) == [f"{long}:", "Nästa rad.", long]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", "Ekvik vinner!"),
        ("a.md", "Före.\n\n# Ekvik vinner!"),
        ("a.html", "<p>Före.</p><h1>Ekvik <b>vinner!</b></h1>"),
    ],
)
def test_the_title_is_the_first_top_heading_else_the_first_line(name: str, content: str) -> None:
    made = text(content + BODY, name)
    assert made.title == "Ekvik vinner!"
    assert made.lead.startswith("Ekvik vann priset.")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Pressmeddelande 2026-11-15", "press"),
        ("PRESSMEDDELANDE", "press"),
        ("Pressinbjudan | Ekviks kommun | 15 november 2026", "invitation"),
        ("13.10.2026 | Kulturkontoret | Pressmeddelande", "press"),
        ("Nyhet från Ekviks kommun den 15 november 2026 kl. 10.30", "news"),
        ("Press release, 12 March 2026, Ekviks kommun", "press"),
        ("Press invitation: Monday, November 16th, 2026", "invitation"),
    ],
)
def test_a_first_line_of_type_date_and_sender_is_no_title(line: str, kind: str) -> None:
    made = text(f"{line}\n\nEkvik vinner!{BODY}")
    assert (made.title, made.type) == ("Ekvik vinner!", kind)
    assert (rules(made), left_out(made)) == (["title-line"], [line])
    assert "type" in made.named


@pytest.mark.parametrize(
    "lines",
    [
        ["Pressinbjudan", "2026-11-15"],
        ["15 november 2026", "Ekviks kommun", "Pressinbjudan"],
    ],
)
def test_type_date_and_sender_may_stand_on_lines_of_their_own(lines: list[str]) -> None:
    made = text("\n".join(lines) + f"\n\nEkvik vinner!{BODY}")
    assert (made.title, made.type) == ("Ekvik vinner!", "invitation")
    assert left_out(made) == lines
    assert text(f"Ekviks kommun\n\nEkvik vinner!{BODY}").title == "Ekviks kommun"


@pytest.mark.parametrize(
    "line",
    [
        "Pressmeddelande om biblioteket",
        "Nyheter 2026-11-15",
        "Ekviks kommun 2026-11-15",
        "Pressmeddelande | Vi har vunnit ett stort pris",
    ],
)
def test_a_first_line_that_says_more_is_the_title(line: str) -> None:
    made = text(line + BODY)
    assert (made.title, made.type, rules(made)) == (line, "press", [])


def test_a_title_above_255_characters_is_cut_at_a_word_and_kept_whole() -> None:
    long = "Bibliotek " * 30
    made = text(long + BODY)
    assert made.title == " ".join(["Bibliotek"] * 25)
    assert body(made)[0] == long.strip()
    assert made.lead == "Ekvik vann priset."
    assert rules(made) == ["title-long"]
    assert text("x" * 300 + BODY).title == "x" * 255


@pytest.mark.parametrize(
    "line",
    [
        "Publicerad",
        "Publicerad: 15 november 2026",
        "publicerad 2026-11-15 kl. 10.30",
        "Senast ändrad: onsdag 15 november 2026 klockan 10:30",
        "Uppdaterad i dag 10.30",
        "Publicerad 15/11 2026 Senast uppdaterad 16/11",
        "Published 12 March 2026",
        "Last updated: March 12th, 2026 at 10:30 am",
        "Dela",
        "Skriv ut | Lyssna | Dela",
        "Share",
    ],
)
def test_leftovers_of_a_web_page_become_notes(line: str) -> None:
    made = text(f"Ekvik vinner!\n\n{line}{BODY}")
    assert made.lead == "Ekvik vann priset."
    assert [(note.level, note.line, note.rule) for note in made.notes] == [("note", 3, "leftover")]
    assert left_out(made) == [line]
    assert (made.at, made.embargo) == ("", "")


@pytest.mark.parametrize(
    "line", ["Publicerad av Anna Berg", "Dela med dig av dina tips!", "Uppdaterad plan för skolan"]
)
def test_a_line_that_says_more_is_no_leftover(line: str) -> None:
    assert "leftover" not in rules(text(f"Ekvik vinner!\n\n{line}{BODY}"))


def test_leftovers_stand_among_the_first_or_last_ten_lines_only() -> None:
    filler = "".join(f"\n\nHär kommer stycke {number}." for number in range(12))
    made = text(f"Titel{filler}\n\nDela{filler}\n\nPublicerad\n\n2026-11-15")
    assert left_out(made) == ["Publicerad", "2026-11-15"]
    assert Heading(text="Dela") in made.body


def test_the_tenth_line_is_near_the_edge_and_the_eleventh_is_not() -> None:
    def lines(count: int) -> str:
        return "".join(f"Här kommer stycke {number}.\n\n" for number in range(count))

    assert left_out(text(f"{lines(9)}Dela\n\n{lines(30)}")) == ["Dela"]
    assert left_out(text(f"{lines(10)}Dela\n\n{lines(30)}")) == []
    assert left_out(text(f"{lines(30)}Dela\n\n{lines(9)}")) == ["Dela"]
    assert left_out(text(f"{lines(30)}Dela\n\n{lines(10)}")) == []


def test_a_leftover_is_no_title() -> None:
    assert text(f"Publicerad 2026-11-15\n\nEkvik vinner!{BODY}").title == "Ekvik vinner!"


@pytest.mark.parametrize(
    "line",
    ["Mall för nyhetsbild", "Nyhetsbild", "PRESSBILD:", "[Bild på torget]", "Image", "[photo 1]"],
)
def test_a_line_that_stands_for_an_image_is_a_warning(line: str) -> None:
    made = text(f"Ekvik vinner!{BODY}\n{line}\nFoto: Vera Ek\n\nSlut.")
    assert [(note.level, note.rule) for note in made.notes] == [("warning", "image-placeholder")]
    assert left_out(made) == [f"{line} Foto: Vera Ek"]
    assert body(made) == ["Nu firar hela kommunen.", "Slut."]


def test_a_line_about_a_picture_alone_stays() -> None:
    made = text(f"Ekvik vinner!{BODY}\nBild: Torget.\n\nNyhetsbilden visar torget.")
    assert body(made)[1:] == ["Bild: Torget.", "Nyhetsbilden visar torget."]


@pytest.mark.parametrize(
    ("start", "place", "date"),
    [
        ("Ekvik, 15 november 2026 –", "Ekvik", "15 november 2026"),
        ("Norra Ekvik, den 15 november –", "Norra Ekvik", "den 15 november"),
        ("Ekvik 2026-11-15 —", "Ekvik", "2026-11-15"),
        ("London, March 12, 2026 -", "London", "March 12, 2026"),
    ],
)
def test_a_dateline_becomes_the_place_and_a_note(start: str, place: str, date: str) -> None:
    made = text(f"Ekvik vinner!\n\n{start} Kommunen vann priset.\n\nNu firar alla.")
    assert (made.place, made.lead) == (place, "Kommunen vann priset.")
    assert (rules(made), left_out(made)) == (["dateline"], [date])
    assert "place" in made.named


@pytest.mark.parametrize(
    "start", ["Ekvik –", "Den 15 november 2026 öppnar vi –", "ekvik, 15 maj –"]
)
def test_other_beginnings_are_no_dateline(start: str) -> None:
    made = text(f"Ekvik vinner!\n\n{start} Kommunen vann priset.\n\nNu firar alla.")
    assert (made.place, made.lead) == ("", f"{start} Kommunen vann priset.")


@pytest.mark.parametrize(
    "first",
    [
        "Ordet bok " * 61 + "slut.",
        "– Vi är glada, säger Anna Berg, chef.",
        "Juryns motivering: Bra.",
        "- ett\n- två",
        "En rubrik",
    ],
)
def test_what_is_long_or_no_paragraph_is_no_lead(first: str) -> None:
    assert text(f"Ekvik vinner!\n\n{first}\n\nNu firar alla.").lead == ""


def test_the_only_paragraph_stays_in_the_body() -> None:
    made = text("Ekvik vinner!\n\nNu firar alla.")
    assert (made.lead, body(made)) == ("", ["Nu firar alla."])


def test_a_link_in_the_lead_is_told() -> None:
    made = text("# Titel\n\nSe [sidan](https://ekvik.example/a).\n\nMer text.", "a.md")
    assert made.lead == "Se sidan."
    assert [note.text.endswith("https://ekvik.example/a") for note in made.notes] == [True]
