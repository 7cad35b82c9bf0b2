"""The same release as text, Markdown, HTML and a Word file, for tests of the import."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import docx

FOLDER = Path(__file__).parent

Part = tuple[str, str | list[str]]
"""``("title" | "heading" | "paragraph" | "said", text)``, ``("list" | "lines", texts)``.

``said`` is a quote, given without its dash; ``lines`` a paragraph of several lines.
"""


def parts_of(text: str) -> list[Part]:
    """The parts of a plain text whose first paragraph is the title."""
    title, *others = [paragraph.split("\n") for paragraph in text.strip().split("\n\n")]
    parts: list[Part] = [("title", title[0])]
    for rows in others:
        if len(rows) > 1:
            parts.append(("lines", rows))
        elif rows[0].startswith("- "):
            parts.append(("said", rows[0][2:]))
        else:
            parts.append(("paragraph", rows[0]))
    return parts


def as_text(parts: Sequence[Part]) -> bytes:
    written = []
    for kind, text in parts:
        if isinstance(text, list):
            written.append("\n".join(f"- {item}" if kind == "list" else item for item in text))
        else:
            written.append(f"– {text}" if kind == "said" else text)
    return "\n\n".join(written).encode()


def as_markdown(parts: Sequence[Part], *, said: str = "- ") -> bytes:
    marks = {"title": "# ", "heading": "## ", "said": said}
    written = []
    for kind, text in parts:
        if isinstance(text, list):
            written.append("\n".join(f"* {item}" if kind == "list" else item for item in text))
        else:
            written.append(marks.get(kind, "") + text)
    return "\n\n".join(written).encode()


def as_html(parts: Sequence[Part], *, said: str = "<p>– {}</p>") -> bytes:
    forms = {"title": "<h1>{}</h1>", "heading": "<h2>{}</h2>", "said": said}
    written = ['<!doctype html>\n<html lang="sv">\n<head><title>Sidan</title></head>\n<body>']
    for kind, text in parts:
        if isinstance(text, list):
            form = "<ul>{}</ul>" if kind == "list" else "<p>{}</p>"
            rows = [f"<li>{escape(item)}</li>" if kind == "list" else escape(item) for item in text]
            written.append(form.format(("\n" if kind == "list" else "<br>\n").join(rows)))
        else:
            written.append(forms.get(kind, "<p>{}</p>").format(escape(text)))
    return "\n".join([*written, "</body></html>"]).encode()


def as_docx(parts: Sequence[Part], *, said: str = "", title: int = 0) -> bytes:
    """``said`` is the style of quotes, which else begin with a dash; ``title`` 0 is Title."""
    document = docx.Document()
    for kind, text in parts:
        if isinstance(text, list):
            for item in text if kind == "list" else ["\n".join(text)]:
                document.add_paragraph(item, style="List Bullet" if kind == "list" else None)
        elif kind in ("title", "heading"):
            document.add_heading(text, title if kind == "title" else 2)
        elif kind == "said":
            document.add_paragraph(text if said else f"– {text}", style=said or None)
        else:
            document.add_paragraph(text)
    return saved(document)


def saved(document: docx.document.Document) -> bytes:
    content = BytesIO()
    document.save(content)
    return content.getvalue()


_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_NAMESPACES = (
    f'xmlns:w="{_WORD}"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_ROOTS = {"comments": "comments", "footnotes": "footnotes", "endnotes": "endnotes",
          "header1": "hdr", "footer1": "ftr"}  # fmt: skip


def word_file(
    body: str, *, extra: dict[str, bytes] | None = None, image: str = "", **parts: str
) -> bytes:
    """A .docx with the WordprocessingML ``body``, and ``comments``, ``footnotes``, ``endnotes``,
    ``header1`` and ``footer1`` as given; ``extra`` are further files by their name, ``image`` is
    the address of a linked picture (``r:link="image"``)."""
    files = {
        "word/document.xml": _part("document", f"<w:body>{body}</w:body>"),
        "_rels/.rels": _relationships({"officeDocument": "word/document.xml"}),
    }
    related, types = {"image": image} if image else {}, {"document": "document.main"}
    for name, content in parts.items():
        kind = name.rstrip("1")
        files[f"word/{name}.xml"] = _part(_ROOTS[name], content)
        related[kind], types[name] = f"{name}.xml", kind
    files["word/_rels/document.xml.rels"] = _relationships(related)
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_TYPE}.{kind}+xml"/>'
        for name, kind in types.items()
    )
    files["[Content_Types].xml"] = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        f'<Default Extension="png" ContentType="image/png"/>{overrides}</Types>'
    ).encode()
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, data in (files | (extra or {})).items():
            archive.writestr(name, data)
    return content.getvalue()


def paragraph(*runs: str) -> str:
    """A ``w:p`` of runs; what begins with ``<`` stands as it is."""
    return f"<w:p>{''.join(run if run.startswith('<') else text_run(run) for run in runs)}</w:p>"


def text_run(text: str, tag: str = "w:t") -> str:
    return f'<w:r><{tag} xml:space="preserve">{escape(text)}</{tag}></w:r>'


def _part(root: str, content: str) -> bytes:
    return f'<?xml version="1.0"?><w:{root} {_NAMESPACES}>{content}</w:{root}>'.encode()


def _relationships(targets: dict[str, str]) -> bytes:
    entries = "".join(
        f'<Relationship Id="{kind}" Type="{_RELATED}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    uri = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{uri}">{entries}</Relationships>'.encode()
