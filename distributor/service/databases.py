"""The database of the options, as Django wants it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from distributor.service import datadir
from distributor.service.option_sections import Options

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -16000;
PRAGMA temp_store = MEMORY;
"""
_VIGILANCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
"""A server of which nothing is heard for 25 seconds is gone: Linux would wait for two hours."""


def setting(options: Options) -> dict[str, Any]:
    """An entry of ``DATABASES``."""
    if options.database.url == "sqlite":
        return _sqlite(options)
    return _postgresql(options.database.url)


def _sqlite(options: Options) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(datadir.database(options.site.data_dir)),
        # The last connection to close folds the log into the file: keep one open.
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            # A transaction that begins as a reader cannot always become a writer: it would fail
            # at once, without waiting.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": _PRAGMAS,
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")) or parameters.pop("dbname", ""),
        "USER": unquote(parts.username or "") or parameters.pop("user", ""),
        "PASSWORD": unquote(parts.password or "") or parameters.pop("password", ""),
        "HOST": unquote(parts.hostname or "") or parameters.pop("host", ""),
        "PORT": str(parts.port or "") or parameters.pop("port", ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": _VIGILANCE | parameters,
    }
