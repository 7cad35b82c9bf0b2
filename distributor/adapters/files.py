"""Public files: replaced whole, or not at all."""

from __future__ import annotations

import fcntl
import gzip
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import brotli  # type: ignore[import-untyped]

from distributor.errors import Unavailable

ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings (RFC 9110 §8.4.1) and the endings of the files that hold them ready-made."""

_WAIT = 10.0
"""Seconds after which a disk that took nothing is tried again."""
_PAGE = 4096


def replace(path: Path, content: bytes, *, compress: bool = False) -> bool:
    """Puts ``content`` at ``path``; with ``compress`` also at ``path`` + ``.br`` and ``.gz``.

    Readers see the old file or the new one, never a part: each is written beside its place under a
    dot name, synced and renamed, the plain one last. All get one time of modification, a whole
    second, in a later second than the last version's, so that time and size tell versions apart in
    any web server; where the last version is of this second, the call waits up to one second for
    the next. (A last version from further in the future, after a clock was set back, is not waited
    for: the new one is a second later still.) Folders are made as needed. Callers that replace one
    path at the same time take turns.

    Returns False if the very bytes were there already; then nothing is touched.

    Raises:
        Unavailable: (``disk``) the disk is full or cannot be written. The old files stay whole.
    """
    try:
        if _holds(path, content, compress):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        with _turn(path) as draft:
            if _holds(path, content, compress):
                return False
            versions = {path: content}
            if compress:
                versions = {
                    _beside(path, ".br"): brotli.compress(content, quality=5),
                    _beside(path, ".gz"): gzip.compress(content, 6, mtime=0),
                    path: content,
                }
            _write(versions, draft, _next_second(path, *versions))
    except OSError as error:
        raise _unwritten(path, error) from error
    return True


def retire(path: Path) -> None:
    """Takes ``path`` and its encodings away for good; from then on :func:`retired` says so.

    Raises:
        Unavailable: (``disk``) the disk cannot be written.
    """
    replace(_marker(path), b"")
    try:
        for each in (path, *(_beside(path, ending) for ending in ENCODINGS.values())):
            each.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritten(path, error) from error


def retired(path: Path) -> bool:
    """Whether ``path`` was taken away by :func:`retire`."""
    return _marker(path).exists()


def try_folder(folder: Path) -> None:
    """Writes a page into ``folder`` that nobody ever sees.

    Raises:
        Unavailable: (``disk``) the disk is full or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder, prefix=".", buffering=0) as file:
            file.write(bytes(_PAGE))
    except OSError as error:
        raise _unwritten(folder, error) from error


def _unwritten(path: Path, error: OSError) -> Unavailable:
    why = error.strerror or str(error)
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        why = "a file is where a folder should be"
    return Unavailable("disk", f"{path}: {why}", about="disk", wait=_WAIT)


def _marker(path: Path) -> Path:
    return path.with_name(f".{path.name}.retired")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")


def _holds(path: Path, content: bytes, compress: bool) -> bool:
    """Whether ``path`` has these bytes, and encodings of them where they are wanted."""
    try:
        written = path.stat()
        if written.st_size != len(content):
            return False
        for ending in ENCODINGS.values() if compress else ():
            if _beside(path, ending).stat().st_mtime_ns != written.st_mtime_ns:
                return False
        return path.read_bytes() == content
    except FileNotFoundError:
        return False


def _next_second(*paths: Path) -> int:
    """The time for a new version: now, in whole seconds, but later than any of ``paths``."""
    last = 0
    for path in paths:
        with suppress(FileNotFoundError):
            last = max(last, int(path.stat().st_mtime))
    now = time.time()
    if last == int(now):
        time.sleep(last + 1 - now)
    return max(last + 1, int(time.time()))


@contextmanager
def _turn(path: Path) -> Iterator[int]:
    """A file descriptor of the empty draft of ``path``, locked against others who replace it."""
    draft = _draft(path)
    while True:
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever had the lock may have renamed the file meanwhile: it is then no draft.
            if _is(descriptor, draft):
                try:
                    os.ftruncate(descriptor, 0)
                    yield descriptor
                finally:
                    if _is(descriptor, draft):
                        draft.unlink()
                return
        finally:
            os.close(descriptor)


def _is(descriptor: int, path: Path) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _write(versions: dict[Path, bytes], draft: int, second: int) -> None:
    """Writes and syncs each of ``versions``, then renames them in order.

    ``draft`` is the descriptor of the last one's draft.
    """
    *others, last = versions
    made: list[Path] = []
    try:
        for path in others:
            made.append(_draft(path))
            descriptor = os.open(made[-1], os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
            try:
                _fill(descriptor, versions[path], second)
            finally:
                os.close(descriptor)
        _fill(draft, versions[last], second)
        for path in versions:
            os.replace(_draft(path), path)
        _sync_folder(last.parent)
    except OSError:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _fill(descriptor: int, content: bytes, second: int) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    # A web server of another user serves the folder, whatever our umask is.
    os.fchmod(descriptor, 0o644)
    os.utime(descriptor, (second, second))
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
