"""Plain text to pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from distributor.newsroom.importing.inline import escape
from distributor.newsroom.importing.pieces import (
    PARAGRAPH,
    Piece,
    Source,
    joined,
)

_RULE = re.compile(r"[\s\-–—―_=*#~•]*")


def read(text: str, *, first_line: int = 1) -> Source:
    """The pieces of a text whose first line is line ``first_line`` of the file."""
    return Source(
        pieces=list(_pieces(text, first_line)),
        paragraphs=[
            (number, row) for number, row in enumerate(text.split("\n"), first_line) if row.strip()
        ],
    )


def _pieces(text: str, first_line: int) -> Iterator[Piece]:
    """Blank lines part paragraphs; the lines of one run on, or stand alone, as their length tells.

    Lines of hyphens and the like hold no text.
    """
    rows = [(number, row.strip()) for number, row in enumerate(text.split("\n"), first_line)]
    for blank, group in groupby(rows, key=lambda row: _RULE.fullmatch(row[1]) is not None):
        paragraph = [] if blank else list(group)
        if joined([row for _number, row in paragraph]):
            paragraph = [
                (number, "\n".join(row for _number, row in paragraph))
                for number, _row in paragraph[:1]
            ]
        for number, row in paragraph:
            yield Piece(kind=PARAGRAPH, text=escape(row), line=number, bare=True)
