"""``kill -9`` at any moment leaves nobody out and doubles at most what was on the wire."""

from __future__ import annotations

import os
import random
import time

import psutil
import pytest

from distributor.service import redis
from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene
from tests.running import until

SEED = int(os.environ.get("FAULTS_SEED", time.time_ns() % 1_000_000))
KILLS = {FEW: 3, MANY: 20}
PATIENCE = {FEW: 60.0, MANY: 10.0}
"""Seconds that a stop may take; the few are tried on machines that are busy with other tests."""
AFTER_A_STOP = 100
"""Mails that may still be handed over when a stop was asked for: a small part of a batch."""
SOON = 40.0
"""Seconds in which the rest leaves: less than a message is waited for that may only be slow."""
SIZES = [
    ("sqlite", FEW),
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
    pytest.param(("postgresql", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]


def moments(readers: int) -> list[int]:
    """Random numbers of mails, rising, at which something is killed; FAULTS_SEED repeats them."""
    print(f"FAULTS_SEED={SEED}")
    chance = random.Random(SEED)
    return sorted(chance.sample(range(10, readers - 50), KILLS[readers]))


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_a_worker_killed_again_and_again(scene: Scene) -> None:
    release = scene.publish("dödad arbetare", delay=0.003)
    bound = 0
    for moment in moments(scene.readers):
        scene.wait_for(moment)
        bound += scene.kill(scene.worker())
    scene.told(release, doubled=bound)


def test_a_worker_killed_with_a_message_in_hand(scene: Scene) -> None:
    worker = scene.worker()
    worker.suspend()
    release = scene.publish("i handen")
    url = f"unix://{redis.socket_path(scene.service.data_dir)}"
    with redis.client(url) as broker:
        until(lambda: broker.keys("email*"), 20, "a message")
        broker.delete(*broker.keys("email*"))
    worker.kill()
    scene.told(release, doubled=0, seconds=SOON)


@pytest.mark.parametrize("scene", SIZES[:2], indirect=True)
def test_a_worker_told_to_stop(scene: Scene) -> None:
    release = scene.publish("avslutad arbetare", delay=0.003)
    scene.wait_for(scene.readers // 3)
    worker, began, before = scene.worker(), time.monotonic(), scene.crowd.count
    worker.terminate()
    psutil.wait_procs([worker], timeout=90)
    assert time.monotonic() - began < PATIENCE[scene.readers]
    assert scene.crowd.count - before < AFTER_A_STOP
    scene.told(release, doubled=0)


@pytest.mark.long
@pytest.mark.parametrize("scene", SIZES[:2], indirect=True)
def test_everything_told_to_stop_and_started_again(scene: Scene) -> None:
    release = scene.publish("avslutad tjänst", delay=0.02)
    scene.wait_for(scene.readers // 20)
    began = time.monotonic()
    assert scene.service.stop() == 0
    assert time.monotonic() - began < PATIENCE[scene.readers]
    assert scene.crowd.count < scene.readers, "it has ended, and was not stopped"
    scene.crowd.delay = 0.001
    scene.service.start()
    scene.told(release, doubled=0)


@pytest.mark.parametrize("scene", SIZES[:2], indirect=True)
def test_everything_killed_at_once_and_started_again(scene: Scene) -> None:
    release = scene.publish("allt dödat", delay=0.003)
    bound = 0
    for moment in moments(scene.readers)[:: 4 if scene.readers == MANY else 3]:
        scene.wait_for(moment)
        bound += scene.kill_all()
        scene.service.start()
    scene.told(release, doubled=bound)
