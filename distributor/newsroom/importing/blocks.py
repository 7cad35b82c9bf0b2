"""Pieces to the blocks of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from distributor.newsroom.importing import lexicon, quotes, statements
from distributor.newsroom.importing.draft import FoundImage
from distributor.newsroom.importing.headings import heads
from distributor.newsroom.importing.inline import flat, tidy
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.people import signature
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
    bulleted,
    dashed,
    text_of,
    unmarked,
)
from distributor.release import Block, FactBox, Heading, Inline, Items, Paragraph

MAX_ITEMS = 50
MAX_HEADING = 120
_DEEPEST = 3

Found = Block | FoundImage
Picture = Callable[[Piece, str], FoundImage | None]
"""Takes a picture, given its piece and caption; None if it cannot be had (and says so)."""


def blocks(pieces: Sequence[Piece], *, picture: Picture, notes: list[Note]) -> list[Found]:
    """The blocks and pictures of ``pieces``, in their order; what is unsure goes to ``notes``."""
    builder = _Builder(pieces, picture, notes)
    index = 0
    while index < len(pieces):
        index = builder.take(index)
    return list(_fact_boxes(builder.found, notes))


class _Builder:
    def __init__(self, pieces: Sequence[Piece], picture: Picture, notes: list[Note]) -> None:
        self.found: list[tuple[Found, int]] = []
        self._pieces = list(pieces)
        self._picture = picture
        self._notes = notes
        self._pictured = {piece.part for piece in pieces if piece.kind == PICTURE and piece.part}
        self._captions: dict[int, list[str]] = {}
        for piece in pieces:
            if piece.kind == CAPTION and piece.part in self._pictured:
                self._captions.setdefault(piece.part, []).append(flat(piece.text))
        self._shift = sum(piece.kind == HEADING and piece.level == 1 for piece in pieces) > 0

    def take(self, index: int) -> int:
        """Make blocks of the piece at ``index`` and of those that belong to it; the next index."""
        piece = self._pieces[index]
        if statements.opens(piece):
            made = statements.statement(self._pieces, index)
            if made is not None:
                self._add(made.statement, piece)
                self._warn(not made.closed, "statement-end", piece)
                return index + made.length
            self._warn(True, "statement", piece)
        if heads(self._pieces, index):
            self._heading(piece)
            return index + 1
        if piece.kind in (ITEM, CELL, QUOTE):
            return self._part(index)
        if piece.kind == PICTURE:
            self._take_picture(piece)
        elif piece.kind == CAPTION and piece.part in self._pictured:
            pass
        elif dashed(piece.text) or bulleted(piece.text):
            return self._marked(index)
        else:
            self._paragraph(piece)
        return index + 1

    def _add(self, found: Found, piece: Piece) -> None:
        self.found.append((found, piece.line))

    def _warn(self, unsure: bool, rule: str, piece: Piece) -> None:
        if unsure:
            self._notes.append(note(rule, piece.line))

    def _paragraph(self, piece: Piece) -> None:
        text = tidy(piece.text)
        if text:
            self._add(Paragraph(text=text, language=piece.language), piece)

    def _heading(self, piece: Piece) -> None:
        text = flat(piece.text)
        if len(text) > MAX_HEADING:
            self._warn(True, "heading-long", piece)
            self._paragraph(piece)
            return
        level = max(2, piece.level + self._shift)
        self._warn(level > _DEEPEST, "heading-level", piece)
        heading = Heading(
            text=text_of(piece, self._notes), level=min(level, _DEEPEST), language=piece.language
        )
        self._add(heading, piece)

    def _take_picture(self, piece: Piece) -> None:
        captions = [piece.caption, *self._captions.pop(piece.part, [])]
        found = self._picture(piece, " ".join(filter(None, captions)))
        if found is not None:
            self._add(found, piece)

    def _part(self, index: int) -> int:
        """Make blocks of a whole list, table or blockquote; pictures in it follow it."""
        first = self._pieces[index]
        own, pictures, end = list[Piece](), list[Piece](), index
        while end < len(self._pieces):
            piece = self._pieces[end]
            if piece.kind == PICTURE:
                pictures.append(piece)
            elif (piece.kind, piece.part) == (first.kind, first.part):
                own.append(piece)
            else:
                break
            end += 1
        while end > index and self._pieces[end - 1].kind == PICTURE:
            end -= 1
            pictures.pop()
        if first.kind == CELL:
            self._table(own)
        elif first.kind == QUOTE:
            end = self._quote(own, end)
        else:
            self._list(own)
        for piece in pictures:
            self._take_picture(piece)
        return end

    def _table(self, cells: Sequence[Piece]) -> None:
        rows = []
        for _unit, row in groupby(cells, key=lambda piece: piece.unit):
            texts = [
                tidy(" ".join(piece.text for piece in cell))
                for _level, cell in groupby(row, key=lambda piece: piece.level)
            ]
            rows.append("; ".join(text for text in texts if text))
        self._warn(True, "table", cells[0])
        self._items(rows, cells[0])

    def _quote(self, paragraphs: Sequence[Piece], end: int) -> int:
        found = quotes.block_quote(paragraphs)
        following = self._pieces[end] if end < len(self._pieces) else None
        if not found.name and following is not None and following.kind == PARAGRAPH:
            name, title = signature(flat(following.text)) if dashed(following.text) else ("", "")
            if name:
                self._add(replace(found, name=name, title=title), paragraphs[0])
                return end + 1
        self._add(found, paragraphs[0])
        return end

    def _list(self, pieces: Sequence[Piece]) -> None:
        units = [list(group) for _unit, group in groupby(pieces, key=lambda piece: piece.unit)]
        items = [replace(unit[0], text=tidy("<br>".join(p.text for p in unit))) for unit in units]
        outer = min(piece.level for piece in pieces)
        numbers = [item.number for item in items if item.level == outer]
        self._warn(any(item.level != outer for item in items), "list-nested", items[0])
        if numbers[0] == UNNUMBERED:
            self._bullets(items)
        elif numbers == list(range(1, len(numbers) + 1)) or set(numbers) == {1}:
            self._items([item.text for item in items], items[0], ordered=True)
        else:
            self._warn(True, "list-number", items[0])
            for item in items:
                number = f"{item.number}. " if item.number != UNNUMBERED else ""
                self._paragraph(replace(item, text=number + item.text))

    def _bullets(self, items: Sequence[Piece]) -> None:
        """A list without numbers, in which an item that says who speaks is a quote."""
        alone = len(items) == 1 and items[0].dash
        for said, group in groupby(items, key=lambda item: quotes.spoken(item.text)):
            own = list(group)
            if said or (alone and quotes.is_sentence(own[0].text)):
                for item in own:
                    self._warn(not said, "quote", item)
                    self._add(quotes.quote(item.text, item.language), item)
            else:
                self._items([item.text for item in own], own[0])

    def _items(self, texts: Sequence[Inline], piece: Piece, *, ordered: bool = False) -> None:
        items = [text for text in texts if text]
        self._warn(len(items) > MAX_ITEMS, "list-long", piece)
        for start in range(0, len(items), MAX_ITEMS):
            chunk = tuple(items[start : start + MAX_ITEMS])
            self._add(Items(items=chunk, ordered=ordered, language=piece.language), piece)

    def _marked(self, index: int) -> int:
        """A paragraph of plain text with a dash or bullet: a quote, a list, or as it stands."""
        piece = self._pieces[index]
        if _is_item(piece):
            end = index
            while end < len(self._pieces) and _is_item(self._pieces[end]):
                end += 1
            items = [tidy(unmarked(item.text)) for item in self._pieces[index:end]]
            self._items(items, piece)
            return end
        said = quotes.spoken(piece.text)
        if said or (quotes.is_sentence(unmarked(piece.text)) and self._alone(index)):
            self._warn(not said, "quote", piece)
            self._add(quotes.quote(piece.text, piece.language), piece)
        else:
            self._warn(True, "dash", piece)
            self._paragraph(piece)
        return index + 1

    def _alone(self, index: int) -> bool:
        """Whether no neighbour of a marked line is another one that nobody is named as saying."""
        neighbours = self._pieces[max(0, index - 1) : index] + self._pieces[index + 1 : index + 2]
        return not any(_unspoken(piece) for piece in neighbours)


def _unspoken(piece: Piece) -> bool:
    return piece.kind == PARAGRAPH and dashed(piece.text) and not quotes.spoken(piece.text)


def _is_item(piece: Piece) -> bool:
    if piece.kind != PARAGRAPH:
        return False
    return bulleted(piece.text) or (_unspoken(piece) and not quotes.has_end_mark(piece.text))


def _fact_boxes(found: Iterable[tuple[Found, int]], notes: list[Note]) -> Iterator[Found]:
    """A heading ``Fakta`` with the paragraphs and lists to the next heading as one box.

    Pictures among them follow it; anything else ends it, with a warning.
    """
    waiting = list(found)[::-1]
    while waiting:
        block, _line = waiting.pop()
        if not (isinstance(block, Heading) and lexicon.fact_heading(block.text)):
            yield block
            continue
        content: list[Paragraph | Items] = []
        pictures: list[Found] = []
        while waiting and isinstance(waiting[-1][0], Paragraph | Items | FoundImage):
            part, _line = waiting.pop()
            if isinstance(part, Paragraph | Items):
                content.append(part)
            else:
                pictures.append(part)
        if not content:
            yield block
        else:
            if waiting and not isinstance(waiting[-1][0], Heading):
                notes.append(note("fact-box", waiting[-1][1]))
            yield FactBox(title=block.text, content=tuple(content), language=block.language)
        yield from pictures
