"""The disk fills up, or the wall clock jumps by an hour, in the middle of a send."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import FEW, MANY
from tests.faults.crowd import Crowd
from tests.faults.scene import Scene
from tests.running import Service, mail_to

DISK = {FEW: "64m", MANY: "160m"}
FULL = {FEW: 3.0, MANY: 15.0}
HOUR = 3600
ROUNDS = 208
"""Mails of one worker that are claimed or on the wire at a time."""


class Clock:
    """The wall clock of processes that have ``environ``, if there is a compiler to make one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._beside = folder / "beside"
        self._beside.write_bytes(bytes(8))
        self.environ: dict[str, str] = {}
        if compiler := shutil.which("cc") or shutil.which("gcc"):
            source, library = Path(__file__).with_name("jumping_clock.c"), folder / "clock.so"
            words = ["-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
            subprocess.run([compiler, *words], check=True)
            self.environ = {"LD_PRELOAD": str(library), "CLOCK_BESIDE": str(self._beside)}

    def jump(self, beside: int) -> None:
        """Go so many seconds beside the real one from now on."""
        if not self.environ:
            pytest.skip("there is no C compiler to make a clock with")
        with self._beside.open("r+b") as file:
            file.write(struct.pack("=q", beside))


@dataclass
class Machine:
    """What the service of ``scene`` runs on; its folder is a small file system where ``small``."""

    scene: Scene
    clock: Clock
    small: bool


@pytest.fixture(scope="module", params=[FEW, pytest.param(MANY, marks=pytest.mark.long)])
def machine(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Machine]:
    count = request.param
    place, clock = _folder / f"machine{count}", Clock(_folder / f"clock{count}")
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK[count]}", "tmpfs", str(place)]
    small = not os.geteuid() and not subprocess.run(mount, capture_output=True).returncode
    try:
        crowd = Crowd()
        service = Service(place / "service", **mail_to(crowd.port))
        service.environ |= clock.environ
        scene = Scene(service, crowd, count)
        service.start()
        yield Machine(scene, clock, small)
        scene.close()
    finally:
        if small:
            subprocess.run(["umount", "--lazy", str(place)], check=False)


@pytest.mark.timeout(400)
def test_the_disk_is_full_for_a_while(machine: Machine) -> None:
    if not machine.small:
        pytest.skip("a small file system can only be mounted by root")
    scene = machine.scene
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


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("there", [HOUR, -HOUR])
def test_the_clock_jumps_and_jumps_back(machine: Machine, there: int) -> None:
    """What is owed while it is set back may wait until it is right again, but no longer."""
    scene = machine.scene
    release = scene.publish(f"klockan hoppar {there} s", delay=0.003)
    scene.wait_for(scene.readers // 3)
    machine.clock.jump(there)
    time.sleep(1)
    machine.clock.jump(0)
    scene.told(release, doubled=ROUNDS, seconds=60 + scene.readers / 200)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_after_a_jump_back_what_dies_is_taken_over(machine: Machine) -> None:
    machine.clock.jump(-HOUR)
    scene = machine.scene
    release = scene.publish("klockan går efter", delay=0.003)
    scene.wait_for(scene.readers // 3)
    bound = scene.kill(scene.worker())
    scene.told(release, doubled=bound)
    machine.clock.jump(0)


def fill(path: Path) -> None:
    """Leave no room beside ``path``."""
    for size in (65_536, 512):
        with path.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(size))
