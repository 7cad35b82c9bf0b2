"""What stands at the top and the bottom: title, type, leftovers, image placeholders, dateline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from distributor.newsroom.importing import lexicon
from distributor.newsroom.importing.inline import cut, escape, flat, plain
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.pieces import (
    HEADING,
    PARAGRAPH,
    PICTURE,
    Piece,
    marked,
    part_at,
    rows,
    text_of,
)

MAX_TITLE = 255
_EDGE_LINES = 10


@dataclass(slots=True)
class Opening:
    """``before`` and ``after`` are the pieces that stay, around the title. ``type`` is empty if
    no line tells it. ``whole`` is the piece of a title that was cut, to be kept."""

    before: list[Piece]
    after: list[Piece]
    title: str = ""
    type: str = ""
    whole: Piece | None = None
    notes: list[Note] = field(default_factory=list)


def opening(pieces: Sequence[Piece], *, sender: str, title: str = "") -> Opening:
    """Take title, type, leftovers and image placeholders out of ``pieces``.

    ``title`` is that of the front matter, if it has one.
    """

    def special(line: str) -> bool:
        return (
            marked(line)
            or lexicon.leftover(line)
            or lexicon.placeholder(line)
            or lexicon.contact_heading(line)
            or lexicon.about(line, sender)
            or lexicon.type_line(line, sender) is not None
        )

    notes: list[Note] = []
    kept = _without_leftovers(list(part_at(pieces, special)), notes)
    kept, kind = _without_type(kept, sender, notes)
    index = _repeated(kept, title, notes) if title else _title_at(kept)
    opened = Opening(kept[:index], kept[index:], title, kind, notes=notes)
    if not title:
        _take_title(opened)
    _cut_title(opened)
    opened.before = list(_without_placeholders(opened.before, notes))
    opened.after = list(_without_placeholders(opened.after, notes))
    return opened


def dateline(piece: Piece) -> tuple[str, str, Piece] | None:
    """Place, date and what follows, of a paragraph that begins ``Place, date –``."""
    match = lexicon.DATELINE.match(plain(piece.text)) if piece.kind == PARAGRAPH else None
    if match is None or not match["place"][0].isupper():
        return None
    rest = replace(piece, text=cut(piece.text, match.end())[1])
    return " ".join(match["place"].split()), match["date"], rest


def _without_leftovers(pieces: Sequence[Piece], notes: list[Note]) -> list[Piece]:
    """``pieces`` without the whole lines, among the first and last ten, that a web page left."""
    counts = [0 if piece.kind == PICTURE else len(rows(piece)) for piece in pieces]
    total, seen, kept, dated = sum(counts), 0, list[Piece](), False
    for piece, count in zip(pieces, counts, strict=True):
        at_edge = seen < _EDGE_LINES or total - seen <= _EDGE_LINES
        seen += count
        text = flat(piece.text)
        if (
            count == 1
            and at_edge
            and (lexicon.leftover(text) or (dated and lexicon.only_dates(text)))
        ):
            notes.append(note("leftover", piece.line, left_out=text))
            dated = True
        else:
            kept.append(piece)
            dated = dated and piece.kind == PICTURE
    return kept


def _without_type(
    pieces: Sequence[Piece], sender: str, notes: list[Note]
) -> tuple[list[Piece], str]:
    """``pieces`` without first lines of only type, date and sender, and the type they tell."""
    kind, found = "", list[Piece]()
    for piece in pieces:
        text = flat(piece.text)
        told = lexicon.type_line(text, sender)
        is_sender = bool(sender) and text.casefold() == sender.casefold()
        if piece.kind != PICTURE and not (told or is_sender or lexicon.only_dates(text)):
            break
        if piece.kind != PICTURE:
            kind = kind or told or ""
            found.append(piece)
    if not kind:
        return list(pieces), ""
    notes += [note("title-line", piece.line, left_out=flat(piece.text)) for piece in found]
    gone = {id(piece) for piece in found}
    return [piece for piece in pieces if id(piece) not in gone], kind


def _title_at(pieces: Sequence[Piece]) -> int:
    """The index of the title: of the first heading of level 1, else of the first line."""
    texts = [index for index, piece in enumerate(pieces) if piece.kind != PICTURE]
    lines = [index for index in texts if not _of_picture(pieces[index])]
    tops = [index for index in texts if pieces[index].kind == HEADING and pieces[index].level == 1]
    plain_lines = [index for index in lines if pieces[index].kind in (HEADING, PARAGRAPH)]
    return next(iter([*tops, *plain_lines, *lines]), len(pieces))


def _of_picture(piece: Piece) -> bool:
    text = flat(piece.text)
    return lexicon.placeholder(text) or lexicon.picture_line(text)


def _repeated(pieces: list[Piece], title: str, notes: list[Note]) -> int:
    """Where the text begins under a title of the front matter, which it may repeat once."""
    index = _title_at(pieces)
    if index == len(pieces):
        return 0
    found = pieces[index]
    if " ".join(flat(found.text).split()) == title:
        del pieces[index]
        notes.append(note("title-repeated", found.line, left_out=title))
        return index
    if found.kind == HEADING and found.level == 1:
        notes.append(note("front-matter-field", found.line, detail="title"))
    return 0


def _take_title(opened: Opening) -> None:
    if not opened.after:
        return
    piece = opened.after.pop(0)
    if piece.kind == PARAGRAPH and len(own := rows(piece)) > 1:
        end = "<br>" if "<br>" in piece.text else "\n"
        opened.after.insert(0, replace(piece, text=end.join(own[1:])))
        piece = replace(piece, text=own[0])
    opened.title = text_of(piece, opened.notes)
    opened.whole = replace(piece, kind=PARAGRAPH, bare=False)


def _cut_title(opened: Opening) -> None:
    """Cut a title of more than 255 characters at a word; ``whole`` is left only then."""
    title = opened.title
    if len(title) <= MAX_TITLE:
        opened.whole = None
        return
    line = opened.whole.line if opened.whole else 1
    start = title[: MAX_TITLE + 1]
    opened.title = start.rsplit(None, 1)[0] if len(start.split()) > 1 else title[:MAX_TITLE]
    opened.whole = opened.whole or Piece(kind=PARAGRAPH, text=escape(title), line=line)
    opened.notes.append(note("title-long", line))


def _without_placeholders(pieces: Sequence[Piece], notes: list[Note]) -> Iterator[Piece]:
    """``pieces`` without the lines that stand for an image, and a ``Foto:`` line after one."""
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        index += 1
        if piece.kind not in (HEADING, PARAGRAPH) or not lexicon.placeholder(flat(piece.text)):
            yield piece
            continue
        left_out = flat(piece.text)
        following = pieces[index] if index < len(pieces) else None
        if following is not None and following.kind == PARAGRAPH:
            own = rows(following)
            if lexicon.picture_line(flat(own[0])):
                left_out += " " + flat(own[0])
                index += 1
                if len(own) > 1:
                    yield replace(following, text="<br>".join(own[1:]))
        notes.append(note("image-placeholder", piece.line, left_out=left_out))
