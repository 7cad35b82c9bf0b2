"""No word of the source is ever lost: the count, and the repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from distributor.newsroom.importing.characters import core, words
from distributor.newsroom.importing.draft import FoundImage
from distributor.newsroom.importing.inline import flat, plain
from distributor.newsroom.importing.people import attribution
from distributor.release import (
    Block,
    Contact,
    FactBox,
    Heading,
    Items,
    Paragraph,
    Quote,
    Statement,
)


def lost(paragraphs: Sequence[tuple[int, str]], kept: Iterable[str]) -> list[tuple[int, str]]:
    """The paragraphs of the source, with their lines, that have a word more than ``kept`` has.

    A word is a run of characters other than white space with a letter or digit; each counts as
    many times as it occurs, without the marks at its edges that can become a block or a field.
    Paragraphs that are missing as a whole are found before those that miss a word.
    """
    missing = Counter(core(word) for _line, text in paragraphs for word in words(text))
    missing.subtract(core(word) for text in kept for word in words(text))
    missing = +missing
    found: list[tuple[int, str]] = []
    for whole in (True, False):
        for line, text in paragraphs if missing else ():
            own = Counter(core(word) for word in words(text))
            gone = own & missing
            if gone and (gone == own or not whole):
                missing -= gone
                found.append((line, text))
    return sorted(found)


def texts(found: Iterable[Block | FoundImage]) -> Iterator[str]:
    """Every text in blocks and pictures that can come from the source, without markup.

    The name and title of a quote count only if they are not copied out of its text.
    """
    for block in found:
        match block:
            case Paragraph():
                yield plain(block.text)
            case Heading():
                yield block.text
            case Items():
                yield from map(plain, block.items)
            case Quote():
                yield plain(block.text)
                if attribution(flat(block.text)) != (block.name, block.title):
                    yield from (block.name, block.title)
            case Statement():
                yield block.intro
                yield from map(plain, block.paragraphs)
            case FactBox():
                yield block.title
                yield from texts(block.content)
            case FoundImage():
                yield from (block.alt, block.caption, block.credit)


def contact_texts(contacts: Iterable[Contact]) -> Iterator[str]:
    for contact in contacts:
        yield from (
            contact.name,
            contact.role,
            contact.organisation,
            contact.phone,
            contact.email,
            contact.hours,
        )
