"""What commands print: one JSON document, or tables and lines for people."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any, NoReturn

import click

_NARROWEST = 8


def document(value: Any) -> None:
    """The one JSON document of ``--json`` on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str), flush=True)


def title(release: dict[str, Any]) -> str:
    """What a release is called; one that was erased has no title, and is called by its URI."""
    return str(release["title"] or release["uri"])


def width() -> int | None:
    """How many letters a line of the terminal takes; None where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def line(text: str, indent: int = 0) -> None:
    """``text``, on a terminal broken between words, its later lines set in by ``indent``."""
    columns = width()
    if columns:
        text = textwrap.fill(
            text,
            columns,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    click.echo(text)


def table(head: Sequence[str], rows: Iterable[Sequence[Any] | str]) -> None:
    """``rows`` under ``head`` in columns, numbers to the right; a text is a line over all of them.

    On a terminal that is narrower the widest columns are broken into several lines; the first one,
    which says what a row is of, is not.
    """
    given = [head, *rows]
    lines = [[_cell(value) for value in row] for row in given if not isinstance(row, str)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    numeric = [
        len(lines) > 1 and all(line[column].isdecimal() for line in lines[1:])
        for column in range(len(head))
    ]
    _narrow(widths, numeric, width())
    broken = iter(_broken(cells, widths) for cells in lines)
    for row in given:
        if isinstance(row, str):
            line(row)
            continue
        for texts in next(broken):
            padded = (
                text.rjust(wide) if right else text.ljust(wide)
                for text, wide, right in zip(texts, widths, numeric, strict=True)
            )
            click.echo("  ".join(padded).rstrip())


def _narrow(widths: list[int], numeric: Sequence[bool], columns: int | None) -> None:
    """Take from the widest columns of words, but for the first, until all have room."""
    words = [at for at, is_number in enumerate(numeric) if at and not is_number]
    while columns and words and sum(widths) + 2 * (len(widths) - 1) > columns:
        widest = max(words, key=lambda at: widths[at])
        if widths[widest] <= _NARROWEST:
            return
        widths[widest] -= 1


def _broken(cells: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    parts = [
        textwrap.wrap(text, max(wide, 1), break_on_hyphens=False) or [""]
        for text, wide in zip(cells, widths, strict=True)
    ]
    return zip_longest(*parts, fillvalue="")


def _cell(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())


def note(line: str) -> None:
    """A line beside the answer, on standard error."""
    click.echo(line, err=True)


def fail(line: str) -> NoReturn:
    """End with exit code 1 and one line that says what to do next."""
    raise click.ClickException(" ".join(line.split()))


@contextmanager
def progress(label: str, total: int) -> Iterator[Any]:
    """A bar on a terminal, plain lines elsewhere.

    Gives a function that takes the count done, and what a line shall say of it besides.
    """
    if sys.stderr.isatty():
        with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
            yield lambda done, besides="": bar.update(done - bar.pos)
        return
    shown = 0

    def line(done: int, besides: str = "") -> None:
        nonlocal shown
        if done >= total or done - shown >= max(total // 10, 1):
            shown = done
            note(f"{label}: {done} of {total}{besides}")

    yield line
