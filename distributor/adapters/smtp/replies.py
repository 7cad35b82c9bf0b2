"""Replies of an SMTP server, cut out of a stream of octets (RFC 5321 §4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from distributor.errors import Unavailable

_LINE = re.compile(rb"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL)
_MOST_OCTETS = 65_536


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply; ``text`` is what follows the code, the lines joined by LF."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


@dataclass(slots=True)
class Replies:
    """The replies in what is fed to it piece by piece; a bare LF ends a line too."""

    _rest: bytes = b""
    _lines: list[bytes] = field(default_factory=list)

    @property
    def incomplete(self) -> bool:
        """Whether the beginning of a further reply is already here."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that ``data`` completes, in order.

        Raises:
            Unavailable: reason ``garbage``, once the replies before it were taken: what follows
                is no reply, or longer than 65,536 octets.
        """
        pieces = (self._rest + data).split(b"\n")
        self._rest = pieces.pop()
        for piece in pieces:
            line = _LINE.fullmatch(piece.removesuffix(b"\r"))
            if line is None or (self._lines and self._lines[0][:3] != line[1]):
                raise _garbage(piece)
            self._lines.append(line[0])
            if line[2] != b"-":
                lines, self._lines = self._lines, []
                text = b"\n".join(one[4:] for one in lines).decode("utf-8", "replace")
                yield Reply(int(line[1]), text)
        if len(self._rest) + sum(map(len, self._lines)) > _MOST_OCTETS:
            raise _garbage(self._rest or self._lines[0])


def _garbage(piece: bytes) -> Unavailable:
    said = piece[:200].decode("ascii", "backslashreplace").strip()
    return Unavailable("garbage", said, about="relay")
