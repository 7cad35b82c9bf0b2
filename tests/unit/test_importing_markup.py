"""HTML and Markdown: blocks, tables, pictures, and what is no text."""

from __future__ import annotations

import base64
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from distributor.newsroom.importing import Draft, law, read
from distributor.newsroom.importing.characters import core, words
from distributor.newsroom.importing.inline import cut, flat, lines, plain, tidy
from distributor.release import Block, Heading, Items, Paragraph, Quote

HTML = "<h1>Titel</h1><p>Ingress.</p>{}<p>Slut.</p>"
MARKDOWN = "# Titel\n\nIngress.\n\n{}\n\nSlut.\n"
SLUT = Paragraph(text="Slut.")


def html(content: str, folder: Path | None = None) -> Draft:
    return _read("a.html", HTML.format(content), folder)


def markdown(content: str, folder: Path | None = None) -> Draft:
    return _read("a.md", MARKDOWN.format(content), folder)


def _read(name: str, content: str, folder: Path | None = None) -> Draft:
    return read(
        name,
        content.encode(),
        language="sv",
        languages=["sv", "en"],
        sender="Ekvik",
        media_folder=folder,
    )


def blocks(made: Draft) -> tuple[Block, ...]:
    assert made.body[-1] == SLUT
    return made.body[:-1]


def said(made: Draft) -> list[tuple[str, str]]:
    return [(note.rule, note.left_out) for note in made.notes]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a <b>b</b> <i>c</i>", "a <strong>b</strong> <em>c</em>"),
        ("a <strong><b>b</b></strong>", "a <strong>b</strong>"),
        ("<span style='x'>a</span> &lt;b&gt; &amp; c", "a &lt;b&gt; &amp; c"),
        ("<b>a <i>b</b> c</i>", "<strong>a <em>b</em></strong><em> c</em>"),
        ("a<br/>b<br>", "a<br>b"),
        (
            "<a href='https://Åbo.example/å?b=c d' class=x>a</a>",
            '<a href="https://xn--bo-xia.example/%C3%A5?b=c%20d">a</a>',
        ),
        ("<a href='mailto:a@b.example'>a</a>", '<a href="mailto:a@b.example">a</a>'),
        ("<a href='#not'>a</a> <a name=x></a>b", "a b"),
        ("m<sup>2</sup> <u>b</u>&nbsp;c", "m2 b\u00a0c"),
        ("a\n\n  b\t c", "a b c"),
        ("x<b>&#824;</b>y", "x<strong>&#824;</strong>y"),
    ],
)
def test_inline_markup_is_links_strong_em_and_br(source: str, text: str) -> None:
    assert blocks(html(f"<p>{source}</p>")) == (Paragraph(text=text),)
    assert unicodedata.is_normalized("NFC", f"<p>{text}</p>")


@pytest.mark.parametrize("href", ["javascript:alert(1)", "/sida", "data:text/html,x", "fil.pdf"])
def test_a_link_that_is_not_absolute_loses_its_address_with_a_warning(href: str) -> None:
    made = html(f"<p><a href='{href}'>länk</a></p>")
    assert blocks(made) == (Paragraph(text="länk"),)
    assert [note.rule for note in made.notes] == ["link"]
    assert made.notes[0].text.endswith(href)


def test_blocks_need_no_end_tags_and_loose_text_is_a_paragraph() -> None:
    made = html("<p>Ett<p>Två<ul><li>a<li>b</ul>Tre<div>Fyra<div>Fem</div></div>")
    assert blocks(made) == (
        Paragraph(text="Ett"),
        Paragraph(text="Två"),
        Items(items=("a", "b")),
        *(Paragraph(text=text) for text in ("Tre", "Fyra", "Fem")),
    )


def test_thousands_of_nested_elements_are_read() -> None:
    made = html("<div><b><blockquote>" * 20_000 + "Mitt." + "</b></div>" * 20_000)
    assert "Mitt." in [plain(text) for text in law.texts(made.body)]


def test_script_style_and_head_are_no_text() -> None:
    page = (
        "<html><head><title>Sidan</title><style>p{}</style><script>var a='<p>x</p>'</script>"
        f"</head><body>{HTML.format('<script>x</script><style>y</style><!-- z -->')}</body></html>"
    )
    made = _read("a.html", page)
    assert (made.title, made.body, made.notes) == ("Titel", (SLUT,), ())


@pytest.mark.parametrize("tag", ["article", "main"])
def test_what_stands_outside_a_single_article_or_main_becomes_notes(tag: str) -> None:
    page = f"<nav>Start | <a href='/'>Hem</a></nav><{tag}>{HTML}</{tag}><footer>Om oss</footer>"
    made = _read("a.html", page.format("<p>Text.</p>"))
    assert made.title == "Titel"
    assert blocks(made) == (Paragraph(text="Text."),)
    assert said(made) == [("link", ""), ("outside", "Start | Hem"), ("outside", "Om oss")]


