"""The same release as text, Markdown, HTML and a Word file, for tests of the import."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path

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
