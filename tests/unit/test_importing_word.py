"""Word files: every word that is there is taken, every word that was deleted is not."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import docx
import pytest
from PIL import Image

from distributor.newsroom.importing import Draft, Unreadable, law, read, word
from distributor.release import Items, Paragraph, Quote
from tests.files.formats import paragraph, saved, text_run, word_file

TITLE = paragraph("Ekvik vinner") + paragraph("Ekvik vann priset.")
FIELD = f'<w:fldSimple w:instr=" NUMPAGES ">{text_run("350")}</w:fldSimple>'
TEXT_BOX = f"<w:txbxContent>{paragraph('I rutan står detta.')}</w:txbxContent>"
MARK = '<w:rPr><w:del w:id="9" w:author="Vera"/></w:rPr>'


def draft(data: bytes) -> Draft:
    return read("a.docx", data, language="sv", languages=["sv"], sender="Ekvik")


def body(content: str, **parts: str) -> tuple[list[str], Draft]:
    made = draft(word_file(TITLE + content, **parts))
    assert (made.title, made.lead or "Ekvik vann priset.") == ("Ekvik vinner", "Ekvik vann priset.")
    texts = list(law.texts(made.body))
    return (texts if made.lead else texts[1:]), made


def said(made: Draft) -> list[tuple[str, str]]:
    return [(note.rule, note.left_out) for note in made.notes]


def change(tag: str, text: str, inner: str = "w:t") -> str:
    return f'<w:{tag} w:id="1" w:author="Vera">{text_run(text, inner)}</w:{tag}>'


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        ([change("ins", "Nytt "), change("del", "Gammalt ", "w:delText"), "ord."], "Nytt ord."),
        ([change("moveFrom", "Bort. "), change("moveTo", "Hit. "), "Ord."], "Hit. Ord."),
        (
            ["Ett ", f"<w:sdt><w:sdtContent>{text_run('val')}</w:sdtContent></w:sdt>", " till."],
            "Ett val till.",
        ),
        (
            [
                '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
                '<w:r><w:instrText> DATE \\@ "d MMMM" </w:instrText></w:r>',
                '<w:r><w:fldChar w:fldCharType="separate"/></w:r>',
                text_run("15 maj"),
                '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
                " öppnar vi.",
            ],
            "15 maj öppnar vi.",
        ),
        (["Ett", "<w:r><w:tab/></w:r>", "två."], "Ett två."),
        (["Ett", '<w:r><w:br w:type="page"/></w:r>', "två."], "Ett\ntvå."),
        (["Ett", "<w:r><w:noBreakHyphen/></w:r>", "två."], "Ett\u2011två."),
        (["Ett", "<w:r><w:softHyphen/></w:r>", "två."], "Etttvå."),
    ],
)
def test_a_paragraph_is_read_as_word_shows_it(runs: list[str], text: str) -> None:
    texts, made = body(paragraph(*runs))
    assert texts == [text]
    assert made.notes == ()


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (["Här arbetar ", FIELD, " personer."], "Här arbetar 350 personer."),
        (["Ett", "<w:r><w:cr/></w:r>", "två."], "Ett två."),
        (
            ["Talet ", "<m:oMath><m:r><m:t>x2</m:t></m:r></m:oMath>", " är stort."],
            "Talet x2 är stort.",
        ),
        ([FIELD], "350"),
        (["Ett ", f"<w:bdo>{text_run('två')}</w:bdo>", " tre."], "Ett två tre."),
    ],
)
def test_a_paragraph_of_which_mammoth_loses_a_word_is_given_as_it_stands(
    runs: list[str], text: str
) -> None:
    texts, made = body(paragraph("Före.") + paragraph(*runs) + paragraph("Efter."))
    assert texts == ["Före.", text, "Efter."]
    assert said(made) == [("lost-word", "")]
    assert (made.notes[0].level, made.notes[0].line) == ("warning", 4)


@pytest.mark.parametrize(
    "box",
    [
        f"<w:r><w:pict><v:shape><v:textbox>{TEXT_BOX}</v:textbox></v:shape></w:pict></w:r>",
        "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>"
        f"{TEXT_BOX}</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape>"
        f"<v:textbox>{TEXT_BOX}</v:textbox></v:shape></w:pict></mc:Fallback>"
        "</mc:AlternateContent></w:r>",
        "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wps:wsp><wps:txbx>"
        f"{TEXT_BOX}</wps:txbx></wps:wsp></w:drawing></mc:Choice></mc:AlternateContent></w:r>",
    ],
)
def test_the_text_of_a_text_box_follows_its_paragraph_once(box: str) -> None:
    texts, _made = body(paragraph("Före.", box) + paragraph("Efter."))
    assert texts == ["Före.", "I rutan står detta.", "Efter."]


def test_a_deleted_paragraph_mark_joins_two_paragraphs() -> None:
    texts, made = body(f"<w:p><w:pPr>{MARK}</w:pPr>{text_run('Ett ')}</w:p>" + paragraph("två."))
    assert (texts, made.notes) == (["Ett två."], ())


def test_a_table_with_a_deleted_row() -> None:
    def row(text: str, properties: str = "") -> str:
        cells = "".join(f"<w:tc>{paragraph(f'{text}{number}')}</w:tc>" for number in (1, 2))
        return f"<w:tr>{properties}{cells}</w:tr>"

    gone = '<w:trPr><w:del w:id="3" w:author="Vera"/></w:trPr>'
    _texts, made = body(f"<w:tbl>{row('a')}{row('b', gone)}{row('c')}</w:tbl>{paragraph('Slut.')}")
    assert made.body == (Items(items=("a1; a2", "c1; c2")), Paragraph(text="Slut."))
    assert said(made) == [("table", "")]


def test_footnotes_follow_and_headers_footers_and_comments_are_notes() -> None:
    text = paragraph(
        "Mätt i maj",
        '<w:r><w:footnoteReference w:id="2"/></w:r>',
        " och juni",
        '<w:r><w:endnoteReference w:id="1"/></w:r>',
        '<w:r><w:commentReference w:id="0"/></w:r>',
        '<w:del><w:r><w:footnoteReference w:id="3"/></w:r></w:del>',
        ".",
    )
    texts, made = body(
        text,
        footnotes=f'<w:footnote w:id="2">{paragraph("Enligt SCB.")}</w:footnote>'
        f'<w:footnote w:id="3">{paragraph("Struken not.")}</w:footnote>',
        endnotes=f'<w:endnote w:id="1">{paragraph("Se bilagan.")}</w:endnote>',
        comments=f'<w:comment w:id="0" w:author="Vera">{paragraph("Stämmer det?")}</w:comment>',
        header1=paragraph("Utkast"),
        footer1=paragraph("Sida ", FIELD),
    )
    assert texts == ["Mätt i maj och juni.", "Enligt SCB.", "Se bilagan."]
    assert said(made) == [
        ("footnote", ""),
        ("footnote", ""),
        ("header", "Utkast"),
        ("header", "Sida 350"),
        ("comment", "Stämmer det?"),
    ]


def test_a_document_with_everything_at_once_loses_no_word() -> None:
    everything = (
        paragraph("Ett ", change("ins", "nytt "), change("del", "x", "w:delText"), FIELD, " ord.")
        + paragraph("Rutan:", f"<w:r><w:pict><v:shape>{TEXT_BOX}</v:shape></w:pict></w:r>")
        + f"<w:sdt><w:sdtContent>{paragraph('Innehållskontroll.')}</w:sdtContent></w:sdt>"
        + f"<w:tbl><w:tr><w:tc>{paragraph('Cell ', FIELD)}</w:tc></w:tr></w:tbl>"
    )
    texts, _made = body(everything)
    assert texts == [
        "Ett nytt 350 ord.",
        "Rutan:",
        "I rutan står detta.",
        "Innehållskontroll.",
        "Cell 350",
    ]


def test_styles_lists_and_quotes_of_word() -> None:
    document = docx.Document()
    document.add_paragraph("Pressmeddelande 2026-05-15")
    document.add_heading("Ekvik vinner", 0)
    document.add_paragraph("Ekvik vann priset.")
    document.add_heading("Programmet", 1)
    for style in ("List Bullet", "List Number"):
        document.add_paragraph("ett", style=style)
        document.add_paragraph("två", style=style)
    document.add_paragraph("Vi är glada.", style="Intense Quote")
    run = document.add_paragraph("Mer ").add_run("nu")
    run.bold = True
    made = draft(saved(document))
    assert (made.title, made.type) == ("Ekvik vinner", "press")
    assert [block.tag for block in made.body] == ["heading", "list", "list", "quote", "paragraph"]
    assert made.body[1:] == (
        Items(items=("ett", "två")),
        Items(items=("ett", "två"), ordered=True),
        Quote(text="Vi är glada."),
        Paragraph(text="Mer <strong>nu</strong>"),
    )


def test_pictures_in_the_document_are_taken_with_their_alt_text() -> None:
    content = BytesIO()
    Image.new("RGB", (2, 2)).save(content, "PNG")
    document = docx.Document()
    for text in ("Ekvik vinner", "Ekvik vann priset.", "Nu firar vi."):
        document.add_paragraph(text)
    picture = document.add_picture(BytesIO(content.getvalue()))
    picture._inline.docPr.set("descr", "Torget i maj")
    document.add_paragraph("Slut.")
    made = draft(saved(document))
    (image,) = made.images
    assert (image.data, image.alt, image.position) == (content.getvalue(), "Torget i maj", 1)


def zipped(files: dict[str, bytes]) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


DOCTYPE = b'<!DOCTYPE w [<!ENTITY a "aaaa">]>'
WHOLE = word_file(TITLE)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"Bara text", "no Word document"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old or password-protected"),
        (WHOLE[: len(WHOLE) // 2], "no Word document"),
        (zipped({"a.txt": b"ord"}), "no Word document"),
        (zipped({"[Content_Types].xml": b"<Types/>"}), "no Word document"),
        (word_file(TITLE + "<w:p>"), "damaged"),
        (word_file(TITLE, extra={"word/styles.xml": DOCTYPE + b"<w/>"}), "DOCTYPE"),
        (word_file(TITLE, extra={"word/document.xml": DOCTYPE + b"<w>&a;</w>"}), "DOCTYPE"),
        (
            word_file(TITLE, extra={"a.xml": '<!DOCTYPE w SYSTEM "x"><w/>'.encode("utf-16")}),
            "DOCTYPE",
        ),
        (word_file("<w:sdt>" * 400 + "</w:sdt>" * 400), "nested too deeply"),
        (word_file("<w:sdt><w:sdtContent>" * 120 + "</w:sdtContent></w:sdt>" * 120 + TITLE), ""),
        (word_file(paragraph("")), "empty"),
        (word_file(paragraph("ord " * 600_000)), "2 MB"),
    ],
)
def test_what_is_no_word_document_is_refused_with_one_line(data: bytes, says: str) -> None:
    if not says:
        assert draft(data).title == "Ekvik vinner"
        return
    with pytest.raises(Unreadable, match=says) as refused:
        draft(data)
    assert "\n" not in str(refused.value)


def test_a_document_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word, "MAX_UNPACKED", 300_000)
    bomb = word_file(TITLE, extra={"word/media/a.png": bytes(400_000)})
    assert len(bomb) < 5_000
    with pytest.raises(Unreadable, match="unpacks to more"):
        draft(bomb)
    monkeypatch.setattr(word, "MAX_XML", 200_000)
    with pytest.raises(Unreadable, match="markup"):
        draft(word_file(TITLE, extra={"word/a.xml": b"<a>" + bytes(250_000)}))
    monkeypatch.setattr(word, "MAX_PACKED", 100)
    with pytest.raises(Unreadable, match="larger than 50 MB"):
        draft(WHOLE)


def test_a_picture_elsewhere_is_never_opened(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    drawing = (
        '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
        'wordprocessingDrawing"><wp:docPr id="1" name="x" descr="Torget"/><a:graphic xmlns:a='
        '"http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData><pic:pic xmlns:pic='
        '"http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill><a:blip '
        'r:link="image"/></pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>'
        "</w:drawing></w:r>"
    )
    _texts, made = body(paragraph("Text.", drawing), image=(tmp_path / "a.png").as_uri())
    assert made.images == ()
    assert ("image-missing", "Torget") in said(made)
