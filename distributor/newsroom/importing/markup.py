"""HTML to pieces, in one pass and with any nesting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

from distributor.newsroom.importing import inline
from distributor.newsroom.importing.characters import clean
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.pieces import (
    CAPTION,
    CELL,
    HEADING,
    ITEM,
    PARAGRAPH,
    PICTURE,
    QUOTE,
    UNNUMBERED,
    Piece,
    Source,
)
from distributor.newsroom.importing.tags import (
    BLOCKS,
    CELLS,
    CLOSED_BY_ANY,
    CLOSED_BY_LIKE,
    EMPHASIS,
    FRAMES,
    HEADINGS,
    KNOWN,
    LISTS,
    NO_TEXT,
)
from distributor.newsroom.importing.texts import SOFT_BREAK, paragraphs
from distributor.release import Inline
from distributor.rendering.cleaning import absolute

_SOFT = "\x1f"
_AROUND_SOFT = re.compile(rf" ?{_SOFT} ?")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_MAX_DEPTH = 100
_RULE = frozenset("-–—―_=*#~•· \t\n\xa0")


@dataclass(slots=True)
class _Block:
    tag: str
    ident: int
    language: str = ""
    number: int = UNNUMBERED
    dash: bool = False


class Reader(HTMLParser):
    """Feed it HTML, close it, and take ``pieces``, ``notes`` and ``language``.

    ``markdown`` says that the HTML was made of Markdown: lines come from ``data-line``, and tags
    that are not HTML are words in angle brackets.
    """

    def __init__(self, *, markdown: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self.notes: list[Note] = []
        self.language = ""
        self._markdown = markdown
        self._blocks: list[_Block] = []
        self._inlines: list[tuple[str, Inline]] = []
        self._buffer: list[Inline] = []
        self._pictures: list[Piece] = []
        self._count = 0
        self._line = 1
        self._start = 0
        self._silent = ""
        self._head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: clean(value or "") for name, value in reversed(attrs)}
        if self._markdown and given.get("data-line", "").isdigit():
            self._line = int(given["data-line"])
        if tag in BLOCKS:
            self._open_block(tag, given)
        elif tag in NO_TEXT or (tag == "title" and self._head):
            self._silent = tag
        elif tag == "head":
            self._head = True
        elif tag == SOFT_BREAK:
            self._buffer.append(_SOFT)
        elif tag == "br":
            self._buffer.append("<br>")
        elif tag == "img":
            self._picture(given)
        elif tag in FRAMES:
            address = absolute(given.get("src") or given.get("data") or "", "")
            if address:
                self.notes.append(note("frame", self._here(), detail=address))
        elif tag == "a" or tag in EMPHASIS:
            self._open_inline(tag, given)
        elif self._markdown and tag not in KNOWN:
            self.handle_data(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif tag in BLOCKS:
            self._flush()
            self._close_block(frozenset({tag}), frozenset())
        elif tag == "head":
            self._head = False
        elif tag == "a" or tag in EMPHASIS:
            self._close_inline(tag)
        elif self._markdown and tag not in KNOWN and tag != SOFT_BREAK:
            self.handle_data(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        text = clean(data)
        if text.strip() and not self._start:
            before = len(text) - len(text.lstrip())
            self._start = self._here() + (0 if self._markdown else text.count("\n", 0, before))
        html = inline.escape(text)
        in_pre = any(block.tag == "pre" for block in self._blocks)
        self._buffer.append(html.replace("\n", "<br>") if in_pre else html)

    def handle_comment(self, data: str) -> None:
        if self._markdown and data.strip():
            self.notes.append(note("comment", self._here(), left_out=clean(data)))

    def handle_decl(self, decl: str) -> None:
        if not decl.lower().startswith("doctype"):
            self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        self.handle_comment(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _here(self) -> int:
        return self._line if self._markdown else self.getpos()[0]

    def _open_block(self, tag: str, given: dict[str, str]) -> None:
        self._flush()
        self._head, self._silent = False, ""
        if tag == "html":
            self.language = given.get("lang", "").strip()
        if tag in ("html", "body", "hr"):
            return
        while self._blocks and self._blocks[-1].tag in CLOSED_BY_ANY:
            self._blocks.pop()
        if tag in CLOSED_BY_LIKE:
            self._close_block(*CLOSED_BY_LIKE[tag])
        if len(self._blocks) >= _MAX_DEPTH:
            return
        self._count += 1
        number = UNNUMBERED
        if tag == "ol":
            number = _integer(given.get("start", ""), UNNUMBERED)
        elif tag == "li":
            number = self._number(given.get("value", ""))
        self._blocks.append(
            _Block(tag, self._count, given.get("lang", ""), number, "data-dash" in given)
        )

    def _close_block(self, tags: frozenset[str], limit: frozenset[str]) -> None:
        """End the innermost block of ``tags`` and all within it, if it is inside ``limit``."""
        for index in range(len(self._blocks) - 1, -1, -1):
            if self._blocks[index].tag in tags:
                del self._blocks[index:]
                return
            if self._blocks[index].tag in limit:
                return

    def _number(self, value: str) -> int:
        """The number of the item now begun: 1 where none is written."""
        around = next((block for block in reversed(self._blocks) if block.tag in LISTS), None)
        if around is None or around.tag == "ul":
            return UNNUMBERED
        number = _integer(value, around.number)
        if number == UNNUMBERED:
            return 1
        around.number = number + 1
        return number

    def _open_inline(self, tag: str, given: dict[str, str]) -> None:
        if len(self._inlines) >= _MAX_DEPTH:
            return
        output = ""
        if tag == "a":
            if any(name == "a" for name, _output in self._inlines):
                self._close_inline("a")
            output = self._link(given)
        elif not any(opened == f"<{EMPHASIS[tag]}>" for _name, opened in self._inlines):
            output = f"<{EMPHASIS[tag]}>"
        self._inlines.append((tag, output))
        self._buffer.append(output)

    def _link(self, given: dict[str, str]) -> Inline:
        if self._markdown and given.get("title"):
            self.notes.append(note("reference", self._here(), left_out=given["title"]))
        href = given.get("href", "").strip()
        address = absolute(href, "") if href else ""
        if href and not address and not href.startswith("#"):
            self.notes.append(note("link", self._here(), detail=href))
        return f'<a href="{escape(address)}">' if address else ""

    def _close_inline(self, tag: str) -> None:
        names = [name for name, _output in self._inlines]
        if tag not in names:
            return
        index = len(names) - 1 - names[::-1].index(tag)
        inner = self._inlines[index + 1 :]
        self._buffer += _end_tags(self._inlines[index:])
        self._buffer += [output for _name, output in inner]
        self._inlines[index:] = inner

    def _picture(self, given: dict[str, str]) -> None:
        figure = next((block for block in reversed(self._blocks) if block.tag == "figure"), None)
        piece = Piece(
            kind=PICTURE,
            text=inline.escape(" ".join(given.get("alt", "").split())),
            line=self._here(),
            part=figure.ident if figure else 0,
            source=given.get("src", "").strip(),
            caption=given.get("title", "") if self._markdown else "",
            inside=self._inside(),
        )
        (self._pictures if "".join(self._buffer).strip() else self.pieces).append(piece)

    def _flush(self) -> None:
        html = "".join([*self._buffer, *_end_tags(self._inlines)])
        html = _AROUND_SOFT.sub("\n", _SPACE.sub(" ", html)).strip(" \n")
        self._buffer = [output for _name, output in self._inlines]
        text = inline.plain(html).strip()
        if text:
            piece = self._piece(html)
            if piece.kind == CELL or not _RULE.issuperset(text):
                self.pieces.append(piece)
        self.pieces += self._pictures
        self._pictures = []
        self._start = 0

    def _piece(self, html: Inline) -> Piece:
        kind, part, unit, level, number, dash = self._place()
        languages = (block.language for block in reversed(self._blocks) if block.language)
        return Piece(
            kind=kind,
            text=html,
            line=self._start or self._here(),
            part=part,
            unit=unit,
            level=level,
            number=number,
            dash=dash,
            language=next(languages, ""),
            inside=self._inside(),
        )

    def _place(self) -> tuple[str, int, int, int, int, bool]:
        """Kind, part, unit, level, number and dash of a piece that stands here."""
        table = next(self._outward("table", reverse=False), None)
        if table is not None:
            inner = self._blocks[self._blocks.index(table) :]
            row = next((block.ident for block in inner if block.tag == "tr"), 0)
            cell = next((block.ident for block in inner if block.tag in CELLS), 0)
            if cell:
                return CELL, table.ident, row, cell, UNNUMBERED, False
        for block in reversed(self._blocks):
            if block.tag in HEADINGS:
                return HEADING, 0, 0, HEADINGS[block.tag], UNNUMBERED, False
            if block.tag == "li":
                lists = [around for around in self._blocks if around.tag in LISTS]
                if lists:
                    depth, dash = len(lists), lists[-1].dash
                    return ITEM, lists[0].ident, block.ident, depth, block.number, dash
            if block.tag == "blockquote":
                return QUOTE, block.ident, 0, 0, UNNUMBERED, False
            if block.tag == "figcaption":
                figure = next(self._outward("figure"), None)
                return CAPTION, figure.ident if figure else 0, 0, 0, UNNUMBERED, False
        return PARAGRAPH, 0, 0, 0, UNNUMBERED, False

    def _outward(self, tag: str, *, reverse: bool = True) -> Iterator[_Block]:
        blocks = reversed(self._blocks) if reverse else iter(self._blocks)
        return (block for block in blocks if block.tag == tag)

    def _inside(self) -> frozenset[tuple[str, int]]:
        return frozenset(
            (block.tag, block.ident)
            for tag in ("article", "main")
            for block in [next(self._outward(tag, reverse=False), None)]
            if block is not None
        )


def _integer(value: str, default: int) -> int:
    value = value.strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else default


def _end_tags(opened: list[tuple[str, Inline]]) -> list[Inline]:
    return [
        "</a>" if output.startswith("<a ") else f"</{output[1:]}"
        for _name, output in reversed(opened)
        if output
    ]


def read(text: str) -> Source:
    """The pieces of an HTML file."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return Source(
        pieces=reader.pieces,
        notes=reader.notes,
        language=reader.language,
        paragraphs=paragraphs(text),
    )
