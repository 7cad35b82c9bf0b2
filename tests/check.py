"""``make check``: everything that needs no running program, each with its name and its result."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(sys.executable).parent

CHECKS: dict[str, list[str]] = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "imports": ["lint-imports"],
    "migrations": ["python", "-m", "django", "makemigrations", "--check", "--dry-run"],
    "translations": ["python", "-m", "tests.translations"],
    "lock": ["python", "-m", "tests.locks"],
}


def main() -> int:
    failed = []
    with tempfile.TemporaryDirectory(prefix="distributor-check-") as folder:
        environ = os.environ | {
            "DJANGO_SETTINGS_MODULE": "distributor.service.settings",
            "DISTRIBUTOR_SITE__DATA_DIR": folder,
        }
        for name, command in CHECKS.items():
            done = subprocess.run(
                [str(BIN / command[0]), *command[1:]],
                env=environ,
                capture_output=True,
                text=True,
                check=False,
            )
            print(f"{name:13} {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
            if done.returncode:
                failed.append(name)
                print(done.stdout + done.stderr)
    print(f"check: {len(CHECKS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
