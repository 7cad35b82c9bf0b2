"""What commands print: one JSON document, or tables and lines for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click


def document(value: Any) -> None:
    """The one JSON document of ``--json`` on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str), flush=True)


def title(release: dict[str, Any]) -> str:
    """What a release is called; one that was erased has no title, and is called by its URI."""
    return str(release["title"] or release["uri"])


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """``rows`` under ``head`` in columns, numbers to the right."""
    lines = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    numeric = [
        len(lines) > 1 and all(line[column].isdecimal() for line in lines[1:])
        for column in range(len(head))
    ]
    for line in lines:
        cells = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


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