def test_of_several_articles_none_is_chosen() -> None:
    made = _read("a.html", "<h1>Titel</h1><article>Ett.</article><article>Två.</article>")
    assert [made.lead, *law.texts(made.body)] == ["Ett.", "Två."]


def test_the_part_with_the_title_is_chosen() -> None:
    made = _read("a.html", "<main><h1>Titel</h1><article>Ett.</article><p>Två.</p></main>")
    assert (made.title, made.lead, made.notes) == ("Titel", "Ett.", ())


def test_a_table_becomes_an_item_for_each_row_with_a_warning() -> None:
    table = (
        "<table><thead><tr><th>År<th>Pris</thead><tr><td>2025<td><p>Ekvik<p>Storvik</tr>"
        "<tr><td><b>2026</b><td></table>"
    )
    rows = Items(items=("År; Pris", "2025; Ekvik Storvik", "<strong>2026</strong>"))
    assert blocks(html(table)) == (rows,)
    assert said(html(table)) == [("table", "")]
    made = markdown("| År | Pris |\n|----|---|\n| 2025 | Ekvik |")
    assert blocks(made) == (Items(items=("År; Pris", "2025; Ekvik")),)
    made = markdown("| År |\n|----|\n| 2025 | *Ekvik* | Storvik |")
    assert blocks(made) == (Items(items=("År", "2025 <em>Ekvik</em> Storvik")),)


def test_lists_are_levelled_divided_and_numbered_from_one() -> None:
    made = html("<ul><li>a<ul><li>b</li></ul></li><li><p>c</p><p>d</p></li></ul>")
    assert blocks(made) == (Items(items=("a", "b", "c<br>d")),)
    assert said(made) == [("list-nested", "")]
    made = html(f"<ol>{'<li>a</li>' * 60}</ol>")
    assert [len(part.items) for part in blocks(made) if isinstance(part, Items)] == [50, 10]
    assert said(made) == [("list-long", "")]
    assert blocks(markdown("1. a\n1. b")) == (Items(items=("a", "b"), ordered=True),)


@pytest.mark.parametrize("content", ["3. a\n4. b", "<ol start='3'><li>a</li><li>b</li></ol>"])
def test_a_list_with_numbers_of_its_own_becomes_paragraphs(content: str) -> None:
    assert blocks(markdown("0. a\n1. b"))[0] == Paragraph(text="0. a")
    made = markdown(content)
    assert blocks(made) == (Paragraph(text="3. a"), Paragraph(text="4. b"))
    assert said(made) == [("list-number", "")]


def test_a_block_may_have_its_own_language() -> None:
    made = html("<p lang='en-GB'>Well.</p><div lang='fi'><blockquote>Hei.</blockquote></div>")
    assert blocks(made) == (
        Paragraph(text="Well.", language="en-GB"),
        Quote(text="Hei.", language="fi"),
    )
    assert blocks(html("<p lang='sv-SE'>Bra.</p>")) == (Paragraph(text="Bra."),)


def test_pictures_are_taken_with_alt_caption_and_credit(tmp_path: Path) -> None:
    for name, form in (("torg et.png", "PNG"), ("b.jpg", "JPEG"), ("c.webp", "WEBP")):
        Image.new("RGB", (2, 2)).save(tmp_path / name, form)
    made = html(
        "<p>Ett.</p><figure><img src='torg%20et.png' alt='Torget'><figcaption>Torget i maj."
        " Foto: Vera Ek</figcaption></figure><p>Två.<img src=b.jpg></p>",
        tmp_path,
    )
    first, second = made.images
    assert (first.name, first.mime_type) == ("torg et.png", "image/png")
    assert (first.alt, first.caption, first.credit) == ("Torget", "Torget i maj.", "Vera Ek")
    assert (first.position, second.position, len(made.body)) == (1, 2, 3)
    assert said(made) == [("credit", "Foto:")]
    (third,) = markdown("![Torget](c.webp 'I maj')", tmp_path).images
    assert (third.alt, third.caption, third.position) == ("Torget", "I maj", 0)


def test_a_picture_inside_the_page_is_taken(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    made = html(f"<img alt=Torget src='data:image/png;base64,{base64.b64encode(data).decode()}'>")
    (image,) = made.images
    assert (image.data, image.name, image.alt) == (data, "picture.png", "Torget")


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("https://ekvik.example/a.png", "image-remote"),
        ("//ekvik.example/a.png", "image-remote"),
        ("saknas.png", "image-missing"),
        ("../utanfor.png", "image-missing"),
        ("/etc/hostname", "image-missing"),
        ("data:image/png,x", "image-missing"),
        ("a.gif", "image-kind"),
    ],
)
def test_a_picture_that_cannot_be_taken_is_a_warning(
    source: str, rule: str, tmp_path: Path
) -> None:
    (tmp_path / "utanfor.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.gif").write_bytes(b"GIF89a")
    made = html(f"<figure><img src='{source}' alt=Torget><figcaption>I maj</figure>", folder)
    assert made.images == ()
    assert said(made) == [(rule, "Torget I maj")]
    assert made.notes[0].level == "warning"


