"""A real Redis and a real service for tests."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

from distributor.service import redis, tether
from tests.running import Service


class _Redis:
    """The server on the socket that the settings name; started again if a test has killed it."""

    def __init__(self) -> None:
        self.data_dir: Path = settings.DISTRIBUTOR.site.data_dir
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if not redis.answers(self.data_dir):
            redis.clear(self.data_dir)
            self.process = tether.spawn(redis.command(self.data_dir))
            assert redis.wait(self.data_dir, self.process)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()


@pytest.fixture(scope="session")
def _redis() -> Iterator[_Redis]:
    server = _Redis()
    yield server
    server.stop()


@pytest.fixture
def redis_server(_redis: _Redis) -> str:
    """The URL of a Redis on the socket that ``settings.REDIS_URL`` names; it is emptied."""
    _redis.start()
    url: str = settings.REDIS_URL
    with redis.client(url) as connected:
        connected.flushall()
    return url


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """One ``distributor up`` that all who ask share, in each worker of xdist that has any."""
    with (
        tempfile.TemporaryDirectory(prefix="distributor-service-") as folder,
        _service(Path(folder, "shared")) as running,
    ):
        yield running


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes and starts a ``distributor up`` that one test has to itself, and may kill.

    Takes options as they are named in the environment, without prefix: ``UNDO_SECONDS="5"``.
    """
    with ExitStack() as stack:

        def make(**options: str) -> Service:
            folder = tmp_path / f"service{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(_service(folder, **options))

        yield make


def _service(folder: Path, **options: str) -> Service:
    """On SQLite, or on a new database of the tests' PostgreSQL where they run on one."""
    if server := os.environ.get("TESTS_POSTGRES_SERVER"):
        name = f"service_{os.getpid()}_{abs(hash(folder))}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY".encode())
        options |= {"DATABASE__URL": urlunsplit(urlsplit(server)._replace(path=f"/{name}"))}
    return Service(folder, **options)
