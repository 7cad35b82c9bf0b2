"""Scenes that several tests share, since a start costs seconds: a fault leaves them well.

``scene``  on the database and with the number of readers that a test is parametrized with; on
           SQLite it runs on a machine that can be disturbed where it is small or asked for as such
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.machine import Machine
from tests.faults.postgres import Postgres
from tests.faults.scene import Scene

FEW = 1200
MANY = 20_000
SMALL = ("sqlite", FEW)
ON_A_MACHINE = {SMALL: "96m", ("machine", MANY): "160m"}
"""The size of its disk."""


@pytest.fixture(scope="session")
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="distributor-faults-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def postgres(_folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL of these tests' own."""
    server = Postgres(_folder / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _scenes(_folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str, int], Scene]]:
    made: dict[tuple[str, int], Scene] = {}
    with ExitStack() as stack:

        def scene(database: str, readers: int) -> Scene:
            wanted, name = (database, readers), f"{database}{readers}"
            if wanted in made:
                return made[wanted]
            options, machine = {}, None
            if database == "postgresql":
                server: Postgres = request.getfixturevalue("postgres")
                options = {"DATABASE__URL": server.database(name), "EMAIL__THROTTLE": "relay"}
            elif wanted in ON_A_MACHINE:
                machine = Machine(_folder / f"{name}-machine", ON_A_MACHINE[wanted])
                stack.callback(machine.close)
            made[wanted] = Scene.up(_folder / name, readers, machine, **options)
            stack.callback(made[wanted].close)
            return made[wanted]

        yield scene


@pytest.fixture
def scene(request: pytest.FixtureRequest, _scenes: Callable[[str, int], Scene]) -> Scene:
    """The scene that the test is parametrized with, or the small one on SQLite."""
    database, readers = getattr(request, "param", SMALL)
    return _scenes(database, readers)
