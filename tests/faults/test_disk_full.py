"""The disk fills up in the middle of a send: nothing is told that is not so, and it goes on."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene

SIZE = {FEW: "64m", MANY: "160m"}
FULL = {FEW: 3.0, MANY: 15.0}


@pytest.fixture(params=[FEW, pytest.param(MANY, marks=pytest.mark.long)])
def small(request: pytest.FixtureRequest, _folder: Path) -> Iterator[Scene]:
    """A scene on a small file system of its own."""
    place = _folder / f"small{request.param}"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE[request.param]}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can only be mounted by root")
    try:
        scene = Scene.up(place / "service", request.param)
        yield scene
        scene.close()
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


@pytest.mark.timeout(400)
def test_the_disk_is_full_for_a_while(small: Scene) -> None:
    release = small.publish("full disk", delay=0.003)
    small.wait_for(small.readers // 3)
    ballast = small.service.folder / "ballast"
    fill(ballast)
    time.sleep(FULL[small.readers])
    counts = small.status(release)
    assert counts["delivered"] <= small.crowd.count
    assert counts["owed"] > 0
    fill(ballast)
    ballast.unlink()
    small.told(release, doubled=0, seconds=60 + small.readers / 200)


def fill(path: Path) -> None:
    """Leave no room beside ``path``."""
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(65_536))
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(512))
