"""Headings of a text that marks none."""

from __future__ import annotations

from collections.abc import Sequence

from distributor.newsroom.importing import lexicon
from distributor.newsroom.importing.inline import flat
from distributor.newsroom.importing.pieces import HEADING, PARAGRAPH, Piece, marked
from distributor.newsroom.importing.quotes import CLOSING, spoken

MAX_GUESSED = 80
_END_MARKS = (".", "!", "?", ":", ";", ",", "…")


def heads(pieces: Sequence[Piece], index: int) -> bool:
    """Whether the piece at ``index`` is a heading.

    In plain text that is a line alone of at most 80 characters without an end mark, with a
    paragraph after it; ``Fakta:`` may have its colon, and anything
    after it.
    """
    piece = pieces[index]
    if piece.kind == HEADING:
        return True
    if not _like_heading(piece) or index + 1 >= len(pieces):
        return False
    after = pieces[index + 1]
    if after.kind != PARAGRAPH:
        return False
    if lexicon.fact_heading(flat(piece.text)):
        return True
    if _like_heading(after):
        return False
    return not marked(after.text) or spoken(after.text)


def _like_heading(piece: Piece) -> bool:
    if not piece.bare or piece.kind != PARAGRAPH or "\n" in piece.text or marked(piece.text):
        return False
    text = flat(piece.text)
    ends = text.rstrip(CLOSING).endswith(_END_MARKS) and not lexicon.fact_heading(text)
    return len(text) <= MAX_GUESSED and not ends and any(map(str.isalnum, text))
