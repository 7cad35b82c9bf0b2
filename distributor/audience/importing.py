"""Readers from a CSV file: everything is checked before anything is changed."""

from __future__ import annotations

import io
import itertools
import pickle
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import BinaryIO, TypeVar

from distributor.audience import subscribing
from distributor.audience.columns import Rules, wish
from distributor.audience.sheets import Problem, Sheet
from distributor.audience.subscribing import Wish

_T = TypeVar("_T")

CHUNK = 1000
"""People in one transaction."""

_WHY_NOT = {
    subscribing.SUPPRESSED: "mail to this address is suppressed; an import does not change that",
    subscribing.ENDED: "this person has unsubscribed; an import does not change that",
    subscribing.UNAGREED: (
        "a reader already here has not asked for all of these topics; "
        "give consent_at, or import with --confirmed if they have agreed"
    ),
}


@dataclass(slots=True)
class Report:
    """What an import did, or would do: every row counts once as added, merged or refused.

    ``added``: people. ``merged``: rows that say more of somebody in the file (``doubled``) or of
    somebody who was here (``already_here``, of whom ``changed`` have something new). Of the
    refused some are ``suppressed`` or ``ended``. ``waiting``: of those added, the ones to whom
    nothing is sent before they confirm.
    """

    encoding: str
    separator: str
    ignored_columns: list[str]
    rows: int = 0
    added: int = 0
    merged: int = 0
    doubled: int = 0
    already_here: int = 0
    changed: int = 0
    waiting: int = 0
    suppressed: int = 0
    ended: int = 0
    refused_rows: int = 0
    refused: list[Problem] = field(default_factory=list)

    def refuse(self, *problems: Problem) -> None:
        self.refused_rows += 1
        self.refused.extend(problems)


def import_csv(
    source: BinaryIO,
    rules: Rules,
    *,
    by: str,
    dry_run: bool = False,
    progress: Callable[[str, int, int], None] = lambda step, done, total: None,
) -> Report:
    """Import the rows of ``source`` that ``rules`` finds good; with ``dry_run`` only report.

    A row is one person's wish. Rows of one address are merged, and so is a row of a reader already
    here; nobody who is suppressed or has unsubscribed is revived, and a second import of a file
    changes nothing, so an import that was cut off is simply run again. Memory does not grow with
    the number of rows, but for the report's problems. ``by`` is who says so. ``progress`` is told
    the step, how much of it is done and of how much: ``"reading"`` in bytes, then ``"importing"``
    in rows.

    Raises:
        ValueError: the file as such cannot be read; the text says why.
    """
    size = source.seek(0, io.SEEK_END)
    sheet = Sheet(source, required="email")
    known = {*rules.columns, ""}
    report = Report(
        sheet.encoding, sheet.separator, [name for name in sheet.columns if name not in known]
    )
    with closing(sqlite3.connect("")) as stage:
        stage.execute("CREATE TABLE good (key TEXT, line INTEGER, wish BLOB)")
        for good in _chunks(_good(sheet, rules, report)):
            stage.executemany("INSERT INTO good VALUES (?, ?, ?)", good)
            progress("reading", source.tell(), size)
        total, done = report.rows - report.refused_rows, 0
        for people in _chunks(_people(stage)):
            _record(people, report, by=by, save=not dry_run)
            done += sum(len(lines) for _, lines in people)
            progress("importing", done, total)
    report.refused.sort(key=lambda problem: problem.line)
    return report


def _good(sheet: Sheet, rules: Rules, report: Report) -> Iterator[tuple[str, int, bytes]]:
    for row in sheet.rows():
        report.rows += 1
        if isinstance(row, Problem):
            report.refuse(row)
            continue
        found = wish(row, rules)
        if isinstance(found, Wish):
            yield found.address.key, row.line, pickle.dumps(found)
        else:
            report.refuse(*found)


def _people(stage: sqlite3.Connection) -> Iterator[tuple[Wish, list[int]]]:
    """Each person once, with the lines they stand on; sorted by SQLite, on disk if need be."""
    rows = stage.execute("SELECT key, line, wish FROM good ORDER BY key, line")
    for _, group in itertools.groupby(rows, key=lambda row: row[0]):
        lines, wishes = [], []
        for _, line, pickled in group:
            lines.append(line)
            wishes.append(pickle.loads(pickled))
        yield (wishes[0] if len(wishes) == 1 else _merged(wishes)), lines


def _merged(wishes: Sequence[Wish]) -> Wish:
    """One wish of several of one person: all topics and languages; else the first line decides."""
    return replace(
        wishes[0],
        paces={slug: pace for wish in reversed(wishes) for slug, pace in wish.paces.items()},
        languages=tuple(dict.fromkeys(itertools.chain(*(wish.languages for wish in wishes)))),
        name=next((wish.name for wish in wishes if wish.name), ""),
        outlet=next((wish.outlet for wish in wishes if wish.outlet), ""),
        beat=next((wish.beat for wish in wishes if wish.beat), ""),
        agreement=next((wish.agreement for wish in wishes if wish.agreement), None),
    )


def _record(
    people: Sequence[tuple[Wish, list[int]]], report: Report, *, by: str, save: bool
) -> None:
    outcomes = subscribing.record([each for each, _ in people], by=by, save=save)
    for (person, lines), outcome in zip(people, outcomes, strict=True):
        if outcome in _WHY_NOT:
            for line in lines:
                column = "topics" if outcome == subscribing.UNAGREED else "email"
                report.refuse(Problem(line, column, _WHY_NOT[outcome]))
            report.suppressed += len(lines) * (outcome == subscribing.SUPPRESSED)
            report.ended += len(lines) * (outcome == subscribing.ENDED)
            continue
        is_new = outcome == subscribing.ADDED
        report.added += is_new
        report.waiting += is_new and person.agreement is None
        report.doubled += len(lines) - 1
        report.already_here += not is_new
        report.changed += outcome == subscribing.MERGED
        report.merged += len(lines) - is_new


def _chunks(items: Iterator[_T]) -> Iterator[list[_T]]:
    while chunk := list(itertools.islice(items, CHUNK)):
        yield chunk
