"""The words that the rules look for, of every language in ``data``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from importlib.resources import files

_DATA = files("distributor.newsroom.importing").joinpath("data")
_TABLES: dict[str, dict[str, list[str]]] = {
    entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
    for entry in sorted(_DATA.iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".toml")
}


def _all(*keys: str) -> list[str]:
    found = {word for table in _TABLES.values() for key in keys for word in table[key]}
    return sorted(found, key=lambda word: (-len(word), word))


def _any(words: Iterable[str]) -> str:
    """A pattern of any of ``words``, longest first, white space in them of any length."""
    return "(?:" + "|".join(r"\s+".join(map(re.escape, word.split())) for word in words) + ")"


def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)


_MONTHS = _any(_all("months"))
_DAY = r"\d{1,2}(?:st|nd|rd|th|[.:])?"
_WRITTEN_DATE = (
    rf"(?:{_DAY}\s+{_MONTHS}\.?(?:,?\s+\d{{4}})?|{_MONTHS}\.?\s+{_DAY}(?:,?\s+\d{{4}})?)"
)
_NUMBER_DATE = (
    r"(?:\d{4}-\d{2}-\d{2}(?:t\d{2}:\d{2}(?::\d{2})?(?:z|[+-]\d{2}:\d{2})?)?"
    r"|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}/\d{1,2}(?:\s+\d{4})?)"
)
_TIME = (
    r"(?:(?:(?:kl\.?|klockan)\s+)?\d{1,2}[.:]\d{2}(?:[.:]\d{2})?(?:\s*(?:[ap]\.?m\.?|cest|cet|utc))?"
    r"|(?:kl\.?|klockan)\s+\d{1,2})"
)
_DATE = rf"(?:{_WRITTEN_DATE}|{_NUMBER_DATE})"
_DATES = _pattern(
    rf"(?<!\w)(?:{_DATE}|{_TIME}|\d{{4}}|{_any(_all('weekdays', 'date_words'))}\.?)(?!\w)"
)

TYPES = ("press", "invitation", "news")
_TYPES = {kind: _pattern(rf"(?<!\w){_any([*_all(kind)])}(?!\w)") for kind in TYPES}
_LEFTOVER = _pattern(rf"(?<!\w){_any(_all('leftovers'))}(?!\w)")
_PLACEHOLDER = _pattern(
    rf"\s*(?:{_any(_all('placeholders'))}\s*:?|\[\s*{_any(_all('bracketed_placeholders'))}\b[^\]]*\])\s*"
)
_PICTURE_LINE = _pattern(rf"\s*{_any(_all('picture_lines'))}\s*:")
CREDIT = _pattern(r"(?:^|(?<=[\s.(]))(?:foto|photo)(?:graf|grapher)?\s*:\s*")
CONTACT_LABEL = _pattern(rf"(?<!\S){_any(_all('contact_labels'))}\.?\s*:?(?!\S)")
_CONTACT_HEADINGS = (
    r"\s*(?:"
    + "|".join(
        r"[,:]?\s+".join(map(re.escape, words.split())) for words in _all("contact_headings")
    )
    + r")\s*[,:]?"
)
_CONTACT_HEADING = _pattern(rf"{_CONTACT_HEADINGS}\s*")
CONTACT_START = _pattern(rf"{_CONTACT_HEADINGS}\s+(?=\S)")
_ABOUT = _all("about")
DATELINE = _pattern(
    rf"\s*(?P<place>[^\W\d_][^\n,.:;!?]{{0,78}}),?\s+(?P<date>(?:{_any(_all('weekdays'))}\s+)?"
    rf"(?:den\s+)?{_DATE})\s*[–—―-]\s+"
)
SPEECH = _pattern(rf"[,!?]\s*[”\"“’»«]?\s+(?:{_any(_all('speech_verbs'))})(?!\w)")
PARTICLES = frozenset(_all("name_particles"))
PRONOUNS = frozenset(_all("pronouns"))
PREPOSITIONS = frozenset(_all("prepositions"))
CLAUSE = _pattern(rf",\s+{_any(_all('clause_openers'))}(?!\w)")
STATEMENT = _pattern(rf"^[^\n.!?:]*{_any(_all('statement_openers'))}[^\n.!?:]*:(?=[\s”\"“„»«]|$)")
STATEMENT_END = _pattern(rf"(?<!\w){_any(_all('statement_ends'))}(?!\w)")
_FACTS = _pattern(rf"\s*{_any(_all('fact_headings'))}\s*(?::.*|{_any(_ABOUT)}\s.*)?")


def kind_named(word: str) -> str | None:
    """The type that ``word`` names: its own name, or one of the words for it."""
    named = word.strip().casefold()
    return next((kind for kind in TYPES if named == kind or _TYPES[kind].fullmatch(named)), None)


def type_line(line: str, sender: str) -> str | None:
    """The type told by a line that holds only a word for it, dates and the sender.

    With ``|`` between its parts, one being the type and one a date, the others may be any short
    text.
    """
    parts = [part.strip() for part in line.split("|")]
    for kind, pattern in _TYPES.items():
        if not pattern.search(line):
            continue
        others = [part for part in parts if not pattern.fullmatch(part)]
        if len(others) == len(parts) - 1 and any(only_dates(part) for part in others):
            return kind if all(len(part) <= 60 for part in others) else None
        rest = pattern.sub(" ", line, count=1)
        if sender:
            rest = re.sub(rf"(?<!\w){re.escape(sender)}s?(?!\w)", " ", rest, flags=re.IGNORECASE)
        if not _has_word(_DATES.sub(" ", rest)):
            return kind
    return None


def only_dates(line: str) -> bool:
    """Whether ``line`` holds a date or time and no other word."""
    return any(map(str.isdigit, line)) and not _has_word(_DATES.sub(" ", line))


def leftover(line: str) -> bool:
    """Whether ``line`` is what a web page leaves behind: ``Publicerad``, ``Dela``, with a date."""
    start = _LEFTOVER.match(line.strip())
    return bool(start) and not _has_word(_DATES.sub(" ", _LEFTOVER.sub(" ", line)))


def placeholder(line: str) -> bool:
    return _PLACEHOLDER.fullmatch(line) is not None


def picture_line(line: str) -> bool:
    """Whether ``line`` begins with ``Foto:`` or ``Bild:``."""
    return _PICTURE_LINE.match(line) is not None


def contact_heading(line: str) -> bool:
    return _CONTACT_HEADING.fullmatch(line) is not None


def about(line: str, sender: str) -> bool:
    """Whether ``line`` is ``Om <sender>`` or ``About <sender>``."""
    named = " ".join(line.casefold().split()).removesuffix(":").rstrip()
    wanted = " ".join(sender.casefold().split())
    return bool(wanted) and any(named == f"{word} {wanted}" for word in _ABOUT)


def fact_heading(line: str) -> bool:
    return _FACTS.fullmatch(line) is not None


def language_of(text: str, languages: Sequence[str]) -> str:
    """The language, of ``languages``, whose common words are most frequent in ``text``.

    The first one if two have as many, or none has any.
    """
    count = dict.fromkeys(languages, 0)
    common = {
        language: frozenset(_TABLES[language.split("-")[0].lower()]["common"])
        for language in languages
        if language.split("-")[0].lower() in _TABLES
    }
    for word in re.findall(r"\w+", text.casefold()):
        for language, known in common.items():
            count[language] += word in known
    best = max(count.values())
    winners = [language for language in languages if count[language] == best]
    return winners[0] if len(winners) == 1 else languages[0]


def _has_word(text: str) -> bool:
    return any(map(str.isalnum, text))
