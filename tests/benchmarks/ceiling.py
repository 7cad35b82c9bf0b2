"""The whole path against postfix's ``smtp-source``, both into postfix's ``smtp-sink``.

``smtp-source`` makes messages up as it goes and keeps no queue, no record and no reader's name: it
is as fast as mail goes here. Same size of message, same number of connections. Where postfix is
not installed it says so and passes.

    python -m tests.benchmarks.ceiling [--runs 5] [--readers 50000] [--connections 4]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import office, report
from tests.running import until

TIMES = 0.8
_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def tool(name: str) -> str | None:
    return shutil.which(name, path=_PLACES)


@contextmanager
def smtp_sink(command: str) -> Iterator[None]:
    """Postfix's sink on ``office.PORT``."""
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    address = f"127.0.0.1:{office.PORT}"
    process = subprocess.Popen([command, *user, address, "1000"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: office.listening(), 10, "smtp-sink")
        yield
    finally:
        process.terminate()
        process.wait(10)


def by_smtp_source(command: str, octets: int, count: int, sessions: int) -> float:
    """Messages a second."""
    begun = time.perf_counter()
    subprocess.run(
        [command, "-d", "-l", str(octets), "-m", str(count), "-s", str(sessions)]
        + ["-f", "press@ekvik.example", "-t", "reader@kommun.example", f"127.0.0.1:{office.PORT}"],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return count / (time.perf_counter() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ceiling")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--octets", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()
    sink, source = tool("smtp-sink"), tool("smtp-source")
    if sink is None or source is None:
        print("postfix is not installed here (Debian: apt install postfix): not measured")
        return report.conclude("ceiling", {"measured": False}, {})
    os.environ["DISTRIBUTOR_EMAIL__CONNECTIONS"] = str(options.connections)
    ours: list[float] = []
    theirs: list[float] = []
    with office.opened(options.readers), smtp_sink(sink), office.Crew() as crew:
        release = office.long_release(options.octets)
        octets = len(office.message(release))
        office.send(crew, office.again(release), options.readers)
        for _ in range(options.runs):
            ours.append(office.send(crew, office.again(release), options.readers).rate)
            theirs.append(by_smtp_source(source, octets, options.readers, options.connections))
    ratio = report.median(ours) / report.median(theirs)
    print(f"{office.DATABASE}, {options.readers:,} readers, {octets:,} octets")
    report.table(
        ("median of " + str(options.runs), "messages/s"),
        [
            ("whole path, one worker", f"{report.median(ours):,.0f}"),
            ("smtp-source", f"{report.median(theirs):,.0f}"),
            ("ratio", f"{ratio:.2f} x"),
        ],
    )
    return report.conclude(
        "ceiling",
        {
            "connections": options.connections,
            "per_second": office.spread(ours),
            "smtp_source_per_second": office.spread(theirs),
            "ratio": round(ratio, 2),
        },
        {f"{ratio:.2f} x the rate of smtp-source, {TIMES} wanted": ratio >= TIMES},
    )


if __name__ == "__main__":
    sys.exit(main())
