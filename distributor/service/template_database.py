"""A fresh SQLite file, ready-made: to build every table anew takes many seconds, to copy none.

The copy is kept in the user's cache. It holds what the migrations wrote and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import connection

_FOLDER = "distributor"
_KEPT = 4


def path() -> Path:
    """Where the file for these migrations and languages is, or would be."""
    parts = [django.__version__, *settings.DISTRIBUTOR.site.languages]
    for config in sorted(apps.get_app_configs(), key=lambda config: config.label):
        for file in sorted(Path(config.path, "migrations").glob("*.py")):
            parts += [config.label, file.name, hashlib.sha256(file.read_bytes()).hexdigest()]
    name = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / _FOLDER / f"{name}.sqlite3"


def take(into: Path) -> bool:
    """Put the ready-made file at ``into``, if there is one; ``into`` must be new or empty."""
    draft = into.with_name(f".{into.name}.draft")
    try:
        shutil.copyfile(path(), draft)
        draft.chmod(0o600)
        draft.replace(into)
    except OSError:
        return False
    return True


def keep() -> None:
    """Keep what the migrations made of an empty database, for the next one.

    Nothing is lost where it cannot be: the cache may be full or closed.
    """
    kept = path()
    draft = kept.with_name(f".{kept.name}.{os.getpid()}")
    with suppress(OSError):
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(draft)])
        draft.replace(kept)
        _forget(kept.parent.glob("*.sqlite3"))


def _forget(files: Iterable[Path]) -> None:
    for old in sorted(files, key=lambda file: file.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
