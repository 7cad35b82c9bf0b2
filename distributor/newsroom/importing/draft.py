"""What the import makes of a file."""

from __future__ import annotations

from dataclasses import dataclass

from distributor.newsroom.importing.notes import Note
from distributor.release import Block, Contact


class Unreadable(Exception):
    """The file cannot be read. The message is one line that says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundImage:
    """A picture in or beside the file.

    ``position`` is the index in the draft's body before which it stands. ``expires`` is a date or
    time as written in the front matter.
    """

    name: str
    data: bytes
    mime_type: str
    alt: str = ""
    caption: str = ""
    credit: str = ""
    licence: str = ""
    expires: str = ""
    decorative: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A document beside the file, named in the front matter."""

    name: str
    data: bytes
    title: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvent:
    """An event as the front matter has it: times are text, in the newsroom's time zone unless an
    offset follows."""

    start: str
    place: str = ""
    end: str = ""
    address: str = ""
    url: str = ""
    registration: str = ""
    status: str = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A release as far as its file tells it; what the file does not tell is empty.

    ``type`` is ``press`` unless the file says another, ``language`` is always set. ``named`` has
    the fields that the file itself gave, so that a correction can leave the others alone.
    ``topics`` are slugs, ``lists`` names, ``replaces`` an id; ``at`` and ``embargo`` are times as
    written. Body, contacts and all texts hold, with the ``left_out`` of the notes, every word of
    the file.
    """

    title: str
    type: str
    language: str
    lead: str = ""
    place: str = ""
    event: FoundEvent | None = None
    body: tuple[Block, ...] = ()
    contacts: tuple[Contact, ...] = ()
    boilerplate: str = ""
    case_number: str = ""
    topics: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    at: str = ""
    embargo: str = ""
    replaces: str = ""
    images: tuple[FoundImage, ...] = ()
    attachments: tuple[FoundFile, ...] = ()
    notes: tuple[Note, ...] = ()
    named: frozenset[str] = frozenset()
