"""``make bench``: every benchmark in turn, each with its table and its target."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

from distributor import __version__

BENCHMARKS = ("guard_post", "smtp_sender", "pace", "csv_import")
ROOT = Path(__file__).parents[2]


def main() -> int:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    print(
        f"distributor {__version__} ({commit or 'no commit'}), Python {platform.python_version()}"
    )
    print(f"{platform.system()} {platform.release()}, {platform.machine()}")
    missed = []
    for name in BENCHMARKS:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], cwd=ROOT).returncode:
            missed.append(name)
    print(f"\nbench: {len(BENCHMARKS) - len(missed)} passed, {len(missed)} failed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
