"""Bytes to text, and text to words."""

from __future__ import annotations

import re
import unicodedata

from distributor.newsroom.importing.draft import Unreadable

MAX_TEXT = 2_000_000
"""Octets of text, as UTF-8."""

_UNDEFINED_IN_1252 = b"\x81\x8d\x8f\x90\x9d"
_FOREIGN = {
    b"%PDF": "a PDF; give the document it was made from (.docx, .txt, .md or .html)",
    b"{\\rtf": "an RTF document; save it as .docx",
    b"\xd0\xcf\x11\xe0": "an old or password-protected Word document; save it as .docx, open",
    b"\x89PNG": "a picture; give the text and name the picture in it",
    b"\xff\xd8\xff": "a picture; give the text and name the picture in it",
    b"PK\x03\x04": "a Word document or another archive; give it with the suffix .docx",
}
_ZERO_WIDTH = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f"
    "\ufeff"
)
_CLEANED = (
    dict.fromkeys(map(chr, [*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0xA0)]), "")
    | dict.fromkeys(_ZERO_WIDTH, "")
    | dict.fromkeys("\x0b\x85\u2028", "\n")
    | dict.fromkeys("\x0c\u2029", "\n\n")
    | dict.fromkeys("\x1c\x1d\x1e\x1f", " ")
)
_TRANSLATION = str.maketrans(_CLEANED)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_KEPT_AT_EDGE = frozenset("!?\"”“„’‘'»«")


def decode(data: bytes) -> tuple[str, bool]:
    """The text of ``data`` in NFC without control and zero-width characters, lines ended by LF.

    UTF-8, or UTF-16 with a byte order mark, else Windows-1252; the second value says whether it
    was the last.

    Raises:
        Unreadable: it is no text, has no word, or is longer than :data:`MAX_TEXT`.
    """
    refuse_foreign(data)
    if len(data) > 2 * MAX_TEXT:
        raise Unreadable(_TOO_LONG)
    guessed = False
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Unreadable("this is damaged UTF-16; save the text as UTF-8") from error
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text, guessed = _windows_1252(data), True
    return checked(clean(text)), guessed


def refuse_foreign(data: bytes) -> None:
    """Refuse what is known to be another kind of file, and say what to do instead.

    Raises:
        Unreadable: it is.
    """
    for signature, kind in _FOREIGN.items():
        if data.startswith(signature):
            raise Unreadable(f"this is {kind}")


_TOO_LONG = "more than 2 MB of text; a release is far shorter, so check that this is the right file"


def checked(text: str) -> str:
    """``text``, which must have a word and be no longer than :data:`MAX_TEXT`.

    Raises:
        Unreadable: otherwise.
    """
    if len(text.encode("utf-8", "replace")) > MAX_TEXT:
        raise Unreadable(_TOO_LONG)
    if not any(character.isalnum() for character in text):
        raise Unreadable("the file is empty; write a title on its first line, then the text")
    return text


def _windows_1252(data: bytes) -> str:
    if b"\x00" in data or len(_CONTROL.findall(data)) > len(data) // 50:
        raise Unreadable("this is no text; give a .txt, .md, .html or .docx file, text as UTF-8")
    return data.translate(None, _UNDEFINED_IN_1252).decode("cp1252")


def clean(text: str) -> str:
    """``text`` in NFC without control and zero-width characters; every line end is LF."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines.translate(_TRANSLATION))


def words(text: str) -> list[str]:
    """The runs of characters other than white space that have a letter or a digit."""
    return [run for run in text.split() if any(character.isalnum() for character in run)]


def core(word: str) -> str:
    """``word`` without the marks at its edges that may become a block, a field or its end.

    Quotation, exclamation and question marks stay.
    """
    start, end = 0, len(word)
    while start < end and not (word[start].isalnum() or word[start] in _KEPT_AT_EDGE):
        start += 1
    while end > start and not (word[end - 1].isalnum() or word[end - 1] in _KEPT_AT_EDGE):
        end -= 1
    return word[start:end]
