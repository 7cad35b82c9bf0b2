"""A file becomes the draft of a release: ``read`` is the way in."""

from distributor.newsroom.importing.draft import (
    Draft,
    FoundEvent,
    FoundFile,
    FoundImage,
    Unreadable,
)
from distributor.newsroom.importing.notes import HOUSE, MESSAGES, Note, house_note
from distributor.newsroom.importing.reading import read

__all__ = [
    "HOUSE",
    "MESSAGES",
    "Draft",
    "FoundEvent",
    "FoundFile",
    "FoundImage",
    "Note",
    "Unreadable",
    "house_note",
    "read",
]
