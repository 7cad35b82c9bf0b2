"""CSV as spreadsheets write it: its encoding, its separator, its rows with their line numbers."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

_FORMULA = ("=", "+", "-", "@", "'", "\t", "\r")
_ENCODINGS = ("utf-8-sig", "cp1252")
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a line; ``column`` is empty where it is the line as such."""

    line: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a line that starts at ``line`` (from 1), by column, stripped of outer blanks."""

    line: int
    cells: dict[str, str]


def guarded(cell: str) -> str:
    """``cell`` so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def bare(cell: str) -> str:
    """The inverse of :func:`guarded`; any other cell stays as it is."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


class Sheet:
    """A CSV file whose first line names its columns.

    ``source`` can be read from its start more than once. UTF-8 (with or without a byte order
    mark), UTF-16 and Windows-1252; separated by comma, semicolon or tab; quoted as RFC 4180 says.
    ``encoding`` and ``separator`` are those found, ``columns`` the names in lower case.

    Raises:
        ValueError: no such encoding fits, or no separator gives the ``required`` column.
    """

    def __init__(self, source: BinaryIO, *, required: str) -> None:
        self.encoding = _encoding(source)
        source.seek(0)
        self._text = io.TextIOWrapper(source, encoding=self.encoding, newline="")
        first = self._text.readline()
        for self.separator in ",;\t":
            self.columns = _names(first, self.separator)
            if required in self.columns:
                break
        else:
            raise ValueError(
                f"the first line names no column {required!r}; it has to name the columns, "
                "separated by commas, semicolons or tabs"
            )
        twice = {name for name in self.columns if name and self.columns.count(name) > 1}
        if twice:
            raise ValueError(f"the first line names the column {min(twice)!r} more than once")

    def rows(self) -> Iterator[Row | Problem]:
        """Every line but empty ones, once; a line that cannot be read is a problem."""
        reader = csv.reader(self._text, delimiter=self.separator, strict=True)
        while True:
            line = reader.line_num + 2
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                yield Problem(line, "", _unreadable(line, reader.line_num + 1, error))
                continue
            cells = [bare(cell).strip() for cell in cells]
            if not any(cells):
                continue
            if any(cells[len(self.columns) :]):
                yield Problem(line, "", self._too_many(cells))
                continue
            yield Row(line, dict(zip(self.columns, cells, strict=False)))
        self._text.detach()

    def _too_many(self, cells: Sequence[str]) -> str:
        sign = {"\t": "a tab"}.get(self.separator, self.separator)
        return (
            f"{len(cells)} cells for {len(self.columns)} columns; "
            f'put a cell that holds {sign} between quotes (")'
        )


def _names(line: str, separator: str) -> list[str]:
    cells = next(csv.reader([line], delimiter=separator), [])
    return [bare(cell).strip().lower() for cell in cells]


def _unreadable(first: int, last: int, error: csv.Error) -> str:
    where = f"lines {first} to {last} were" if last > first else "the line was"
    return f"{where} not read, as the quotes do not match ({error})"


def _encoding(source: BinaryIO) -> str:
    source.seek(0)
    start = source.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: Sequence[str] = ("utf-16",)
    elif b"\0" in start[:2]:
        # Without a byte order mark: the first letter of the first name is ASCII.
        candidates = ("utf-16-be" if start[:1] == b"\0" else "utf-16-le",)
    else:
        candidates = _ENCODINGS
    for encoding in candidates:
        if _decodes(source, encoding):
            return encoding
    raise ValueError("the file is neither UTF-8 nor UTF-16 nor Windows-1252; save it as UTF-8")


def _decodes(source: BinaryIO, encoding: str) -> bool:
    source.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := source.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
