"""Redis is killed, emptied or away in the middle of a send."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from distributor.dispatch import fanout
from distributor.service import redis, tether
from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene
from tests.running import free_port, until

SIZES = [
    ("sqlite", FEW),
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]
SOON = 30.0
"""Seconds in which the rest leaves: less than a message is waited for that may only be slow."""
BATCH = fanout.SIZES["email"]
ALMOST = 20
"""So few mails before its end a batch is held up until Redis is away."""
IN_VAIN = "Couldn't ack"
"""What Celery says of a message whose work is done while Redis is away."""


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


@pytest.mark.long
@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_redis_is_killed_again_and_again_when_a_batch_ends(scene: Scene) -> None:
    """A worker cannot acknowledge what it was rung for, having come back from that once."""
    assert scene.service.process is not None
    supervisor = psutil.Process(scene.service.process.pid)

    @contextmanager
    def away() -> Iterator[None]:
        (server,) = scene.service.processes("redis-server")
        supervisor.suspend()
        try:
            server.kill()
            yield
        finally:
            supervisor.resume()

    until(lambda: scene.service.processes("redis-server"), 30, "Redis")
    ends = range(BATCH, scene.readers, 3 * BATCH)
    for number in range(2 if len(ends) == 1 else 1):
        without_redis_when_batches_end(scene, f"kvitto {number}", ends, away)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_redis_elsewhere_is_away_for_seconds_when_a_batch_ends(tmp_path: Path) -> None:
    port = free_port()
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [redis.executable(), "--port", str(port), "--dir", str(tmp_path), "--save", ""]
        running[:] = [tether.spawn(command, environ=dict(os.environ))]

    @contextmanager
    def away() -> Iterator[None]:
        running[0].terminate()
        running[0].wait(10)
        yield
        time.sleep(5)
        start()

    start()
    scene = Scene.up(tmp_path / "scene", FEW, REDIS__URL=f"redis://127.0.0.1:{port}/0")
    try:
        for number in range(3):
            without_redis_when_batches_end(scene, f"borta {number}", [BATCH], away)
    finally:
        scene.close()
        running[0].terminate()
        running[0].wait(10)


def without_redis_when_batches_end(
    scene: Scene, title: str, ends: Sequence[int], away: Callable[[], AbstractContextManager[None]]
) -> None:
    """Publish to all, and have Redis ``away`` each time that so many are told and a batch ends."""
    release = scene.publish(title, delay=0.003)
    for end in ends:
        scene.wait_for(end - ALMOST, SOON)
        vain = in_vain(scene)
        with ExitStack() as stack:
            with scene.crowd.silent():
                stack.enter_context(away())
            scene.crowd.slow_from(None)
            until(partial(more_in_vain, scene, vain), 20, IN_VAIN)
    scene.told(release, doubled=0, seconds=SOON + scene.readers / 200)


def in_vain(scene: Scene) -> int:
    """How often a message could not be acknowledged."""
    return scene.service.words().count(IN_VAIN)


def more_in_vain(scene: Scene, before: int) -> bool:
    return in_vain(scene) > before
