"""Quoted-printable (RFC 2045 §6.7), in pieces between slots."""

from collections.abc import Iterator

_LIMIT = 75
"""Characters in a line before its soft break (RFC 2045 §6.7 rule 5 counts 76 with it)."""

SOFT_BREAK = b"=\r\n"


def quoted_printable(text: str) -> bytes:
    """``text`` (line feeds end its lines) as 7-bit lines of at most 76 characters, CRLF only.

    The result can begin a line or follow a soft break. No line of it begins with a dot or with
    ``From ``, so that no mail transfer agent has a reason to change one; a character is never cut
    in two by a soft break.
    """
    return "".join(_pieces(text)).encode("ascii")


def _pieces(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield "\r\n"
        column = 0
        for index, character in enumerate(line):
            token = _token(character, last=index == len(line) - 1)
            if column + len(token) > _LIMIT:
                yield "=\r\n"
                column = 0
            if column == 0 and (character == "." or line.startswith("From ", index)):
                token = f"={ord(character):02X}"
            yield token
            column += len(token)


def _token(character: str, *, last: bool) -> str:
    if "!" <= character <= "~" and character != "=":
        return character
    if character in " \t" and not last:
        return character
    return "".join(f"={octet:02X}" for octet in character.encode("utf-8"))
