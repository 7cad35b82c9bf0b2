"""What was handed over, written down before the next is sent: an append-only file per batch.

A worker that dies takes its open round with it; what the journal holds of it is settled into the
database before anybody sends again, so that a kill doubles only what was on the wire.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from distributor.errors import DeliveryError, Refused, Unavailable

SYNCED_EVERY = 1.0
LINE = 1024
"""Octets that the lines of a delivery take at most, that it began and what came of it; a reply is
cut so that they fit."""
_REPLY = 120
_BEGUN = re.compile(rb"\[(\d+)\]")
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""What JSON writes as it is."""


class Outcome(NamedTuple):
    """What came of one try of a delivery: ``error`` is None when it was handed over.

    ``at`` is the time in seconds since the epoch.
    """

    delivery: int
    error: DeliveryError | None
    reply: str
    at: float

    @property
    def tried(self) -> bool:
        """Whether it says something of the delivery, and not only that nobody's could go."""
        return self.error is None or self.error.is_attempt


class Journal:
    """The journal of one batch, open for writing by one thread at a time; one line when
    a delivery begins and one for its outcome, synced each second.

    Room for ``lines`` deliveries is taken up at once, so that a disk which fills up is noticed
    before anything is sent, and not after, when it could no longer be written down.

    Raises:
        Unavailable: there is no room; nothing may be sent.
    """

    def __init__(self, batch: int, lines: int) -> None:
        self._path = _path(batch)
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        self._used = 0
        self._synced = time.monotonic()
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._inode = os.fstat(file).st_ino
            _take_room(file, lines * LINE)
            # The kernel's own pages: what stands in them outlives the process, and a line costs
            # no system call.
            self._pages = mmap.mmap(file, lines * LINE)
        except OSError as error:
            self._path.unlink(missing_ok=True)
            raise Unavailable("disk", str(error.strerror), about="relay") from error
        finally:
            os.close(file)

    def begin(self, delivery: int) -> None:
        """Put on record that ``delivery`` may be on the wire from now on."""
        self._append(_begun(delivery))

    def write(self, outcome: Outcome) -> None:
        """Put ``outcome`` on record: in the kernel's hands when this returns.

        Raises:
            ValueError: the journal was closed.
        """
        self._append(_line(outcome))

    def _append(self, line: bytes) -> None:
        end = self._used + len(line)
        self._pages[self._used : end] = line
        self._used = end
        if time.monotonic() - self._synced > SYNCED_EVERY:
            self._pages.flush()
            self._synced = time.monotonic()

    def clear(self, still_open: Iterable[int] = ()) -> None:
        """Forget what was written, the database holds it now; but for who is ``still_open``."""
        kept = b"".join(map(_begun, still_open))
        self._pages[: self._used] = kept.ljust(self._used, b"\0")
        self._used = len(kept)

    def close(self, *, remove: bool) -> None:
        """Nothing more can be written; what a round that broke off left is kept to be settled.

        Whoever has taken the batch over meanwhile has a journal of their own there, which stays.
        """
        self._pages.close()
        with suppress(FileNotFoundError):
            if remove and self._path.stat().st_ino == self._inode:
                self._path.unlink()


def is_kept(batch: int) -> bool:
    """Whether ``batch`` has a journal here."""
    return _path(batch).exists()


def left(batch: int) -> Iterator[Outcome]:
    """The outcomes in the journal of ``batch``; a line cut short by the kill is not one."""
    yield from filter(None, map(_read, _lines(batch)))


def unanswered(batch: int) -> set[int] | None:
    """Whose outcome never came, of those that may have been on the wire; None if the journal of
    ``batch`` is not here."""
    if not is_kept(batch):
        return None
    begun = {int(found[1]) for line in _lines(batch) if (found := _BEGUN.fullmatch(line))}
    return begun.difference(outcome.delivery for outcome in left(batch))


def remove(batch: int) -> None:
    """Forget the journal of ``batch``, once it is settled."""
    _path(batch).unlink(missing_ok=True)


def batches() -> list[int]:
    """The batches that have a journal here."""
    return [int(path.stem) for path in _folder().glob("*.jsonl") if path.stem.isdigit()]


def _take_room(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    elif os.pwrite(file, bytes(size), 0) != size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _folder() -> Path:
    folder: Path = settings.DISTRIBUTOR.site.data_dir / "journal"
    return folder


def _path(batch: int) -> Path:
    return _folder() / f"{batch}.jsonl"


def _lines(batch: int) -> list[bytes]:
    """The lines in the journal of ``batch``, none where there is none; in whatever state."""
    path = _path(batch)
    return [line.rstrip(b"\0") for line in path.read_bytes().split(b"\n")] if path.exists() else []


def _begun(delivery: int) -> bytes:
    return b"\n[%d]" % delivery


def _line(outcome: Outcome) -> bytes:
    # In ASCII, 120 letters of a reply take 720 octets and never more. The line end comes first,
    # so that a line cut short spoils no later one.
    delivery, error, reply, at = outcome
    if error is None:
        said = reply[:_REPLY]
        if not _PLAIN.fullmatch(said):
            said = json.dumps(said)[1:-1]
        return f'\n[{delivery},{at:.3f},"","{said}"]'.encode()
    told = [error.reason[:24], error.about, error.wait]
    fields = [delivery, round(at, 3), type(error).__name__, reply[:_REPLY], *told]
    return b"\n" + json.dumps(fields, separators=(",", ":")).encode()


def _read(line: bytes) -> Outcome | None:
    try:
        delivery, at, kind, reply, *told = json.loads(line)
    except ValueError:
        return None
    if not kind:
        return Outcome(delivery, None, reply, at)
    reason, about, wait = told
    kind_of_error = Refused if kind == "Refused" else Unavailable
    return Outcome(delivery, kind_of_error(reason, reply, about=about, wait=wait), reply, at)
