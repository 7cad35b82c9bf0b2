"""The columns of a readers' CSV file, and what a row of them says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, TypeVar
from zoneinfo import ZoneInfo

from django.utils import timezone

from distributor.audience.addresses import FORBIDDEN, Address, normal
from distributor.audience.models import Subscription
from distributor.audience.sheets import Problem, Row
from distributor.audience.subscribing import Agreement, Wish

_T = TypeVar("_T")

BASES = ("consent", "legitimate_interest", "public_task")
"""Grounds for holding an address (GDPR Art. 6(1)(a), (f), (e))."""

PACES = tuple(Subscription.Pace.values)
"""The first stands for an empty cell."""

_LONGEST = 200
_LINES = str.maketrans("\r\n\t", "   ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a row is read by.

    ``topics`` are the slugs one may follow, ``languages`` those of the site; the ``default_`` ones
    stand for an empty cell. ``file`` is the source on record where a row names none. With
    ``confirmed`` the office vouches that everybody in the file has agreed. Times without an offset
    are of ``time_zone``.
    """

    columns: ClassVar[tuple[str, ...]] = (
        "email",
        "topics",
        "language",
        "pace",
        "name",
        "outlet",
        "beat",
        "list",
        "legal_basis",
        "source",
        "consent_at",
        "consent_text",
    )
    topics: frozenset[str]
    languages: tuple[str, ...]
    time_zone: str
    file: str
    confirmed: bool = False
    default_topics: tuple[str, ...] = ()
    default_languages: tuple[str, ...] = ()


def wish(row: Row, rules: Rules) -> Wish | list[Problem]:
    """The wish of a row, or everything that is wrong with it.

    Without a recorded consent, another basis or ``rules.confirmed`` the wish has no agreement.
    """
    problems: list[Problem] = []

    def cell(column: str, read: Callable[[str, Rules], _T], fallback: _T) -> _T:
        try:
            return read(row.cells.get(column, ""), rules)
        except ValueError as error:
            problems.append(Problem(row.line, column, str(error)))
            return fallback

    nothing: tuple[str, ...] = ()
    address = cell("email", _address, Address("", ""))
    topics = cell("topics", _topics, nothing)
    languages = cell("language", _languages, nothing)
    pace = cell("pace", _pace, "")
    name, outlet, beat, source = (
        cell(column, _text, "") for column in ("name", "outlet", "beat", "source")
    )
    cell("list", _press_list, None)
    basis = cell("legal_basis", _basis, "")
    given_at = cell("consent_at", _moment, None)
    words = cell("consent_text", _words, "")
    if basis not in ("", "consent") and not source:
        problems.append(
            Problem(row.line, "source", f"the basis {basis} needs the source of the address")
        )
    if problems:
        return problems
    agreement = None
    if basis not in ("", "consent") or given_at or rules.confirmed:
        agreement = Agreement(
            basis=basis or "consent",
            source=source or rules.file,
            text=words,
            given_at=given_at,
        )
    return Wish(
        address=address,
        paces=dict.fromkeys(topics, pace),
        languages=languages,
        name=name,
        outlet=outlet,
        beat=beat,
        agreement=agreement,
    )


def _address(text: str, rules: Rules) -> Address:
    if not text:
        raise ValueError("there is no address")
    return normal(text)


def _topics(text: str, rules: Rules) -> tuple[str, ...]:
    slugs = tuple(_split(text)) or rules.default_topics
    if not slugs:
        raise ValueError("there is no topic; fill the cell, or give --topic for all such rows")
    for slug in slugs:
        if slug not in rules.topics:
            raise ValueError(f"there is no topic {slug!r}; {_choice(sorted(rules.topics))}")
    return slugs


def _languages(text: str, rules: Rules) -> tuple[str, ...]:
    tags = {tag.lower(): tag for tag in rules.languages}
    for language in _split(text):
        if language not in tags:
            raise ValueError(f"{language!r} is not a language here; {_choice(rules.languages)}")
    return tuple(tags[language] for language in _split(text)) or rules.default_languages


def _pace(text: str, rules: Rules) -> str:
    if text.lower() not in ("", *PACES):
        raise ValueError(f"{text!r} is no pace; {_choice(PACES)}")
    return text.lower() or PACES[0]


def _text(text: str, rules: Rules) -> str:
    if FORBIDDEN.search(text):
        raise ValueError("the cell holds a control character, or one that turns the direction")
    if len(text) > _LONGEST:
        raise ValueError(f"the cell has {len(text)} characters; at most {_LONGEST} are kept")
    return text


def _words(text: str, rules: Rules) -> str:
    """Text of several lines."""
    if FORBIDDEN.search(text.translate(_LINES)):
        raise ValueError("the cell holds a control character, or one that turns the direction")
    return text


def _press_list(text: str, rules: Rules) -> None:
    if text:
        raise ValueError(f"there is no press list {text!r}; leave the cell empty")


def _basis(text: str, rules: Rules) -> str:
    basis = "_".join(text.lower().split())
    if basis and basis not in BASES:
        raise ValueError(f"{text!r} is no legal basis; {_choice(BASES)}")
    return basis


def _moment(text: str, rules: Rules) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(rules.time_zone))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no date such as 2026-10-14 or 2026-10-14T06:00") from None
    if moment > timezone.now():
        raise ValueError(f"{text!r} lies in the future")
    return moment


def _split(text: str) -> list[str]:
    parts = (part.strip().lower() for part in text.split(";"))
    return list(dict.fromkeys(part for part in parts if part))


def _choice(allowed: Sequence[str]) -> str:
    return f"there is {', '.join(allowed)}" if allowed else "there is none yet"
