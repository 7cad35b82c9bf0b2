"""From two texts to the bytes of a message: CSS inlined, linted, encoded, in its envelope of MIME.

A message is composed once and filled for many, so it is worth every check here.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import css_inline

from distributor.channels.email.composition import Composition
from distributor.channels.email.encoding import quoted_printable
from distributor.channels.email.lint import lint
from distributor.channels.email.slots import Markers, Piece
from distributor.errors import Refused
from distributor.rendering.cleaning import clean_text

LARGEST_HTML, LARGEST_TEXT, LARGEST_MESSAGE = 90_000, 300_000, 1_200_000
"""Octets. Gmail cuts HTML near 102 kB and so hides the way to unsubscribe."""


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def inlined(html: str) -> str:
    """``html`` with its styles on the elements; rules for dark mode and narrow screens stay."""
    return _inliner().inline(html)


def fits(html: str) -> bool:
    """Whether the HTML part stays under its limit, decoded and encoded."""
    return max(len(html.encode()), len(quoted_printable(html))) <= LARGEST_HTML


def proper(value: Any) -> None:
    """See that every string in ``value`` (lists and dicts of strings) can stand in a mail as it is.

    Raises:
        Refused: one holds a control character, a bare CR, a lone surrogate or a noncharacter.
    """
    if isinstance(value, str) and clean_text(value) != value:
        raise Refused(
            "forbidden-character",
            f"{value[:60]!r} holds a control character that no mail may carry: remove it",
            about="message",
        )
    if isinstance(value, dict):
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        proper(item)


def linted(html: str) -> str:
    """``html``, if it may be sent.

    Raises:
        Refused: it may not; the reply says why, a sentence for each fault.
    """
    problems = lint(html)
    if problems:
        raise Refused("lint", "; ".join(problems[:10]), about="message")
    return html


def message(
    head: Iterable[Piece],
    text: str,
    html: str,
    *,
    markers: Markers,
    slots: dict[str, int],
    calendar: bytes = b"",
    notes: tuple[str, ...] = (),
) -> Composition:
    """The composition of a ``multipart/alternative`` of ``text`` and ``html``.

    ``head`` are the headers but those of MIME, ``slots`` says how often each slot occurs in each
    part, ``calendar`` is an ``.ics`` to attach: the whole is a ``multipart/mixed`` then.

    Raises:
        Refused: the HTML fails the linter, or a part or the whole is too large.
        RuntimeError: a template lacks a slot or has one too many.
    """
    if len(text.encode()) > LARGEST_TEXT:
        raise Refused("too-large", "the text part is over 300 kB: shorten it", about="message")
    if not fits(html):
        raise Refused("too-large", "the HTML part is over 90 kB: shorten it", about="message")
    plain = [*_part_head("text/plain"), *markers.encoded(text, slots)]
    rich = [*_part_head("text/html"), *markers.encoded(linted(html), slots)]
    body = _multipart("alternative", [plain, rich])
    if calendar:
        body = _multipart("mixed", [body, _calendar(calendar)])
    composition = Composition.joined([*head, b"MIME-Version: 1.0\r\n", *body], notes)
    if composition.size > LARGEST_MESSAGE:
        raise Refused("too-large", "the message is over 1.2 MB: shorten it", about="message")
    return composition


def _part_head(kind: str) -> list[Piece]:
    return [
        f"Content-Type: {kind}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode("ascii")
    ]


def _calendar(ics: bytes) -> list[Piece]:
    """An invitation's event, as RFC 6047 attaches one; ``method`` equals that in the file."""
    return [
        b'Content-Type: text/calendar; charset=utf-8; method=PUBLISH; name="event.ics"\r\n'
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b'Content-Disposition: attachment; filename="event.ics"\r\n\r\n',
        quoted_printable(ics.decode().replace("\r\n", "\n")),
    ]


def _multipart(kind: str, parts: list[list[Piece]]) -> list[Piece]:
    """The content headers and the body (RFC 2046 §5.1) of a multipart of ``parts``.

    The boundary is made from the parts, and no quoted-printable text can hold its ``=_``.
    """
    seen = hashlib.sha256()
    for piece in (piece for part in parts for piece in part):
        seen.update(piece if isinstance(piece, bytes) else piece.encode())
    boundary = f"=_{seen.hexdigest()[:32]}"
    start = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'
    pieces: list[Piece] = [start.encode("ascii")]
    for part in parts:
        pieces += [f"\r\n--{boundary}\r\n".encode("ascii"), *part]
    return [*pieces, f"\r\n--{boundary}--\r\n".encode("ascii")]
