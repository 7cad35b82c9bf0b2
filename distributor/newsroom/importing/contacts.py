"""Contacts and the text about the sender."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from distributor.newsroom.importing import lexicon
from distributor.newsroom.importing.headings import heads
from distributor.newsroom.importing.inline import cut, flat, lines
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.people import is_name
from distributor.newsroom.importing.pieces import HEADING, PARAGRAPH, PICTURE, Piece
from distributor.release import Contact, Inline

_EMAIL = re.compile(r"(?<!\S)[<(]?([\w.+-]+@[\w-]+(?:\.[\w-]+)+)[>)]?(?=[\s,;.|]|$)")
_PHONE = re.compile(r"(?<!\S)((?:\+|0)\d[\d \u00a0()/–-]{4,22}\d)(?=[\s,;.|]|$)")
_BETWEEN = re.compile(r"\s*[,;|](?:\s+|$)|^\s*[,;|]\s*|\s+[/|–—-]\s+")
_DIGITS = range(7, 16)
_MAX_CONTACTS = 10
_MAX_TEXT = 80


@dataclass(slots=True)
class _Line:
    """One line, and what it says of a contact if it ``fits``."""

    html: Inline
    piece: int
    phone: str = ""
    email: str = ""
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    fits: bool = False


@dataclass(slots=True)
class _Group:
    """The contact that is being read, and the lines it was read from."""

    name: str = ""
    role: str = ""
    organisation: str = ""
    phone: str = ""
    email: str = ""
    lines: list[_Line] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        return bool(self.name and (self.phone or self.email))

    def takes(self, line: _Line) -> bool:
        """Whether ``line`` could be added, which it then is."""
        named = replace(self, lines=self.lines)
        for key in ("phone", "email"):
            value = getattr(line, key)
            if value and getattr(named, key):
                return False
            setattr(named, key, value or getattr(named, key))
        for text in line.texts:
            if not named._takes_text(text):
                return False
        for key in ("name", "role", "organisation", "phone", "email"):
            setattr(self, key, getattr(named, key))
        self.lines.append(line)
        return True

    def _takes_text(self, text: str) -> bool:
        if is_name(text) and not is_name(self.name):
            if self.name and self.role:
                return False
            self.name, self.role = text, self.name or self.role
        elif not self.name:
            self.name = text
        elif not self.role:
            self.role = text
        elif not self.organisation:
            self.organisation = text
        else:
            return False
        return True

    def contact(self) -> Contact:
        return Contact(
            name=self.name,
            role=self.role,
            organisation=self.organisation,
            phone=self.phone,
            email=self.email,
        )


def contact_in(text: str) -> Contact | None:
    """The contact that one line tells: ``Name, role, phone, email``."""
    line, group = _read(text, text, 0), _Group()
    return group.contact() if line.fits and group.takes(line) and group.whole else None


def contacts(
    pieces: Sequence[Piece], *, sender: str
) -> tuple[list[Piece], tuple[Contact, ...], list[Note]]:
    """``pieces`` without the contacts, the contacts, and a note for each section of them.

    A section reaches from a line such as ``Kontakt`` to the next heading. A line that is no name,
    role, organisation, phone or email stays a paragraph, with a warning.
    """
    kept: list[Piece] = []
    found: list[Contact] = []
    notes: list[Note] = []
    index = 0
    while index < len(pieces):
        start = _section_at(pieces[index])
        if start is None:
            kept.append(pieces[index])
            index += 1
            continue
        heading, first = start
        end = _end(pieces, index + 1, sender)
        section = [*([first] if first else []), *pieces[index + 1 : end]]
        groups, loose = _grouped(section, alone=first is not None)
        if not groups:
            kept += pieces[index:end]
            notes.append(note("contact-none", pieces[index].line))
        else:
            found += [group.contact() for group in groups]
            labels = [label for group in groups for line in group.lines for label in line.labels]
            left_out = " ".join([heading, *labels])
            notes.append(note("contact", pieces[index].line, left_out=left_out))
            for piece, warned in loose:
                kept.append(piece)
                if warned:
                    notes.append(note("contact-line", piece.line))
        index = end
    return kept, tuple(found), notes


def _section_at(piece: Piece) -> tuple[str, Piece | None] | None:
    """The heading of contacts that ``piece`` is, and the contact that follows on the same line."""
    if piece.kind not in (HEADING, PARAGRAPH):
        return None
    text = flat(piece.text)
    if lexicon.contact_heading(text):
        return text, None
    start = lexicon.CONTACT_START.match(text)
    if start and piece.kind == PARAGRAPH and contact_in(text[start.end() :]):
        return start[0].strip(), replace(piece, text=cut(piece.text, start.end())[1])
    return None


def _end(pieces: Sequence[Piece], index: int, sender: str) -> int:
    while index < len(pieces):
        text = flat(pieces[index].text)
        named = lexicon.about(text, sender) or lexicon.contact_heading(text)
        guessed = pieces[index].kind == PARAGRAPH and (
            is_name(text) or _read(pieces[index].text, text, 0).phone
        )
        if named or (heads(pieces, index) and not guessed):
            break
        index += 1
    return index


def _grouped(
    section: Sequence[Piece], *, alone: bool
) -> tuple[list[_Group], list[tuple[Piece, bool]]]:
    """The contacts of a section, and the pieces that stay, those that needed a warning marked.

    ``alone``: the section ends with the first line that does not fit.
    """
    groups = [_Group()]
    read = list(_lines(section))
    for index, line in enumerate(read):
        if alone and not line.fits:
            break
        opens = index > 0 and line.piece != read[index - 1].piece
        if _begins(groups[-1], line, opens):
            groups.append(_Group())
        if line.fits:
            groups[-1].takes(line)
    groups = [group for group in groups if group.whole][:_MAX_CONTACTS]
    used = {id(line) for group in groups for line in group.lines}
    return groups, list(_loose(section, read, used, alone))


def _begins(group: _Group, line: _Line, opens: bool) -> bool:
    """Whether ``line``, the first of a paragraph if it ``opens``, starts another contact."""
    if not line.fits or not line.texts:
        return False
    if any(map(is_name, line.texts)) and is_name(group.name):
        return True
    return group.whole and (opens or bool(line.phone and group.phone))


def _lines(section: Sequence[Piece]) -> Iterator[_Line]:
    for index, piece in enumerate(section):
        if piece.kind != PICTURE:
            for html in lines(piece.text):
                if flat(html):
                    yield _read(html, flat(html), index)


def _loose(
    section: Sequence[Piece], read: Sequence[_Line], used: set[int], alone: bool
) -> Iterator[tuple[Piece, bool]]:
    for index, piece in enumerate(section):
        own = [line for line in read if line.piece == index]
        left = [line for line in own if id(line) not in used]
        if len(left) == len(own):
            yield piece, piece.kind != PICTURE and not alone
        else:
            for line in left:
                yield replace(piece, kind=PARAGRAPH, text=line.html), True


def _read(html: Inline, text: str, piece: int) -> _Line:
    """What ``text``, the line ``html`` without markup, says of a contact."""
    line = _Line(html, piece)
    if match := _EMAIL.search(text):
        line.email = match[1]
        text = f"{text[: match.start()]} | {text[match.end() :]}"
    match = _PHONE.search(text)
    if match and sum(map(str.isdigit, match[1])) in _DIGITS:
        line.phone = match[1]
        text = f"{text[: match.start()]} | {text[match.end() :]}"
    if line.phone or line.email:
        line.labels = [label.strip() for label in lexicon.CONTACT_LABEL.findall(text)]
        text = lexicon.CONTACT_LABEL.sub(" | ", text)
    texts = (part.strip(" .:") for part in _BETWEEN.split(text))
    line.texts = [part for part in texts if part]
    line.fits = bool(line.texts or line.phone or line.email) and all(map(_fits, line.texts))
    if not (line.phone or line.email) and text.rstrip().endswith((".", "!", "?", ":")):
        line.fits = False
    return line


def _fits(text: str) -> bool:
    """Whether ``text`` can be a name, a role or an organisation."""
    return (
        len(text) <= _MAX_TEXT
        and any(map(str.isalpha, text))
        and sum(map(str.isdigit, text)) < 5
        and not re.search(r"[.!?:]\s|[!?@]|://", text)
    )
