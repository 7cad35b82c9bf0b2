"""The text about the sender."""

from __future__ import annotations

from collections.abc import Sequence

from distributor.newsroom.importing import lexicon
from distributor.newsroom.importing.headings import heads
from distributor.newsroom.importing.inline import flat, lines
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.pieces import HEADING, PARAGRAPH, Piece

MAX_LENGTH = 2_000


def boilerplate(pieces: Sequence[Piece], *, sender: str) -> tuple[list[Piece], str, list[Note]]:
    """``pieces`` without the paragraphs under ``Om <sender>``, their text, and notes.

    Above 2,000 characters they stay where they are, with a warning.
    """
    for index, piece in enumerate(pieces):
        if piece.kind not in (HEADING, PARAGRAPH) or not lexicon.about(flat(piece.text), sender):
            continue
        end = index + 1
        while end < len(pieces) and _goes_on(pieces, end):
            end += 1
        if end == index + 1:
            continue
        text = "\n\n".join(_text(paragraph) for paragraph in pieces[index + 1 : end])
        if len(text) > MAX_LENGTH:
            return list(pieces), "", [note("boilerplate-long", piece.line)]
        remark = note("boilerplate", piece.line, left_out=flat(piece.text))
        return [*pieces[:index], *pieces[end:]], text, [remark]
    return list(pieces), "", []


def _goes_on(pieces: Sequence[Piece], index: int) -> bool:
    piece = pieces[index]
    return (
        piece.kind == PARAGRAPH
        and not heads(pieces, index)
        and not lexicon.contact_heading(flat(piece.text))
    )


def _text(piece: Piece) -> str:
    """The text of a paragraph; only its ``br`` part lines."""
    return "\n".join(row for row in map(flat, lines(piece.text, soft=False)) if row)
