"""The data folder: what is where in it, and who may look.

Other users can pass through it to ``public`` and to nothing else: a web server serves that one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PUBLIC = "public"
SECRET_KEY = "secret_key"
DATABASE = "distributor.sqlite3"
REDIS = "redis"
MAIL = "mail"
MEDIA = "media"
STATIC = "static"

_PREPARING = "preparing.lock"
_PUBLISHING = "publishing.lock"
_PRIVATE = (REDIS, MAIL, MEDIA)


def prepare(folder: Path) -> None:
    """Makes the folder and what must be in it, and closes it to other users.

    Raises:
        OSError: it cannot be made or written, or it belongs to everybody, as ``/tmp`` does.
    """
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid == os.geteuid():
        if found.st_mode & stat.S_ISVTX:
            raise OSError("this folder is everybody's")
        if found.st_mode & 0o066:
            folder.chmod(stat.S_IMODE(found.st_mode) & ~0o066)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, "Permission denied")
    _make(folder / PUBLIC, 0o755)
    for name in _PRIVATE:
        _make(folder / name, 0o700)


def _make(folder: Path, mode: int) -> None:
    """``folder`` with ``mode``, whatever the umask, unless it is there already."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(mode)


def secret_key(folder: Path) -> str:
    """The key kept in ``folder``, made at the first call, by whoever of several is first."""
    path = folder / SECRET_KEY
    if not path.exists():
        descriptor, mine = tempfile.mkstemp(prefix=f".{SECRET_KEY}.", dir=folder)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        try:
            os.link(mine, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            os.replace(mine, path)
        Path(mine).unlink(missing_ok=True)
    return path.read_text("ascii").strip()


def database(folder: Path) -> Path:
    """The SQLite file. It is made closed: SQLite gives its side files the same mode."""
    path = folder / DATABASE
    path.touch(mode=0o600)
    return path


@contextlib.contextmanager
def preparing(folder: Path) -> Iterator[None]:
    """Have those who call :func:`wait_until_prepared` wait until the block ends."""
    with _gate(folder, _PREPARING, fcntl.LOCK_EX):
        yield


def wait_until_prepared(folder: Path) -> None:
    """Wait while the tables are being made: the other parts load meanwhile."""
    with _gate(folder, _PREPARING, fcntl.LOCK_SH):
        pass


@contextlib.contextmanager
def publishing(folder: Path) -> Iterator[None]:
    """Have who publishes at the same time wait until the block ends."""
    with _gate(folder, _PUBLISHING, fcntl.LOCK_EX):
        yield


@contextlib.contextmanager
def _gate(folder: Path, name: str, how: int) -> Iterator[None]:
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
