"""Redis is killed, emptied or away in the middle of a send."""

from __future__ import annotations

import pytest

from distributor.service import redis
from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene
from tests.running import until

SIZES = [
    ("sqlite", FEW),
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]
SOON = 30.0
"""Seconds in which the rest leaves: less than a message is waited for that may only be slow."""


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_the_embedded_redis_is_killed(scene: Scene) -> None:
    release = scene.publish("dödad redis", delay=0.003)
    scene.wait_for(scene.readers // 3)
    (server,) = scene.service.processes("redis-server")
    server.kill()
    scene.told(release, doubled=0, seconds=SOON + scene.readers / 200)
    until(lambda: scene.service.answer("/readyz").status_code == 200, 60, "ready again")


@pytest.mark.parametrize("scene", SIZES[1:], indirect=True)
def test_redis_is_killed_before_a_release(scene: Scene) -> None:
    (server,) = scene.service.processes("redis-server")
    server.kill()
    release = scene.publish("utan redis")
    scene.told(release, doubled=0)


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_redis_is_emptied(scene: Scene) -> None:
    release = scene.publish("tömd redis", delay=0.003)
    scene.wait_for(scene.readers // 3)
    socket = redis.socket_path(scene.service.data_dir)
    with redis.client(f"unix://{socket}") as connected:
        connected.flushall()
    scene.told(release, doubled=0, seconds=SOON + scene.readers / 200)
