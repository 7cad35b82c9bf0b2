"""A host whose cable is pulled, and the host of the database that is never heard of again."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.cable import Cable, Door
from tests.faults.crowd import Crowd
from tests.faults.hosts import Parts, shared_redis
from tests.faults.postgres import Postgres
from tests.faults.scene import Scene
from tests.faults.test_hosts import LEASE, ROUNDS
from tests.running import Service, mail_to, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

READERS = 1200
NOTICED = 90.0
"""Seconds in which who waits for a database that is no more finds out, and works again."""


@dataclass
class Far:
    """``north`` is at the other end of the cable, with all else behind doors; ``south`` is here."""

    scene: Scene
    cable: Cable
    database: Door
    north: Parts
    south: Parts

    def from_north(self, release: str) -> int:
        """How many mails of a release came by it."""
        return sum(mail.sender.startswith("north@") for mail in self.scene.crowd.of(release))


@pytest.fixture
def far(postgres: Postgres, tmp_path: Path) -> Iterator[Far]:
    with ExitStack() as stack:
        cable = stack.enter_context(Cable.laid())
        crowd = Crowd()
        stack.callback(crowd.go_away)
        store = stack.enter_context(shared_redis(tmp_path / "redis"))
        url = postgres.database(f"far{time.monotonic_ns()}")
        doors = [
            stack.enter_context(closing(Door(cable.ours, inside)))
            for inside in (
                postgres.call,
                lambda: _calling(store),
                lambda: socket.create_connection(("127.0.0.1", crowd.port)),
            )
        ]
        common = {"SITE__SECRET_KEY": "the same on all hosts, " * 2, "EMAIL__THROTTLE": "relay"}
        here = {"DATABASE__URL": url, "REDIS__URL": f"unix://{store}"} | mail_to(crowd.port)
        there = mail_to(doors[2].port) | {
            "DATABASE__URL": f"postgresql://postgres@{cable.ours}:{doors[0].port}"
            f"{urlsplit(url).path}",
            "REDIS__URL": f"redis://{cable.ours}:{doors[1].port}/0",
            "EMAIL__SMTP_HOST": cable.ours,
        }
        places = {"office": here, "south": here, "north": there}
        parts = {}
        for name, place in places.items():
            options = common | place | {"EMAIL__FROM": f"{name}@ekvik.example"}
            service = Service(tmp_path / name, **options)
            words = cable.there if name == "north" else ()
            parts[name] = stack.enter_context(Parts(service, words))
        office = parts["office"]
        scene = Scene(office.service, crowd, READERS)
        office.start("clock")
        office.worker("feeds", "housekeeping", "webhooks")
        parts["north"].worker("urgent", "email")
        until(lambda: office.service.json("status")["services"]["workers"] == "ok", 60, pause=1.0)
        yield Far(scene, cable, doors[0], parts["north"], parts["south"])


def _calling(path: Path) -> socket.socket:
    calling = socket.socket(socket.AF_UNIX)
    calling.connect(str(path))
    return calling


def test_another_host_takes_over_and_the_lost_one_comes_back(far: Far) -> None:
    scene = far.scene
    release = scene.publish("kabeln", delay=0.003)
    scene.wait_for(READERS // 3)
    far.cable.pull()
    far.south.worker("urgent", "email")
    scene.told(release, doubled=ROUNDS, seconds=LEASE + 60)
    far.cable.mend()
    far.south.kill()
    second = scene.publish("lagad")
    scene.told(second, doubled=0, seconds=NOTICED)
    assert far.from_north(second) == READERS


def test_who_waits_for_a_database_that_is_no_more_does_not_wait_for_ever(far: Far) -> None:
    scene = far.scene
    release = scene.publish("databasen", delay=0.003)
    scene.wait_for(READERS // 3)
    far.database.hold()
    time.sleep(3)
    far.cable.pull()
    far.database.forget()
    far.cable.mend()
    scene.told(release, doubled=0, seconds=NOTICED)
