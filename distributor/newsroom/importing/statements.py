"""Statements: a jury's citation and the like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from distributor.newsroom.importing import lexicon
from distributor.newsroom.importing.headings import heads
from distributor.newsroom.importing.inline import cut, flat, plain, tidy
from distributor.newsroom.importing.pieces import (
    HEADING,
    PARAGRAPH,
    QUOTE,
    Piece,
    marked,
)
from distributor.release import Statement

_OPENING = ("”", '"', "“", "„", "»", "«")
_CLOSED = re.compile(r"[”\"“»«]\s*[.,;]?\s*$")
_MAX_PARAGRAPHS = 10
_SEARCHED = 4
_MAX_INTRO = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A statement, how many pieces it takes, and whether a quotation mark set its end."""

    statement: Statement
    length: int
    closed: bool


def opens(piece: Piece) -> bool:
    """Whether ``piece`` has a line with a word for a citation, and a colon."""
    return piece.kind in (PARAGRAPH, HEADING) and _intro(piece) > 0


def statement(pieces: Sequence[Piece], index: int) -> Found | None:
    """The statement that the piece at ``index`` opens; None if nothing follows the colon.

    It ends at the closing quotation mark if it opened with one; else with the first of its first
    four paragraphs that says who gets the prize; else after one. A ``blockquote`` is one whole.
    """
    opener = pieces[index]
    intro, rest = cut(opener.text, _intro(opener))
    first = [replace(opener, kind=PARAGRAPH, text=rest)] if tidy(rest) else []
    following = pieces[index + 1 : index + 1 + _MAX_PARAGRAPHS]
    closed = 0
    if not first and following and following[0].kind == QUOTE:
        paragraphs = [piece for piece in following if piece.part == following[0].part]
        closed = _closed(paragraphs)
    else:
        candidates = first + _running(pieces, index + 1, _MAX_PARAGRAPHS - len(first))
        if not candidates:
            return None
        closed = _closed(candidates)
        paragraphs = candidates[: closed or _awarded(candidates)]
    return Found(
        Statement(
            intro=flat(intro),
            paragraphs=tuple(tidy(piece.text) for piece in paragraphs),
            language=opener.language,
        ),
        1 + len(paragraphs) - (len(first) if paragraphs[:1] == first else 0),
        closed > 0,
    )


def _intro(piece: Piece) -> int:
    """The length of the text up to the colon; 0 if ``piece`` opens no statement."""
    text = plain(piece.text)
    match = lexicon.STATEMENT.match(text)
    return match.end() if match and match.end() <= _MAX_INTRO else 0


def _running(pieces: Sequence[Piece], index: int, limit: int) -> list[Piece]:
    """The paragraphs from ``index`` on, up to whatever else."""
    found: list[Piece] = []
    while index < len(pieces) and len(found) < limit:
        piece = pieces[index]
        if piece.kind != PARAGRAPH or marked(piece.text) or heads(pieces, index) or opens(piece):
            break
        found.append(piece)
        index += 1
    return found


def _closed(paragraphs: Sequence[Piece]) -> int:
    """How many paragraphs there are to the closing quotation mark; 0 without one."""
    if not flat(paragraphs[0].text).startswith(_OPENING):
        return 0
    for length, piece in enumerate(paragraphs, 1):
        text = flat(piece.text)
        if _CLOSED.search(text if length > 1 else text[1:]):
            return length
    return 0


def _awarded(paragraphs: Sequence[Piece]) -> int:
    for length, piece in enumerate(paragraphs[:_SEARCHED], 1):
        if lexicon.STATEMENT_END.search(flat(piece.text)):
            return length
    return 1
