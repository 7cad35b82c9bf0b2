"""Names of people, as running text has them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from distributor.newsroom.importing import lexicon

_MAX_TITLE = 100
_MAX_TITLE_WORDS = 9
_END = re.compile(r"[.!?:;”\"»]|\s[–—]\s")
_INITIAL = re.compile(r"(?:^|[\s.(-])[^\W\d_]$")
_PARTY = re.compile(r"\s*\([^)]{1,20}\)")


def is_name(text: str) -> bool:
    """Whether ``text`` is two to four capitalised words, ``af``, ``de``, ``von`` among them."""
    tokens = text.split()
    return bool(tokens) and _name_length(tokens) == len(tokens)


def attribution(text: str) -> tuple[str, str]:
    """Name and title out of ``, säger Name, title.`` or ``, säger title Name``; empty if unsure."""
    for match in lexicon.SPEECH.finditer(text):
        said_by = text[match.end() :][:400].lstrip()
        found = _named(_sentence(said_by))
        if found[0]:
            return found
    return "", ""


def signature(text: str) -> tuple[str, str]:
    """Name and title of a line that is nothing else: ``– Name, title``. Empty if it is more."""
    line = re.sub(r"^[–—―-]\s*", "", text.strip())
    name, comma, title = line.partition(",")
    title = title.strip()
    fits = is_name(name) and len(title) <= _MAX_TITLE and not title.endswith((".", "!", "?"))
    return (name, title) if fits and bool(comma) == bool(title) else ("", "")


def _sentence(text: str) -> str:
    """``text`` up to the end of its first sentence or clause, which an initial does not end."""
    for match in _END.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        mark = match[0]
        if mark in ".!?:;":
            if after and not after[0].isspace() and after[0] not in '”"»’':
                continue
            if mark == "." and (_INITIAL.search(before) or after.lstrip()[:1].islower()):
                continue
        return before
    return text


def _named(text: str) -> tuple[str, str]:
    text = _PARTY.sub("", text, count=1).strip()
    tokens = text.split()
    length = _name_length(tokens)
    if length:
        name = " ".join(tokens[:length])
        if not name.endswith(","):
            return name, ""
        title = " ".join(tokens[length:])
        clause = lexicon.CLAUSE.search(title)
        title = title[: clause.start()] if clause else title
        return name.rstrip(","), title.strip() if len(title) <= _MAX_TITLE else ""
    for start in range(1, min(len(tokens), _MAX_TITLE_WORDS + 1)):
        if tokens[start - 1].endswith(","):
            break
        if _is_name_word(tokens[start - 1]) and _is_name_word(tokens[start]):
            continue
        length = _name_length(tokens[start:])
        if length:
            name = " ".join(tokens[start : start + length]).rstrip(",")
            return (name, " ".join(tokens[:start])) if _is_title(tokens[:start]) else ("", "")
    return "", ""


def _is_title(tokens: Sequence[str]) -> bool:
    first, last = tokens[0].casefold(), tokens[-1].casefold()
    return first not in lexicon.PRONOUNS and last not in lexicon.PREPOSITIONS


def _name_length(tokens: Sequence[str]) -> int:
    """How many of the first ``tokens`` are a name; 0 if they are none."""
    capitalised = length = 0
    for index, token in enumerate(tokens):
        if _is_name_word(token):
            capitalised, length = capitalised + 1, index + 1
        elif not (capitalised and token in lexicon.PARTICLES):
            break
        if token.endswith(","):
            break
    return length if 2 <= capitalised <= 4 else 0


def _is_name_word(token: str) -> bool:
    word = token.removesuffix(",")
    letters = re.sub(r"[-’'.]", "", word)
    initial = len(letters) == 1 and word.removesuffix(".") == letters
    return (
        letters.isalpha()
        and word[0].isupper()
        and (initial or (any(map(str.islower, letters)) and not word.endswith(".")))
    )
