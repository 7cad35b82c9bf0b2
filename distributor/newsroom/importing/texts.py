"""The words of HTML, read without any rule: what the pieces of the reader are counted by."""

from __future__ import annotations

from html.parser import HTMLParser

from distributor.newsroom.importing.characters import clean
from distributor.newsroom.importing.tags import BLOCKS, NO_TEXT

SOFT_BREAK = "soft-break"
"""The element by which the Markdown reader hands on the end of a line."""


def paragraphs(html: str) -> list[tuple[int, str]]:
    """Line and text of every run of text between blocks; none of script, style and head."""
    texts = _Texts()
    texts.feed(html)
    texts.close()
    return texts.paragraphs


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[tuple[int, str]] = []
        self._parts: list[str] = []
        self._line = 0
        self._silent = ""
        self._head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NO_TEXT or (tag == "title" and self._head):
            self._silent = tag
        elif tag in BLOCKS:
            self._end()
            self._head, self._silent = False, ""
        elif tag in ("br", SOFT_BREAK):
            self._parts.append(" ")
        self._head = self._head or tag == "head"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif tag in BLOCKS:
            self._end()
        elif tag == "head":
            self._head = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._line = self._line or self.getpos()[0]
            self._parts.append(data)

    def close(self) -> None:
        super().close()
        self._end()

    def _end(self) -> None:
        text = " ".join(clean("".join(self._parts)).split())
        if text:
            self.paragraphs.append((self._line, text))
        self._parts, self._line = [], 0
