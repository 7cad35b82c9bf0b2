"""``make bench``: every benchmark in turn, each with its table and its target.

python -m tests.benchmarks [NAME | "NAME on PostgreSQL" ...]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from distributor import __version__
from tests.benchmarks.report import ROOT, machine

BENCHMARKS = (
    "guard_post",
    "smtp_sender",
    "pace",
    "csv_import",
    "fan_out",
    "fan_out on PostgreSQL",
    "email_path",
    "email_path on PostgreSQL",
    "naive",
    "two_workers",
    "two_workers on PostgreSQL",
    "ceiling",
    "first_mail",
    "million",
    "webhooks",
    "webhooks on PostgreSQL",
    "webhooks_hanging",
    "stages",
    "stages on PostgreSQL",
    "overtaking",
)


def main() -> int:
    print(f"distributor {__version__}")
    for what, value in machine().items():
        print(f"{what}: {value}")
    missed = []
    for benchmark in sys.argv[1:] or BENCHMARKS:
        print(f"\n== {benchmark}", flush=True)
        name, _, database = benchmark.partition(" on ")
        environ = {**os.environ, "DISTRIBUTOR_TEST_POSTGRES": "1"} if database else None
        command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
        with tempfile.TemporaryFile() as log:
            if subprocess.run(command, cwd=ROOT, env=environ, stderr=log).returncode:
                missed.append(benchmark)
                log.seek(0)
                print(log.read().decode("utf-8", "replace")[-2000:])
    count = len(sys.argv[1:] or BENCHMARKS)
    print(f"\nbench: {count - len(missed)} passed, {len(missed)} failed", *missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
