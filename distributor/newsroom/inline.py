"""Rich text as the editor stores it, to inline text of a release and back."""

from __future__ import annotations

import re
import unicodedata

from wagtail.rich_text import expand_db_html

from distributor.rendering.cleaning import clean_inline, clean_text

_PARAGRAPH_END = re.compile(r"</(?:p|li|h[1-6]|div|blockquote)>", re.IGNORECASE)
_EDGE = re.compile(r"^(?:\s|<br\s*/?>)+|(?:\s|<br\s*/?>)+$")
_EMPTY_LINK = re.compile(r"<a(?:\s[^>]*)?>(?:\s|&nbsp;|<br\s*/?>|</?(?:strong|em)>)*</a>")
_SPACES = re.compile(r"[ \t\n\r]+")


def paragraphs(source: str, base_url: str) -> list[str]:
    """The paragraphs of stored rich text, each as inline HTML; empty ones fall away."""
    parts = _PARAGRAPH_END.split(expand_db_html(source))
    cleaned = (clean_inline(_normal(part), base_url) for part in parts)
    return [part for part in (_EDGE.sub("", part) for part in cleaned) if part]


def one(source: str, base_url: str) -> str:
    """All of some stored rich text as one inline text; paragraphs become line breaks."""
    return "<br>".join(paragraphs(source, base_url))


def stored(*texts: str) -> str:
    """Inline texts as the editor stores them: a ``p`` each."""
    marked = (
        re.sub(r"<(/?)em\b", r"<\1i", re.sub(r"<(/?)strong\b", r"<\1b", text)) for text in texts
    )
    return "".join(f"<p>{text.replace('<br>', '<br/>')}</p>" for text in marked)


def line(text: str) -> str:
    """Plain text of one line: NFC, without control characters, white space as single blanks."""
    return _SPACES.sub(" ", plain(text)).strip()


def plain(text: str) -> str:
    """Plain text in NFC, without control characters; line breaks stay."""
    return unicodedata.normalize("NFC", clean_text(text)).strip()


def has_empty_link(text: str) -> bool:
    """Whether some link in an inline text has no words."""
    return _EMPTY_LINK.search(text) is not None


def _normal(html: str) -> str:
    return _SPACES.sub(" ", unicodedata.normalize("NFC", html))
