"""A composition: the finished mail of one edition, language and segment, and how it is filled."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple, Self

from distributor.channels.email.slots import Piece
from distributor.errors import Refused


class Reader(NamedTuple):
    """One receiver of a composition.

    ``person`` is 20 hex digits that stand for them in Message-IDs. ``unsubscribe``,
    ``preferences`` and, under embargo, ``personal`` are tokens of 1–70 characters from
    ``[a-z0-9]``. ``first_number`` is the number of the first edition that they were sent, which a
    follow-up refers to.
    """

    delivery: int
    address: str
    person: str
    unsubscribe: str = ""
    preferences: str = ""
    personal: str = ""
    first_number: int | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """Constant bytes with slots between them: ``parts[0] slots[0] parts[1] slots[1] … parts[-1]``.

    ``notes`` are short words for the preview: ``shortened`` where blocks fell away from the HTML
    part, ``long-subject`` above 70 characters. ``clean`` says that whatever it is filled with has
    CRLF line ends only, one at its end, and no line that begins with a dot.
    """

    parts: tuple[bytes, ...]
    slots: tuple[str, ...]
    notes: tuple[str, ...] = ()
    clean: bool = field(init=False, repr=False, compare=False)
    _pattern: list[bytes] = field(init=False, repr=False, compare=False)
    _chosen: Callable[[list[bytes]], Sequence[bytes]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.parts) != len(self.slots) + 1:
            raise ValueError("a composition has one part more than it has slots")
        pattern = [b""] * (2 * len(self.slots) + 1)
        pattern[::2] = self.parts
        object.__setattr__(self, "_pattern", pattern)
        object.__setattr__(self, "_chosen", _chooser(self.slots))
        # No value of a slot holds CR, LF or, at its beginning, a dot.
        object.__setattr__(self, "clean", _is_clean(b"x".join(self.parts)))

    @classmethod
    def joined(cls, pieces: Iterable[Piece], notes: tuple[str, ...] = ()) -> Self:
        """From constant bytes and names of slots, in order."""
        parts, slots, constant = [], [], b""
        for piece in pieces:
            if isinstance(piece, bytes):
                constant += piece
            else:
                parts.append(constant)
                slots.append(piece)
                constant = b""
        return cls((*parts, constant), tuple(slots), notes)

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of :meth:`to_bytes`."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @property
    def size(self) -> int:
        """Octets of the constant parts."""
        return sum(map(len, self.parts))

    def to_bytes(self) -> bytes:
        """To store: a line of JSON, then the constant parts."""
        head = {"sizes": [len(part) for part in self.parts], "slots": self.slots}
        return json.dumps({**head, "notes": self.notes}).encode() + b"\n" + b"".join(self.parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The inverse of :meth:`to_bytes`.

        Raises:
            ValueError: the bytes are not those of a composition.
        """
        line, found, rest = data.partition(b"\n")
        head = json.loads(line)
        if not found or sum(head["sizes"]) != len(rest):
            raise ValueError("a stored composition is cut short or was changed")
        parts, start = [], 0
        for size in head["sizes"]:
            parts.append(rest[start : start + size])
            start += size
        return cls(tuple(parts), tuple(head["slots"]), tuple(head["notes"]))


_ADDRESS = (
    r"(?=[^\n]{3,254}\n)"
    r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\]\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+"
    r"@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\n"
)
_DATE = r"(?a:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d) \+0000\n"
_VALUES = re.compile(
    _ADDRESS + _DATE + r"[0-9a-f]{20}\n" + r"[a-z0-9]{0,70}\n" * 3 + r"(?:\d+\.[0-9a-f]{20})?"
)
_TO = re.compile(_ADDRESS)
_IN_ORDER = ("to", "date", "message_id", "unsubscribe", "preferences", "personal", "references")


def fill(composition: Composition, reader: Reader, date: str) -> bytes:
    """The mail for one reader: a join of ready-made bytes.

    ``date`` is as RFC 5322 has it in UTC, 31 octets (``email.utils.format_datetime``).

    Raises:
        Refused: the address holds what may not stand in a header or an SMTP command.
        ValueError: a token, the date or the number of the first edition is missing or not one.
    """
    _, address, person, unsubscribe, preferences, personal, first = reader
    follows = "" if first is None else f"{first}.{person}"
    # One check and one encoding for all of them: none holds what parts them.
    values = f"{address}\n{date}\n{person}\n{unsubscribe}\n{preferences}\n{personal}\n{follows}"
    if not _VALUES.fullmatch(values):
        if not _TO.fullmatch(f"{address}\n"):
            raise Refused("bad-address", address, about="recipient")
        raise ValueError("a token, the date or the person of a mail has not the form of one")
    filled = composition._chosen(values.encode().split(b"\n"))
    if b"" in filled:
        raise ValueError(f"a mail's slot is empty: give the reader all of {composition.slots}")
    pieces = composition._pattern.copy()
    pieces[1::2] = filled
    return b"".join(pieces)


def _chooser(slots: tuple[str, ...]) -> Callable[[list[bytes]], Sequence[bytes]]:
    """Gives the values of ``slots`` from a list of all that there are."""
    if len(slots) < 2:
        return lambda values: [values[_IN_ORDER.index(slot)] for slot in slots]
    return itemgetter(*map(_IN_ORDER.index, slots))


def _is_clean(message: bytes) -> bool:
    ends = message.count(b"\r\n")
    return (
        message.endswith(b"\r\n")
        and ends == message.count(b"\r") == message.count(b"\n")
        and not message.startswith(b".")
        and b"\r\n." not in message
    )


def sample(composition: Composition) -> bytes:
    """The mail as an ``.eml`` for previews: to a placeholder, with links that end nothing."""
    reader = Reader(
        delivery=0,
        address="reader@example.com",
        person="0" * 20,
        unsubscribe="sample",
        preferences="sample",
        personal="sample",
        first_number=1,
    )
    return fill(composition, reader, "Thu, 01 Jan 1970 00:00:00 +0000")
