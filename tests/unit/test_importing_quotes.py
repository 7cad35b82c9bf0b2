"""Quotes, statements, headings and fact boxes."""

from __future__ import annotations

import pytest

from distributor.newsroom.importing import Draft, read
from distributor.release import (
    Block,
    FactBox,
    Heading,
    Items,
    Paragraph,
    Quote,
    Statement,
)

START = "Ekvik vinner!\n\nEkvik vann priset.\n\n"
END = "\n\nNu firar hela kommunen."
LAST = Paragraph(text="Nu firar hela kommunen.")


def draft(content: str, name: str = "a.txt") -> Draft:
    text = f"{START}{content}{END}"
    return read(name, text.encode(), language="sv", languages=["sv", "en"], sender="Ekvik")


def blocks(content: str, name: str = "a.txt") -> tuple[Block, ...]:
    made = draft(content, name)
    assert made.body[-1] == LAST
    return made.body[:-1]


def rules(content: str, name: str = "a.txt") -> list[str]:
    return [note.rule for note in draft(content, name).notes]


@pytest.mark.parametrize("mark", ["- ", "–", "– ", "—", "— ", "―", "–\u00a0"])
def test_a_dash_a_comma_and_a_speech_verb_make_a_quote(mark: str) -> None:
    said = "Vi är – faktiskt – glada, säger Anna Berg, chef Ekviks kommun. Mycket!"
    assert blocks(mark + said) == (Quote(text=said, name="Anna Berg", title="chef Ekviks kommun"),)
    assert rules(mark + said) == []


@pytest.mark.parametrize(
    ("said", "name", "title"),
    [
        ("säger Anna Berg.", "Anna Berg", ""),
        ("säger Anna Berg, chef", "Anna Berg", "chef"),
        ("menar Anna-Lisa af Berg, vd.", "Anna-Lisa af Berg", "vd"),
        ("berättar Olof de Geer, lärare.", "Olof de Geer", "lärare"),
        ("säger Eva von der Ek, rektor: det var roligt.", "Eva von der Ek", "rektor"),
        ("säger Anna B. Berg, chef.", "Anna B. Berg", "chef"),
        ("säger Anna Maria Berg Ek, chef.", "Anna Maria Berg Ek", "chef"),
        ("säger Åsa Öberg (C), kommunalråd.", "Åsa Öberg", "kommunalråd"),
        ("säger Anna Berg, t.f. chef. Bra!", "Anna Berg", "t.f. chef"),
        ("säger Anna Berg, kultur- och fritidschef.", "Anna Berg", "kultur- och fritidschef"),
        ("säger Anna Berg, chef, Ekviks kommun.", "Anna Berg", "chef, Ekviks kommun"),
        ("säger Anna Berg, chef, som är glad.", "Anna Berg", "chef"),
        ("säger Anna Berg, chef, och fortsätter: ja.", "Anna Berg", "chef"),
        ("säger Anna Berg och skrattar.", "Anna Berg", ""),
        ("säger kommundirektör Anna Berg.", "Anna Berg", "kommundirektör"),
        ("säger Ekviks direktör Anna von Berg och ler.", "Anna von Berg", "Ekviks direktör"),
        ("säger VD Anna Berg.", "Anna Berg", "VD"),
        ("säger nämndens ordförande Anna Berg (S).", "Anna Berg", "nämndens ordförande"),
        ("säger hon.", "", ""),
        ("säger hon till Nya Ekviksbladet.", "", ""),
        ("säger en besökare i Norra Ekvik.", "", ""),
        ("säger Anna.", "", ""),
        ("säger chefen Anna.", "", ""),
        ("säger Anna Berg Ek Al Bo, chef.", "", ""),
        ("säger 12 personer.", "", ""),
        ("says Jane Doe, head of libraries.", "Jane Doe", "head of libraries"),
        ("says mayor Jane Doe. Good!", "Jane Doe", "mayor"),
        ("said Jane O'Neil, CEO of Ekvik, who is happy.", "Jane O'Neil", "CEO of Ekvik"),
        ("säger hon. Men nej, menar Anna Berg, chef.", "Anna Berg", "chef"),
    ],
)
def test_name_and_title_are_copied_out_of_the_text(said: str, name: str, title: str) -> None:
    (quote,) = blocks(f"– Nu är det klart, {said}")
    assert quote == Quote(text=f"Nu är det klart, {said}", name=name, title=title)


