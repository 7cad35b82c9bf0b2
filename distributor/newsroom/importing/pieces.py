"""What every reader makes of its format: a row of pieces, one for each paragraph or its like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from distributor.newsroom.importing.inline import addresses, flat, lines, plain
from distributor.newsroom.importing.notes import Note, note
from distributor.release import Inline

PARAGRAPH = "paragraph"
HEADING = "heading"
ITEM = "item"
CELL = "cell"
QUOTE = "quote"
PICTURE = "picture"
CAPTION = "caption"
UNNUMBERED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A paragraph of the source, or what corresponds to it.

    ``kind`` is one of the words above; ``line`` counts from 1. Pieces of one list, table,
    blockquote or figure share their ``part``, those of one item or row also their ``unit``.
    ``level`` is that of a heading, or of an item's list. ``number`` is the number written for an
    item of an ordered list (1 for all if none is), else :data:`UNNUMBERED`; ``dash`` says that the
    item stood after a hyphen in Markdown.
    ``bare`` is set in plain text, where headings have no mark. ``source`` is a picture's address,
    ``text`` its alt text as inline HTML. ``inside`` has the articles and mains it stands in.
    """

    kind: str
    text: Inline
    line: int
    part: int = 0
    unit: int = 0
    level: int = 0
    number: int = UNNUMBERED
    dash: bool = False
    bare: bool = False
    language: str = ""
    source: str = ""
    caption: str = ""
    inside: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a reader gives: the pieces; notes on what is no text; the language the file names, if
    it does; line and text of the paragraphs by which the words are counted; and the pictures in
    the file by their ``source``, each with its media type."""

    pieces: list[Piece]
    paragraphs: list[tuple[int, str]]
    notes: list[Note] = field(default_factory=list)
    language: str = ""
    pictures: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def joined(rows: Sequence[str]) -> bool:
    """Whether the lines of a paragraph of plain text run on into one another.

    They do if each but the last has 40 to 100 characters, none ends with a colon and none starts
    with a mark.
    """
    return (
        all(40 <= len(row) <= 100 for row in rows[:-1])
        and not any(row.endswith(":") for row in rows)
        and not any(map(marked, rows))
    )


_MARK = r"(?:[–—―](?:\s+|(?=[^\d\s–—―-]))|-\s+)"
_DASH = re.compile(rf"((?:<[^>]*>)*)\s*{_MARK}(?=\S)")
_BULLET = re.compile(r"((?:<[^>]*>)*)\s*[•◦▪‣●]\s*(?=\S)")


def marked(html: Inline) -> bool:
    """Whether a line starts with a dash or a bullet."""
    return dashed(html) or bulleted(html)


def dashed(html: Inline) -> bool:
    return _DASH.match(html) is not None


def bulleted(html: Inline) -> bool:
    return _BULLET.match(html) is not None


def unmarked(html: Inline) -> Inline:
    """``html`` without the dash or bullet it starts with."""
    return (_BULLET if bulleted(html) else _DASH).sub(r"\1", html, count=1)


def text_of(piece: Piece, notes: list[Note]) -> str:
    """The text of ``piece`` on one line, for a field that takes no links; ``notes`` gets those."""
    notes += [note("link", piece.line, detail=address) for address in addresses(piece.text)]
    return flat(piece.text)


def rows(piece: Piece) -> list[Inline]:
    """The lines of a piece that stand for themselves."""
    soft = lines(piece.text)
    if len(soft) == 1:
        return soft
    return lines(piece.text, soft=not joined([plain(row).strip() for row in soft]))


def part_at(pieces: Iterable[Piece], special: Callable[[str], bool]) -> Iterator[Piece]:
    """``pieces``, each line that is ``special`` as a paragraph of its own."""
    for piece in pieces:
        own = rows(piece) if piece.kind == PARAGRAPH else []
        if len(own) < 2 or not any(special(flat(row)) for row in own):
            yield piece
            continue
        end = "<br>" if "<br>" in piece.text else "\n"
        for alone, group in groupby(own, key=lambda row: special(flat(row))):
            for text in group if alone else [end.join(group)]:
                yield replace(piece, text=text)
