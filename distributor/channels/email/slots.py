"""Slots: what differs between two readers' mails, and the markers that keep their places."""

import re
import secrets

from distributor.channels.email.encoding import SOFT_BREAK, quoted_printable

Piece = bytes | str
"""Constant bytes, or the name of a slot."""

_KINDS = ("unsubscribe", "preferences", "personal")


class Markers:
    """Stand-ins for the slots of a body while it is rendered: letters and digits only, so that
    escaping, cleaning and CSS inlining leave them alone. None of them occurs in ``avoid``."""

    def __init__(self, avoid: str) -> None:
        nonce = secrets.token_hex(12)
        while nonce in avoid:
            nonce = secrets.token_hex(12)
        self._marks = {kind: f"slot{nonce}{kind}" for kind in _KINDS}
        self._pattern = re.compile("|".join(self._marks.values()))
        self._kinds = {mark: kind for kind, mark in self._marks.items()}

    def __getitem__(self, kind: str) -> str:
        return self._marks[kind]

    def encoded(self, text: str, expected: dict[str, int]) -> list[Piece]:
        """``text`` in quoted-printable, each marker a slot between soft line breaks.

        A value of 1–70 octets from ``[a-z0-9]`` so fits in without reflow, and needs no escaping
        in an address, in HTML or in quoted-printable.

        Raises:
            RuntimeError: a marker occurs more or less often than ``expected`` says.
        """
        found = [self._kinds[mark] for mark in self._pattern.findall(text)]
        if any(found.count(kind) != expected.get(kind, 0) for kind in _KINDS):
            raise RuntimeError(f"a mail has the slots {found}, not {expected}: mend its template")
        constant = [quoted_printable(part) for part in self._pattern.split(text)]
        pieces: list[Piece] = [constant[0]]
        for kind, following in zip(found, constant[1:], strict=True):
            pieces += [SOFT_BREAK, kind, SOFT_BREAK + following]
        return pieces

    def removed(self, text: str) -> str:
        """``text`` with the same stand-in of a token's length for every marker."""
        return self._pattern.sub("0" * 42, text)
