"""Inline HTML (``a[href]``, ``strong``, ``em``, ``br``) read as plain text."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import chain

from distributor.rendering.cleaning import clean_text

_SPACE = re.compile(r"[ \t\n\f\r]+")


class _Reader(HTMLParser):
    def __init__(self, link: Callable[[str, str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._link = link
        self._pieces: list[str] = []
        self._opened: list[tuple[str, int]] = []

    def handle_data(self, data: str) -> None:
        self._pieces.append(_SPACE.sub(" ", data))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._pieces.append("\n")
        elif tag == "a":
            self._opened.append((dict(attrs).get("href") or "", len(self._pieces)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._opened:
            url, start = self._opened.pop()
            words = "".join(self._pieces[start:])
            self._pieces[start:] = [self._link(words, url) if url else words]

    def text(self) -> str:
        lines = _SPACE_AT_LINE.sub("\n", "".join(self._pieces)).split("\n")
        return "\n".join(re.sub(" {2,}", " ", line) for line in lines).strip(" \n")


_SPACE_AT_LINE = re.compile(r" *\n *")


def plain(html: str, link: Callable[[str, str], str] = lambda words, _url: words) -> str:
    """The words of ``html``: white space as a browser shows it, ``br`` as a line break.

    ``link`` makes the text of a link from its words and its address; by default the words alone.
    """
    reader = _Reader(link)
    reader.feed(html)
    reader.close()
    return clean_text(reader.text())


def with_addresses(html: str) -> str:
    """The words of ``html``, each link as ``words (https://…)``."""

    def both(words: str, url: str) -> str:
        return words if same_address(words, url) else f"{words} ({readable(url)})"

    return plain(html, both)


def with_addresses_below(html: str) -> str:
    """The words of ``html``, then each link's address as ``<https://…>`` on a line of its own."""
    addresses: list[str] = []

    def noted(words: str, url: str) -> str:
        if not same_address(words, url):
            addresses.append(f"<{readable(url)}>")
        return words

    words = plain(html, noted)
    return "\n".join(chain([words], addresses))


def readable(url: str) -> str:
    """``url`` without the scheme where people write none: mail addresses and phone numbers."""
    return re.sub("^(mailto|tel):", "", url)


def same_address(words: str, url: str) -> bool:
    """Whether the words of a link already are its address."""
    return words.strip() in (url, readable(url))