def test_a_question_or_exclamation_mark_may_stand_for_the_comma() -> None:
    assert blocks("– Vilken dag! säger Anna Berg, chef.") == (
        Quote(text="Vilken dag! säger Anna Berg, chef.", name="Anna Berg", title="chef"),
    )


def test_the_words_of_a_verb_in_another_place_make_no_quote() -> None:
    assert blocks("Hon är glad, säger Anna Berg, chef.") == (
        Paragraph(text="Hon är glad, säger Anna Berg, chef."),
    )
    assert blocks("– Det, sadelmakaren, vet du") == (Items(items=("Det, sadelmakaren, vet du",)),)


def test_a_lone_sentence_after_a_dash_is_a_quote_with_a_warning() -> None:
    for sentence in ("Vi är mycket glada.", "”Äntligen!”", "Är det sant? Ja, det är det."):
        assert blocks(f"– {sentence}") == (Quote(text=sentence),)
        assert rules(f"– {sentence}") == ["quote"]


def test_a_sentence_beside_one_that_is_said_is_a_lone_one() -> None:
    made = blocks("– Ja, säger Anna Berg, chef.\n\n– Vi är glada.")
    assert [type(block) for block in made] == [Quote, Quote]


def test_lines_with_a_dash_and_no_end_mark_are_a_list() -> None:
    for lines in ("- äpplen\n- Päron;\n- 3 bananer", "– äpplen\n\n– Päron;\n\n– 3 bananer"):
        assert blocks(lines) == (Items(items=("äpplen", "Päron;", "3 bananer")),)
        assert rules(lines) == []
    assert blocks("• äpplen.\n•päron") == (Items(items=("äpplen.", "päron")),)


@pytest.mark.parametrize(
    "lines", [["- Första punkten.", "- Andra punkten."], ["- vi är inte stora."]]
)
def test_anything_else_keeps_its_dash_as_a_paragraph(lines: list[str]) -> None:
    assert blocks("\n".join(lines)) == tuple(Paragraph(text=line) for line in lines)
    assert rules("\n".join(lines)) == ["dash"] * len(lines)


@pytest.mark.parametrize("line", ["–50 grader är kallt.", "–50 är kallt;", "-ord.", "-- a."])
def test_what_only_looks_like_a_mark_is_text(line: str) -> None:
    assert blocks(line) == (Paragraph(text=line),)
    assert rules(line) == []


def test_an_item_of_markdown_with_a_verb_is_a_quote_and_others_are_not() -> None:
    assert blocks("- Ja, säger Anna Berg, chef.\n- Nej, menar Bo Ek.", "a.md") == (
        Quote(text="Ja, säger Anna Berg, chef.", name="Anna Berg", title="chef"),
        Quote(text="Nej, menar Bo Ek.", name="Bo Ek"),
    )
    assert blocks("- Första.\n- Andra.", "a.md") == (Items(items=("Första.", "Andra.")),)
    assert blocks("* Vi är glada.", "a.md") == (Items(items=("Vi är glada.",)),)
    assert blocks("- Vi är glada.", "a.md") == (Quote(text="Vi är glada."),)
    assert rules("- Vi är glada.", "a.md") == ["quote"]


