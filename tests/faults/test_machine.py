"""The disk fills up, or the wall clock jumps by an hour, in the middle of a send."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import FEW, MANY, SMALL
from tests.faults.scene import Scene

SIZES = [
    SMALL,
    pytest.param(("machine", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]
FULL = {FEW: 3.0, MANY: 15.0}
HOUR = 3600
ROUNDS = 208
"""Mails of one worker that are claimed or on the wire at a time."""


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_the_disk_is_full_for_a_while(scene: Scene) -> None:
    if not scene.machine.small:
        pytest.skip("a small file system can only be mounted by root")
    release = scene.publish("full disk", delay=0.003)
    scene.wait_for(scene.readers // 3)
    ballast = scene.service.folder / "ballast"
    fill(ballast)
    time.sleep(FULL[scene.readers])
    counts = scene.status(release)
    assert counts["delivered"] <= scene.crowd.count
    assert counts["owed"] > 0
    fill(ballast)
    ballast.unlink()
    scene.told(release, doubled=0, seconds=60 + scene.readers / 200)


@pytest.mark.parametrize("scene", SIZES, indirect=True)
@pytest.mark.parametrize("there", [HOUR, -HOUR])
def test_the_clock_jumps_and_jumps_back(scene: Scene, there: int) -> None:
    """What is owed while it is set back may wait until it is right again, but no longer."""
    scene.machine.clock.jump(0)
    release = scene.publish(f"klockan hoppar {there} s", delay=0.003)
    scene.wait_for(scene.readers // 3)
    scene.machine.clock.jump(there)
    time.sleep(1)
    scene.machine.clock.jump(0)
    scene.told(release, doubled=ROUNDS, seconds=60 + scene.readers / 200)


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_after_a_jump_back_what_dies_is_taken_over(scene: Scene) -> None:
    scene.machine.clock.jump(-HOUR)
    try:
        release = scene.publish("klockan går efter", delay=0.003)
        scene.wait_for(scene.readers // 3)
        bound = scene.kill(scene.worker())
        scene.told(release, doubled=bound)
    finally:
        scene.machine.clock.jump(0)


def fill(path: Path) -> None:
    """Leave no room beside ``path``."""
    for size in (65_536, 512):
        with path.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(size))
