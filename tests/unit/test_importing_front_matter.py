"""Front matter: what it sets, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from distributor.newsroom.importing import Draft, FoundEvent, Unreadable, read
from distributor.release import Contact, Heading, Items, Paragraph
from tests.files.formats import FOLDER

BODY = "\n# Ekvik vinner\n\nEkvik vann priset.\n\nNu firar vi.\n"


def draft(front: str, body: str = BODY, folder: Path | None = None, name: str = "a.md") -> Draft:
    text = f"---\n{front}\n---\n{body}"
    return read(
        name,
        text.encode(),
        language=None,
        languages=["sv", "en"],
        sender="Ekviks kommun",
        media_folder=folder,
    )


def said(made: Draft) -> list[tuple[str, int | None, str]]:
    return [(note.rule, note.line, note.left_out) for note in made.notes]


def test_every_key_sets_its_field(tmp_path: Path) -> None:
    Image.new("RGB", (4, 3)).save(tmp_path / "bibliotek.png")
    data = (FOLDER / "pressinbjudan.md").read_bytes()
    made = read(
        "pressinbjudan.md",
        data,
        language=None,
        languages=["sv", "en"],
        sender="Ekviks kommun",
        media_folder=tmp_path,
    )
    assert made.title == "Välkommen till invigningen av Ekviks nya bibliotek"
    assert (made.type, made.language, made.place) == ("invitation", "sv", "Ekvik")
    assert made.lead == "Den 22 november öppnar biblioteket vid torget."
    assert made.topics == ("kultur", "bibliotek")
    assert made.lists == ("Lokala medier",)
    assert made.contacts == (
        Contact(
            name="Karin Lind",
            role="bibliotekschef",
            phone="0155-12 34 56",
            email="karin.lind@ekvik.example",
        ),
        Contact(name="Olof de Geer", role="pressansvarig", phone="070-123 45 67"),
    )
    assert made.boilerplate == "Ekviks kommun har 12 000 invånare.\n\nKommunen ligger vid havet."
    assert (made.case_number, made.replaces) == ("KS 2026/123", "0192f0c1")
    assert (made.at, made.embargo) == ("2026-11-20T08:00", "")
    assert made.event == FoundEvent(
        start="2026-11-22T10:00",
        end="2026-11-22T11:30",
        place="Ekviks bibliotek",
        address="Torget 1, Ekvik",
        url="https://mote.ekvik.example/invigning",
        registration="press@ekvik.example",
    )
    (image,) = made.images
    assert (image.name, image.mime_type, image.position) == ("bibliotek.png", "image/png", 3)
    assert (image.alt, image.credit) == ("Biblioteket från torget", "Vera Ek")
    assert (image.licence, image.expires) == ("Fri för redaktionellt bruk", "2027-12-31")
    assert made.body == (
        Paragraph(
            text="Medverkar gör <strong>kulturnämndens ordförande</strong> och författaren"
            ' <a href="https://vera.example/">Vera Ek</a>.'
        ),
        Heading(text="Program"),
        Items(items=("Invigning", "Högläsning"), ordered=True),
    )
    assert made.notes == ()
    assert made.named >= {"title", "event", "at", "topics", "images"}
    assert "embargo" not in made.named


def test_every_scalar_is_text_and_an_empty_one_sets_nothing() -> None:
    made = draft(
        "case_number: 0012\ntitle: yes\nat: 2026-11-20T08:00\nplace:\nlead: ''", "Ett.\n\nTvå."
    )
    assert (made.case_number, made.title, made.at) == ("0012", "yes", "2026-11-20T08:00")
    assert made.lead == "Ett."
    assert "place" not in made.named


def test_lists_may_be_written_on_one_line() -> None:
    made = draft("topics: kultur, skola; vård\nlists: Press, norr; Press, söder")
    assert made.topics == ("kultur", "skola", "vård")
    assert made.lists == ("Press, norr", "Press, söder")


def test_the_lines_of_the_text_are_those_of_the_file() -> None:
    made = draft("topics: kultur", "Titel\n\nNyhetsbild\n\nEtt.\n\nTvå.", name="a.txt")
    assert said(made) == [("image-placeholder", 6, "Nyhetsbild")]
    assert made.title == "Titel"


def test_text_files_and_standard_input_have_front_matter_too() -> None:
    for name, title in (("a.txt", "# Ekvik vinner"), ("-", "Ekvik vinner")):
        made = draft("type: news", name=name)
        assert (made.type, made.title) == ("news", title)


def test_an_unknown_key_is_a_warning_that_keeps_its_words() -> None:
    made = draft("titel: Ekvik firar\nauthor: {name: Vera Ek}\ntype: news")
    assert said(made)[:2] == [
        ("front-matter-key", 2, "Ekvik firar"),
        ("front-matter-key", 3, "name Vera Ek"),
    ]
    assert "titel:" in made.notes[0].text


def test_a_comment_is_a_note() -> None:
    made = draft("type: news # bara nu\n# Vera såg detta\nplace: Ekvik")
    assert said(made) == [
        ("front-matter-comment", 2, "bara nu"),
        ("front-matter-comment", 3, "Vera såg detta"),
    ]


def test_a_title_that_the_text_repeats_is_left_out_once() -> None:
    made = draft("title: Ekvik vinner")
    assert said(made) == [("title-repeated", 5, "Ekvik vinner")]
    assert (made.title, made.lead) == ("Ekvik vinner", "Ekvik vann priset.")
    made = draft("title: Ekvik segrar")
    assert [note.rule for note in made.notes] == ["front-matter-field"]
    assert made.body[0] == Heading(text="Ekvik vinner")


def test_what_the_front_matter_sets_is_left_in_the_text() -> None:
    body = "# T\n\nEkvik, 1 maj 2026 – Bra.\n\n## Kontakt\n\nKarin Lind, 0155-12 34 56\n"
    made = draft("contacts: Olof Ek, 070-123 45 67\nplace: Storvik\nlead: Kort.", body)
    assert [contact.name for contact in made.contacts] == ["Olof Ek"]
    assert (made.place, made.lead) == ("Storvik", "Kort.")
    assert [block.tag for block in made.body] == ["paragraph", "heading", "paragraph"]


@pytest.mark.parametrize(
    ("front", "says"),
    [
        ("title: a: b", "line 2: .*not valid YAML"),
        ("title: [", "not valid YAML"),
        ("title: ett\ntitle: två", "line 3: title stands twice"),
        ("title: [ett, två]", "line 2: title .* must be a text"),
        ("type: debatt", "line 2: type .* must be press, invitation or news"),
        ("embargo: {till: i morgon}", "line 2: embargo"),
        ("event: i morgon", "the keys address"),
        ("event: {start: nu, stop: sen}", "not stop"),
        ("event: {start: nu, status: kanske}", "planned, changed or cancelled"),
        ("contacts: Karin Lind", "a name, and a phone number or an email"),
        ("contacts: [{phone: 0155-12}]", "a name in each contact"),
        ("images: [{alt: bild}]", "the key file"),
        ("topics: &a [kultur]\nlists: *a", "line 3: .*aliases"),
        ("title: " + "[" * 5000, "more than 200 brackets"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_line(front: str, says: str) -> None:
    with pytest.raises(Unreadable, match=says) as refused:
        draft(front)
    assert "\n" not in str(refused.value)


def test_lines_of_hyphens_around_other_text_are_no_front_matter() -> None:
    made = draft("Ekvik vinner: igen", "\nEtt.\n\nTvå.", name="a.txt")
    assert (made.title, made.lead) == ("Ekvik vinner: igen", "Ett.")


def test_files_are_taken_from_the_folder_and_from_nowhere_else(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "plan.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "hemlig.pdf").write_bytes(b"%PDF-1.7")
    (folder / "lank.pdf").symlink_to(tmp_path / "hemlig.pdf")
    front = "attachments: [{file: plan.pdf, title: Planen, language: sv}, ../hemlig.pdf, lank.pdf]"
    made = draft(front, folder=folder)
    (found,) = made.attachments
    assert (found.name, found.title, found.data) == ("plan.pdf", "Planen", b"%PDF-1.7")
    assert [note.left_out for note in made.notes] == ["../hemlig.pdf", "lank.pdf"]
    assert draft(front).attachments == ()
    made = draft("images: [{file: saknas.png, alt: Torget}]", folder=folder)
    assert said(made) == [("image-missing", 2, "saknas.png Torget")]
