"""Install a Chromium where there is none and that can be done; else say so, in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.browser import chromium

_DEBIAN = (["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "chromium"])
_OTHERS = ([sys.executable, "-m", "playwright", "install", "chromium"],)


def main() -> None:
    if chromium():
        return
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    for command in _DEBIAN if root and shutil.which("apt-get") else _OTHERS:
        try:
            subprocess.run(command, capture_output=True, timeout=300, check=False)
        except (OSError, subprocess.TimeoutExpired):
            break
    if not chromium():
        print("No Chromium: the browser tests are skipped. Install one and run make test again.")


if __name__ == "__main__":
    main()