def test_a_blockquote_is_a_quote_and_its_last_line_may_sign_it() -> None:
    assert blocks("> Vi är **glada**.\n> Mycket.", "a.md") == (
        Quote(text="Vi är <strong>glada</strong>. Mycket."),
    )
    assert blocks("> Ja.\n>\n> Nej.\n>\n> — Anna Berg, chef", "a.md") == (
        Quote(text="Ja.<br>Nej.", name="Anna Berg", title="chef"),
    )
    assert blocks("> Ja.\n\n— Anna Berg", "a.md") == (Quote(text="Ja.", name="Anna Berg"),)
    assert blocks("> – Ja, säger Anna Berg, chef.", "a.md") == (
        Quote(text="Ja, säger Anna Berg, chef.", name="Anna Berg", title="chef"),
    )


def statement(*paragraphs: str, intro: str = "Motiveringen från juryn löd:") -> Statement:
    return Statement(intro=intro, paragraphs=paragraphs)


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (["Ett.", "Priset går till Ekvik.", "Tre."], 2),
        (["Ett.", "Två.", "Tre.", "Därför tilldelas Ekvik priset.", "Fem."], 4),
        (["Ett.", "Två.", "Tre.", "Fyra.", "Ekvik utses till vinnare."], 1),
        (["Ekvik är bäst.", "Två."], 1),
        (["Ekvik has done well.", "The prize goes to Ekvik.", "Tre."], 2),
        (["Ett.", "Ekvik is awarded the prize.", "Tre."], 2),
    ],
)
def test_a_statement_ends_where_it_says_who_is_awarded(lines: list[str], count: int) -> None:
    text = "Motiveringen från juryn löd:\n\n" + "\n\n".join(lines)
    rest = tuple(Paragraph(text=line) for line in lines[count:])
    assert blocks(text) == (statement(*lines[:count]), *rest)
    assert rules(text) == ["statement-end"]


@pytest.mark.parametrize(("left", "right"), ["””", "“”", '""', "»»", "„“"])
def test_a_statement_ends_at_its_closing_quotation_mark(left: str, right: str) -> None:
    first, last = f"{left}Priset går till Ekvik.", f"Bra gjort.{right}"
    text = f"Juryns motivering: {first}\n\n{last}\n\nMer."
    assert blocks(text) == (
        statement(first, last, intro="Juryns motivering:"),
        Paragraph(text="Mer."),
    )
    assert rules(text) == []


def test_a_statement_without_its_closing_mark_falls_back_on_the_words() -> None:
    text = "Juryns motivering:\n”Ekvik är bra.\n\nMer."
    assert blocks(text) == (
        statement("”Ekvik är bra.", intro="Juryns motivering:"),
        Paragraph(text="Mer."),
    )
    assert rules(text) == ["statement-end"]


@pytest.mark.parametrize(
    "intro",
    ["MOTIVERING:", "Ur prismotiveringen, som är lång:", "The jury’s citation reads:"],
)
def test_the_intro_is_what_stands_up_to_the_colon(intro: str) -> None:
    assert blocks(f"{intro} Ekvik är bra.") == (statement("Ekvik är bra.", intro=intro),)


def test_the_intro_and_the_text_may_share_a_paragraph_with_markup() -> None:
    made = blocks("**Juryns motivering:**\nEkvik är *bra*.", "a.md")
    assert made == (statement("Ekvik är <em>bra</em>.", intro="Juryns motivering:"),)
    made = blocks("Juryns motivering:\n\n> ”Ett.\n>\n> Två.”", "a.md")
    assert made == (statement("”Ett.", "Två.”", intro="Juryns motivering:"),)
    assert rules("Juryns motivering:\n\n> ”Ett.\n>\n> Två.”", "a.md") == []
    assert rules("Juryns motivering:\n\n> Ett.", "a.md") == ["statement-end"]


@pytest.mark.parametrize(
    "line",
    [
        "Motiveringen var god. Det sa juryn så här: bra.",
        "Motiveringen finns på nätet.",
        "Juryn möttes kl. 10:30 om motiveringen.",
    ],
)
def test_a_colon_elsewhere_opens_no_statement(line: str) -> None:
    assert blocks(line) == (Paragraph(text=line),)