def test_an_embedded_page_is_a_warning_with_its_address() -> None:
    made = html("<iframe src='https://film.example/1'></iframe>")
    assert [note.rule for note in made.notes] == ["frame"]
    assert made.notes[0].text.endswith("https://film.example/1")


def test_markdown_lines_are_those_of_the_file() -> None:
    made = markdown("Text.\n\nNyhetsbild\n\n#### Djup\n\nMer.")
    assert [(note.rule, note.line) for note in made.notes] == [
        ("image-placeholder", 7),
        ("heading-level", 9),
    ]


def test_what_markdown_hides_becomes_notes() -> None:
    made = markdown(
        "[Ett][a] <!-- dold --> [två](https://b.example 'titeln')\n\n```python\nkod  här\n```\n\n"
        "[a]: https://a.example\n[c]: https://c.example 'orörd'"
    )
    assert blocks(made) == (
        Paragraph(text='<a href="https://a.example">Ett</a> <a href="https://b.example">två</a>'),
        Paragraph(text="kod här"),
    )
    assert sorted(said(made)) == [
        ("code", "python"),
        ("comment", "dold"),
        ("reference", "[c]: https://c.example 'orörd'"),
        ("reference", "titeln"),
    ]


def test_angle_brackets_that_are_no_html_are_text_in_markdown() -> None:
    made = markdown("Skriv till <namn efternamn> och <b>Vera</b>.\n\n<Plats ett>\ntext\n\nMer.")
    assert blocks(made)[:2] == (
        Paragraph(text="Skriv till &lt;namn efternamn&gt; och <strong>Vera</strong>."),
        Paragraph(text="&lt;Plats ett&gt;<br>text"),
    )


_INLINE = st.recursive(
    st.sampled_from(["a", "b c", "&amp;", "&lt;", "<br>", "\n", "å", " "]),
    lambda inner: st.tuples(
        st.sampled_from([("<strong>", "</strong>"), ("<em>", "</em>"), ('<a href="u">', "</a>")]),
        st.lists(inner, max_size=3),
    ).map(lambda two: two[0][0] + "".join(two[1]) + two[0][1]),
    max_leaves=12,
)


@given(st.lists(_INLINE, max_size=4).map("".join), st.integers(0, 30))
def test_inline_html_may_be_cut_anywhere(source: str, offset: int) -> None:
    offset = min(offset, len(plain(source)))
    left, right = cut(source, offset)
    assert plain(left) == plain(source)[:offset]
    assert plain(right) == plain(source)[offset:]
    assert [plain(line) for line in lines(source)] == plain(source).split("\n")
    assert flat(tidy(source)) == " ".join(flat(source).split())
    for html in (left, right, tidy(source), *lines(source)):
        assert html.count("<strong>") == html.count("</strong>")
        assert html.count("<a ") == html.count("</a>")


_BLOCK_TAGS = (
    "<p> </p> <div> </div> <ul> </ul> <ol> <li> </li> <table> <tr> <td> </td> </table>"
    " <blockquote> </blockquote> <h1> </h1> <h2> </h2> <h5> <br> <article> </article> <main>"
    " </main> <figure> <figcaption> </figcaption> </figure> <pre> </pre> <section> <dl> <dt> <dd>"
    " <hr> <nav> </nav> <body> <html>"
)
_BREAKING = set(_BLOCK_TAGS.split(" "))
_INSIDE = {"<b>", "</b>", "<i>", "</i>", "<a>", "</a>", "<x>", "</x>", "<!--x-->", "<img>"}
_TAGS = st.sampled_from(sorted(_BREAKING | _INSIDE))
_TEXTS = st.sampled_from(
    ["Ekvik", " ", "Anna Berg", "Kontakt", "- ord", "– Ja, säger Bo Ek.", "a.", "Publicerad", "\n"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_TAGS, _TEXTS), max_size=40))
def test_no_word_of_any_html_is_lost_and_none_is_added(parts: list[str]) -> None:
    made = _read("a.html", "".join([*parts, " ord"]))
    texts = [made.title, made.lead, *law.contact_texts(made.contacts), *law.texts(made.body)]
    texts += [note.left_out for note in made.notes]
    assert not any(note.rule == "lost-word" for note in made.notes)
    source = "".join(" " if part in _BREAKING else part for part in parts if part not in _INSIDE)
    assert counted([*texts]) == counted([source, " ord"])


def counted(texts: list[str]) -> Counter[str]:
    return Counter(core(word) for text in texts for word in words(text))


def test_headings_of_html_are_flat_text() -> None:
    assert blocks(html("<h2>Ett <em>två</em><br>tre</h2><p>x</p>"))[0] == Heading(
        text="Ett två tre"
    )
