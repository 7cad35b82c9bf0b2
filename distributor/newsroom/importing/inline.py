"""Inline HTML (``a[href]``, ``strong``, ``em``, ``br``) as the import builds and cuts it.

In it, LF is the end of a line of the source that may or may not mean something, and ``br`` one
that was meant. :func:`tidy` makes it the inline text of a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape as escape_html
from html import unescape

from distributor.release import Inline

_TOKEN = re.compile(r"<[^>]*>|&[^;\s]*;|[^<&]+|.", re.DOTALL)
_SPACE = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAK = re.compile(r"[ \t\n\r\f]*<br>[ \t\n\r\f]*")
_EMPTY = re.compile(r"<(a|strong|em)\b[^>]*>([ \t\n\r\f]*)</\1>")
_HREF = re.compile(r'<a href="([^"]*)">')
_EDGE = re.compile(r"^(?:\s|<br>)+|(?:\s|<br>)+$")


def escape(text: str) -> Inline:
    """Plain text as inline HTML.

    The one character that Unicode composes with the end of a tag (U+0338) becomes a reference, so
    that HTML around the text stays what it is under NFC.
    """
    return escape_html(text, quote=False).replace("\u0338", "&#824;")


def plain(html: Inline) -> str:
    """The text of ``html``, ``br`` as LF."""
    if "<" not in html and "&" not in html:
        return html
    return "".join(text for _token, text in _tokens(html))


def flat(html: Inline) -> str:
    """The text of ``html`` on one line."""
    return _SPACE.sub(" ", plain(html)).strip(" ")


def addresses(html: Inline) -> list[str]:
    """The addresses of the links whose text does not show them."""
    text = plain(html)
    found = (unescape(address) for address in _HREF.findall(html))
    return [address for address in found if address.removeprefix("mailto:") not in text]


def tidy(html: Inline) -> Inline:
    """``html`` with white space as one space, no empty element and no break at either end."""
    before = "" if "<" in html else html
    while before != html:
        before, html = html, _EMPTY.sub(r"\2", html)
    html = _AROUND_BREAK.sub("<br>", _SPACE.sub(" ", html))
    return _EDGE.sub("", html)


def lines(html: Inline, *, soft: bool = True) -> list[Inline]:
    """The lines of ``html``, parted at ``br`` and, if ``soft``, at LF; elements are closed and
    opened again."""
    if "<br>" not in html and not (soft and "\n" in html):
        return [html]
    done, part, opened = list[Inline](), list[str](), list[str]()
    for token, _text in _tokens(html):
        tag = token.startswith("<")
        runs = ["", ""] if token == "<br>" else token.split("\n") if soft and not tag else [token]
        for index, run in enumerate(runs):
            if index:
                done.append("".join(part) + _closing(opened))
                part = opened.copy()
            part.append(run)
        if tag:
            _follow(token, opened)
    done.append("".join(part))
    return done


def cut(html: Inline, offset: int) -> tuple[Inline, Inline]:
    """``html`` in two, the first with ``offset`` characters of its text."""
    left, opened, seen, rest = [], list[str](), 0, list[str]()
    for token, text in _tokens(html):
        if rest or seen + len(text) > offset or (seen == offset and not token.startswith("</")):
            if not rest:
                rest.append("".join(opened))
                left_closing = _closing(opened)
            keep = max(0, offset - seen)
            if keep and not token.startswith(("<", "&")):
                left.append(token[:keep])
                token = token[keep:]
            rest.append(token)
        else:
            _follow(token, opened)
            left.append(token)
        seen += len(text)
    return "".join(left) + (left_closing if rest else ""), "".join(rest)


def _tokens(html: Inline) -> Iterator[tuple[str, str]]:
    """Every tag, reference and run of text with the characters it stands for."""
    for match in _TOKEN.finditer(html):
        token = match[0]
        if token.startswith("<") and len(token) > 1:
            yield token, "\n" if token == "<br>" else ""
        elif token.startswith("&"):
            yield token, unescape(token)
        else:
            yield token, token


def _follow(token: str, opened: list[str]) -> None:
    if token.startswith("</"):
        opened.pop()
    elif token.startswith("<") and token != "<br>":
        opened.append(token)


def _closing(opened: list[str]) -> str:
    return "".join(f"</{tag[1:].split()[0].rstrip('>')}>" for tag in reversed(opened))
