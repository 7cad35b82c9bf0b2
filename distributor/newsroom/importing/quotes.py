"""Quotes: what somebody says, after a dash or in a ``blockquote``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from distributor.newsroom.importing import lexicon
from distributor.newsroom.importing.inline import flat, tidy
from distributor.newsroom.importing.people import attribution, signature
from distributor.newsroom.importing.pieces import Piece, dashed, unmarked
from distributor.release import Inline, Quote

_OPENING = "”\"“„»«’'("
CLOSING = "”\"“»«’')"


def spoken(html: Inline) -> bool:
    """Whether a comma (or ``!``, ``?``) and a speech verb stand in ``html``."""
    return lexicon.SPEECH.search(flat(html)) is not None


def is_sentence(html: Inline) -> bool:
    """Whether ``html`` begins with a capital and ends with ``.``, ``!`` or ``?``."""
    text = flat(html)
    return text.lstrip(_OPENING)[:1].isupper() and has_end_mark(html)


def has_end_mark(html: Inline) -> bool:
    return flat(html).rstrip(CLOSING).endswith((".", "!", "?"))


def quote(html: Inline, language: str = "") -> Quote:
    """``html`` as a quote, without its dash; name and title are copied out of it."""
    text = tidy(unmarked(html) if dashed(html) else html)
    name, title = attribution(flat(text))
    return Quote(text=text, name=name, title=title, language=language)


def block_quote(pieces: Sequence[Piece]) -> Quote:
    """The paragraphs of one ``blockquote``; a last one that is only a name and title signs it."""
    texts = [piece.text for piece in pieces]
    name, title = signature(flat(texts[-1])) if len(texts) > 1 else ("", "")
    found = quote("<br>".join(texts[:-1] if name else texts), pieces[0].language)
    return replace(found, name=name, title=title) if name else found
