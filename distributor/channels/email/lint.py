"""What a mail's HTML must be before it may leave, checked without a browser.

It reads the finished document, styles inlined, and once more as it looks in dark mode. The rules
are WCAG 2.2 AA's as far as they can be decided from the source, and those of the mail clients: an
element or property outside the lists is shown differently, or not at all, by one of Gmail, Outlook
(classic, new, web), Apple Mail, Thunderbird, Samsung Mail and Proton Mail.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from html.parser import HTMLParser

import css_inline

_ELEMENTS = (
    "html head meta title style body div table tbody tr td p h1 h2 h3 ul ol li blockquote figure "
    "img figcaption aside a strong em br"
)
_ATTRIBUTES = (
    "lang dir role class style align width height cellpadding cellspacing href src alt start "
    "charset name content aria-label"
)
_PROPERTIES = (
    "background-color border border-collapse border-color border-left border-left-color "
    "border-radius border-top border-top-color color display font-family font-size font-weight "
    "height letter-spacing line-height margin max-width padding table-layout text-align "
    "text-decoration text-decoration-color width word-wrap"
)
ELEMENTS = frozenset(_ELEMENTS.split())
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
PROPERTIES = frozenset(_PROPERTIES.split())
LEAST_CONTRAST, LEAST_SIZE, LEAST_LINE_HEIGHT = 4.5, 14.0, 1.5

_VOID = frozenset({"meta", "img", "br"})
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3}
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)\s*\{")
_GOOD_LINK = re.compile(r"(?:https?|mailto|tel):\S")


def lint(html: str) -> tuple[str, ...]:
    """What is wrong with ``html``, a sentence each, none twice; empty if it may be sent."""
    found = dict.fromkeys(_problems(html))
    dark = darkened(html)
    if dark:
        found |= dict.fromkeys(f"in dark mode {problem}" for problem in _contrast(dark))
    else:
        found["it has no colours for dark mode"] = None
    return tuple(found)


def darkened(html: str) -> str:
    """``html`` with its dark-mode rules applied, or "" if it has none."""
    rules = _dark_rules(html)
    return _inliner(rules).inline(html) if rules else ""


@cache
def _inliner(rules: str) -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        inline_style_tags=False, load_remote_stylesheets=False, extra_css=rules
    )


def _dark_rules(html: str) -> str:
    start = _DARK.search(html)
    if not start:
        return ""
    depth = 1
    for brace in re.finditer(r"[{}]", html[start.end() :]):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return html[start.end() : start.end() + brace.start()]
    return ""


def _problems(html: str) -> list[str]:
    return _read(html).finished()


def _contrast(html: str) -> list[str]:
    return _read(html).contrast


def _read(html: str) -> "_Linter":
    linter = _Linter()
    linter.feed(html)
    linter.close()
    return linter


@dataclass(frozen=True, slots=True)
class _Style:
    """What an element passes on to the text in it."""

    color: str = "#000000"
    ground: str = "#ffffff"
    size: float = 16.0
    line_height: float = 1.5
    underlined: bool = False


class _Linter(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.contrast: list[str] = []
        self._found: list[str] = []
        self._open: list[tuple[str, _Style]] = []
        self._headings: list[int] = []
        self._link_words: list[str] | None = None
        self._title = ""
        self._wrapper: dict[str, str] | None = None
        self._root: dict[str, str] = {}

    def finished(self) -> list[str]:
        """All that was found, with what only the end can tell."""
        found = [*self._found, *self.contrast]
        if self._headings.count(1) != 1:
            found.append(f"it has {self._headings.count(1)} h1, not one")
        if not self._title.strip():
            found.append("it has no title")
        for name, attributes in (("html", self._root), ("the wrapper", self._wrapper or {})):
            found += [
                f"{name} has no {wanted}"
                for wanted in ("lang", "dir")
                if not attributes.get(wanted)
            ]
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._found += _forbidden(tag, attributes)
        parent = self._open[-1] if self._open else ("", _Style())
        if tag == "html":
            self._root = attributes
        elif parent[0] == "body" and self._wrapper is None:
            self._wrapper = attributes
        if tag == "table" and attributes.get("role") != "presentation":
            self._found.append('a table has no role="presentation"')
        if tag == "img":
            self._image(attributes)
        if tag in _HEADINGS:
            self._heading(_HEADINGS[tag])
        style = _styled(parent[1], attributes.get("style", ""), self._found)
        if tag == "a":
            self._link_words = []
            if not _GOOD_LINK.match(attributes.get("href", "")):
                self._found.append(f"a link leads to {attributes.get('href', '')!r}")
        if tag not in _VOID:
            self._open.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link_words is not None:
            if not "".join(self._link_words).strip():
                self._found.append("a link has no words")
            self._link_words = None
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if not tags or not data.strip() or tags[-1] == "style":
            return
        if tags[-1] == "title":
            self._title += data
        elif "body" in tags:
            if self._link_words is not None:
                self._link_words.append(data)
            self._text(" ".join(data.split())[:40], tags, self._open[-1][1])

    def _text(self, words: str, tags: list[str], style: _Style) -> None:
        ratio = contrast(style.color, style.ground)
        if ratio < LEAST_CONTRAST:
            self.contrast.append(
                f"{words!r} in {style.color} on {style.ground} has a contrast of {ratio:.1f}, "
                f"less than {LEAST_CONTRAST}"
            )
        if style.size < LEAST_SIZE:
            self._found.append(f"{words!r} is {style.size:g} px, less than {LEAST_SIZE:g}")
        if style.line_height < LEAST_LINE_HEIGHT and not _HEADINGS.keys() & set(tags):
            self._found.append(f"{words!r} has a line height of {style.line_height:g}")
        if "a" in tags and not style.underlined:
            self._found.append(f"the link {words!r} is not underlined")

    def _image(self, attributes: dict[str, str]) -> None:
        source = attributes.get("src", "")
        if "alt" not in attributes:
            self._found.append(f"the picture {source} has no alternative text")
        elif self._link_words is not None:
            self._link_words.append(attributes["alt"])
        if not re.match("https?://", source):
            self._found.append(f"a picture has the address {source[:40]!r}")

    def _heading(self, level: int) -> None:
        if level > (self._headings[-1] if self._headings else 0) + 1:
            self._found.append(f"a heading of level {level} skips a level")
        self._headings.append(level)


def _forbidden(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    if tag not in ELEMENTS:
        yield f"the element {tag} is not safe in mail"
    for name in attributes:
        if name not in ATTRIBUTES:
            yield f"the attribute {name} is not safe in mail"


def declarations(style: str) -> dict[str, str]:
    """The properties of a ``style`` attribute, without ``!important``."""
    pairs = (part.partition(":") for part in style.split(";") if part.strip())
    return {
        name.strip().lower(): value.replace("!important", "").strip() for name, _, value in pairs
    }


def _styled(parent: _Style, style: str, found: list[str]) -> _Style:
    own = declarations(style)
    found += [f"the property {name} is not safe in mail" for name in own if name not in PROPERTIES]
    result = parent
    if "color" in own:
        result = replace(result, color=_colour(own["color"], found))
    if "background-color" in own:
        result = replace(result, ground=_colour(own["background-color"], found))
    if own.get("display", "block") not in ("block", "inline-block"):
        found.append(f"display: {own['display']} hides or moves text")
    if "font-size" in own:
        result = replace(result, size=_number(own["font-size"], "px", found))
    if "line-height" in own:
        result = replace(result, line_height=_number(own["line-height"], "", found))
    if "text-decoration" in own:
        result = replace(result, underlined="underline" in own["text-decoration"])
    return result


def _colour(value: str, found: list[str]) -> str:
    if _HEX.fullmatch(value.lower()):
        return value.lower()
    found.append(f"{value!r} is no colour like #1c2429, so its contrast is unknown")
    return "#000000"


def _number(value: str, unit: str, found: list[str]) -> float:
    try:
        return float(value.removesuffix(unit))
    except ValueError:
        found.append(f"{value!r} is not a number{' of ' + unit if unit else ''}")
        return 0.0


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rgb`` or ``#rrggbb`` colours (WCAG 2.2), from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@cache
def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
