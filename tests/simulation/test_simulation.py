"""Nobody is left out, and doubled is only what was on the wire of a process that died."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def _told(seeds: str, seconds: float) -> None:
    environ = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", seeds],
        env=environ,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]


def test_the_promises_hold_however_work_and_faults_interleave() -> None:
    _told("1-60", 220)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", [100, 1000, 2000])
def test_the_promises_hold_for_thousands_of_interleavings(first: int) -> None:
    _told(f"{first}-{first + 999}", 590)