def test_a_statement_that_nothing_follows_is_a_paragraph_with_a_warning() -> None:
    text = "Juryns motivering:\n\n- ett\n- två"
    assert blocks(text)[0] == Paragraph(text="Juryns motivering:")
    assert rules(text) == ["statement"]


def test_a_line_alone_without_end_mark_before_a_paragraph_is_a_heading() -> None:
    assert blocks("Så går det till\n\nFörst läser vi.") == (
        Heading(text="Så går det till"),
        Paragraph(text="Först läser vi."),
    )
    assert blocks("Röster\n\n– Ja, säger Anna Berg, chef.")[0] == Heading(text="Röster")


@pytest.mark.parametrize("line", ["Så går det till:", "Vi vann!", "Vi vann.", "Ord " * 21 + "slut"])
def test_a_line_with_an_end_mark_or_too_long_is_no_heading(line: str) -> None:
    assert blocks(f"{line}\n\nFörst läser vi.")[0] == Paragraph(text=line)


def test_of_two_short_lines_the_last_is_the_heading() -> None:
    assert blocks("Ekvik\n\nProgram\n\nFörst läser vi.")[:2] == (
        Paragraph(text="Ekvik"),
        Heading(text="Program"),
    )


def test_deep_headings_become_level_three_with_a_warning() -> None:
    text = "## Två\n\n### Tre\n\n#### Fyra\n\nText."
    assert [block.level for block in blocks(text, "a.md") if isinstance(block, Heading)] == [
        2,
        3,
        3,
    ]
    assert rules(text, "a.md") == ["heading-level"]


def test_top_headings_below_the_title_move_all_one_level_down() -> None:
    page = "<h1>Titel</h1><p>Ingress.</p><h1>Ett</h1><h2>Två</h2><p>Text.</p>"
    made = read("a.html", page.encode(), language="sv", languages=["sv"], sender="")
    assert [block.level for block in made.body if isinstance(block, Heading)] == [2, 3]


def test_a_heading_above_120_characters_is_a_paragraph() -> None:
    long = "Ord " * 31 + "slut"
    assert blocks(f"## {long}\n\nText.", "a.md")[0] == Paragraph(text=long)
    assert rules(f"## {long}\n\nText.", "a.md") == ["heading-long"]


@pytest.mark.parametrize("title", ["Fakta", "Fakta: priset", "FAKTARUTA", "Fakta om priset"])
def test_a_heading_fakta_opens_a_box_to_the_next_heading(title: str) -> None:
    text = f"## {title}\n\nEtt.\n\n* två\n\n## Mer"
    box = FactBox(title=title, content=(Paragraph(text="Ett."), Items(items=("två",))))
    assert blocks(text, "a.md") == (box, Heading(text="Mer"))
    made = draft(f"{title}\n\nEtt.")
    assert made.body == (FactBox(title=title, content=(Paragraph(text="Ett."), LAST)),)


def test_lines_without_end_mark_stand_in_a_fact_box_of_plain_text() -> None:
    made = draft("Fakta om hallen\nYta: 400 kvadratmeter\n- bastu\n- hopptorn")
    assert made.body == (
        FactBox(
            title="Fakta om hallen",
            content=(
                Paragraph(text="Yta: 400 kvadratmeter"),
                Items(items=("bastu", "hopptorn")),
                LAST,
            ),
        ),
    )


def test_a_quote_ends_a_fact_box_with_a_warning() -> None:
    text = "## Fakta\n\nEtt.\n\n> Två."
    assert [type(block) for block in blocks(text, "a.md")] == [FactBox, Quote]
    assert rules(text, "a.md") == ["fact-box"]


def test_fakta_in_a_sentence_is_a_heading_like_any() -> None:
    assert blocks("## Fakta visar vägen\n\nEtt.", "a.md")[0] == Heading(text="Fakta visar vägen")
