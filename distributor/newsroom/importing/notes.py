"""What the import tells an editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HOUSE = "house"
"""The rule of the note that whoever fills in the house's own contact, place or type adds."""

MESSAGES = {
    "encoding": ("warning", "not UTF-8, read as Windows-1252; check the letters å, ä and ö"),
    "front-matter-key": ("warning", "the front matter has a key that is not known"),
    "front-matter-comment": ("note", "left out, a comment in the front matter"),
    "front-matter-field": (
        "warning",
        "the front matter sets this too; what stands in the text was left there",
    ),
    "language": ("warning", "the file was taken to be in another language than it says"),
    "title-line": ("note", "the first line tells the type and was left out"),
    "title-long": ("warning", "the title was cut at 255 characters; all of it is kept in the body"),
    "title-repeated": ("note", "left out, the title once more"),
    "leftover": ("note", "left out"),
    "image-placeholder": ("warning", "an image was meant here"),
    "contact": ("note", "read as the contacts"),
    "contact-line": (
        "warning",
        "a line among the contacts is no name, role, phone or email; it is kept as a paragraph",
    ),
    "contact-none": ("warning", "contacts were looked for after this line, and none was found"),
    "boilerplate": ("note", "read as the text about the sender"),
    "boilerplate-long": (
        "warning",
        "the text about the sender is longer than 2,000 characters and stays in the body",
    ),
    "dateline": ("note", "the place was read from the dateline"),
    "quote": ("warning", "read as a quote, though nobody is named as saying it"),
    "dash": ("warning", "a line with a dash may have been a quote or an item of a list"),
    "statement-end": ("warning", "the statement's end is not set by a quotation mark; check it"),
    "statement": ("warning", "this may have opened a statement; none follows"),
    "heading-level": ("warning", "a heading of a deep level became level 3"),
    "heading-long": ("warning", "a heading above 120 characters became a paragraph"),
    "fact-box": ("warning", "what follows cannot stand in a fact box, which ends before it"),
    "table": ("warning", "a table became a list with an item for each row"),
    "list-nested": ("warning", "a list within a list was levelled out"),
    "list-long": ("warning", "a list of more than 50 items was divided"),
    "list-number": ("warning", "a list with numbers of its own became paragraphs"),
    "link": ("warning", "a link was taken off, its text kept; its address is"),
    "frame": ("warning", "an embedded page was left out; it is at"),
    "outside": ("note", "left out, it stands outside the article"),
    "header": ("note", "left out, a page header or footer"),
    "comment": ("note", "left out, a comment"),
    "drawing": ("warning", "left out, the text of a drawing"),
    "footnote": ("warning", "a footnote became a paragraph at the end"),
    "code": ("note", "left out, the name of a code block's language"),
    "reference": ("note", "left out, an address or a title that no text refers to"),
    "credit": ("note", "the credit was read from the caption"),
    "image-remote": ("warning", "a picture elsewhere on the web is not fetched; add it by hand"),
    "image-missing": ("warning", "a picture was not found beside the file"),
    "file-missing": (
        "warning",
        "a document of at most 50 MB was not found beside the file",
    ),
    "image-kind": ("warning", "a picture is not JPEG, PNG or WebP of at most 50 MB"),
    "lost-word": ("warning", "the paragraph is given as it stands, a word of it was at risk"),
    HOUSE: ("note", "filled in from the house"),
}
"""Level and message of each rule. The text of a note is the message, or ``message: detail``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One remark about one line.

    ``level`` is ``note`` or ``warning``; ``line`` counts the lines of the file from 1, in a Word
    file its paragraphs; ``rule`` is a key of :data:`MESSAGES`; ``text`` is one line for people.
    ``left_out`` holds the words of the source that stand in this note and nowhere else; ``text``
    ends with them.
    """

    level: str
    line: int | None
    rule: str
    text: str
    left_out: str = ""


def note(rule: str, line: int | None = None, *, left_out: str = "", detail: str = "") -> Note:
    """A note of ``rule``; ``detail`` is said before the words left out, each on one line."""
    level, message = MESSAGES[rule]
    words = " ".join(left_out.split())
    said = " ".join(part for part in (" ".join(detail.split()), words) if part)
    text = f"{message}: {said}" if said else message
    return Note(level=level, line=line, rule=rule, text=text, left_out=words)


def house_note(fields: Sequence[str]) -> Note:
    """The note that ``fields`` (``type``, ``contacts``, ``place`` …) came from the house."""
    return note(HOUSE, detail=", ".join(fields))
