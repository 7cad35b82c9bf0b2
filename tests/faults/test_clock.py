"""The wall clock jumps by an hour, forward or back, while a send runs."""

from __future__ import annotations

import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import FEW, MANY
from tests.faults.crowd import Crowd
from tests.faults.scene import Scene
from tests.running import Service, mail_to

HOUR = 3600
ROUNDS = 208
"""Mails of one worker that are claimed or on the wire at a time."""


class Clock:
    """The wall clock of a service: ``jump`` sets it so many seconds beside the real one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._beside = folder / "beside"
        self.jump(0)
        library = folder / "clock.so"
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            pytest.skip("there is no C compiler to make a clock with")
        source = Path(__file__).with_name("jumping_clock.c")
        words = ["-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
        subprocess.run([compiler, *words], check=True)
        self.environ = {"LD_PRELOAD": str(library), "CLOCK_BESIDE": str(self._beside)}

    def jump(self, beside: int) -> None:
        with self._beside.open("r+b" if self._beside.exists() else "wb") as file:
            file.write(struct.pack("=q", beside))


@pytest.fixture(scope="module")
def clock(_folder: Path) -> Clock:
    return Clock(_folder / "clock")


@pytest.fixture(scope="module", params=[FEW, pytest.param(MANY, marks=pytest.mark.long)])
def jumpy(request: pytest.FixtureRequest, clock: Clock, _folder: Path) -> Iterator[Scene]:
    """A scene whose processes go by ``clock``."""
    crowd = Crowd()
    service = Service(_folder / f"jumpy{request.param}", **mail_to(crowd.port))
    service.environ |= clock.environ
    scene = Scene(service, crowd, request.param)
    service.start()
    yield scene
    scene.close()


@pytest.mark.timeout(400)
def test_the_clock_jumps_while_a_send_runs(jumpy: Scene, clock: Clock) -> None:
    """What is owed while it is set back may wait until it is right again, but no longer."""
    for there, back in ((HOUR, 0), (-HOUR, 0)):
        release = jumpy.publish(f"klockan hoppar {there} s", delay=0.003)
        jumpy.wait_for(jumpy.readers // 3)
        clock.jump(there)
        time.sleep(1)
        clock.jump(back)
        jumpy.told(release, doubled=ROUNDS, seconds=60 + jumpy.readers / 200)


@pytest.mark.timeout(400)
def test_after_a_jump_back_what_dies_is_taken_over(jumpy: Scene, clock: Clock) -> None:
    clock.jump(-HOUR)
    release = jumpy.publish("klockan går efter", delay=0.003)
    jumpy.wait_for(jumpy.readers // 3)
    bound = jumpy.kill(jumpy.worker())
    jumpy.told(release, doubled=bound)
