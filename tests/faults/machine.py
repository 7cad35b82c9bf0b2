"""What a service runs on, where that can be disturbed: a disk that fills up, a clock that jumps."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest


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


class Machine:
    """A clock, and a ``disk``, which is new and of its own ``size`` if ``small`` is true: that
    takes root."""

    def __init__(self, folder: Path, size: str) -> None:
        folder.mkdir()
        self.clock, self.disk = Clock(folder / "clock"), folder / "disk"
        self.disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self.disk)]
        self.small = not os.geteuid() and not subprocess.run(mount, capture_output=True).returncode

    def close(self) -> None:
        """Take the disk away."""
        if self.small:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)
