"""1,000,000 readers in one edition, once: rate from tenth to tenth, and memory.

Against the same with 50,000: the peak of the largest process is what must not grow. Prints how the
rate runs over the send, and what each stage took.

    python -m tests.benchmarks.million [--readers 1000000] [--fewer 50000] [--octets 20000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

from tests.benchmarks import office, report

GROWTH = 1.15
LAST_TENTH = 0.9
MOST = 250.0
"""MB of a worker."""


def measure(readers: int, octets: int) -> None:
    """In a process of its own: print what a send to ``readers`` took, as JSON."""
    with office.opened(readers), office.sink(), office.Crew() as crew:
        release = office.long_release(octets)
        crew.halt()
        begun = time.perf_counter()
        edition = office.issue(release)
        written = time.perf_counter() - begun
        cpu, begun = crew.cpu(), time.perf_counter()
        crew.go_on()
        tenths: list[float] = []
        while len(tenths) < 10:
            done = office.delivered(edition)
            while done >= readers * (len(tenths) + 1) // 10 and len(tenths) < 10:
                tenths.append(time.perf_counter() - begun)
            time.sleep(0.05)
        while office.open_batches(edition):
            time.sleep(0.05)
        memory, spent = crew.memory(), crew.cpu() - cpu
    took = [after - before for before, after in zip([0.0, *tenths], tenths, strict=False)]
    print(
        json.dumps(
            {
                "readers": readers,
                "fan_out_seconds": round(written, 2),
                "seconds": round(tenths[-1], 1),
                "per_second": [round(readers / 10 / one) for one in took],
                "cpu_us": round(spent / readers * 1e6, 1),
                "peak_mb": round(memory, 1),
            }
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.million")
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--fewer", type=int, default=50_000)
    parser.add_argument("--octets", type=int, default=20_000)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.octets)
        return 0
    command = [sys.executable, "-m", "tests.benchmarks.million", "--octets", str(options.octets)]
    seen = []
    for readers in (options.fewer, options.readers):
        done = subprocess.run(
            [*command, "--measure", str(readers)], stdout=subprocess.PIPE, check=True, text=True
        )
        seen.append(json.loads(done.stdout.splitlines()[-1]))
    fewer, more = seen
    print(f"{office.DATABASE}, {options.octets:,} octets a message")
    report.table(
        ("readers", "fan-out s", "send s", "messages/s", "CPU µs a message", "peak MB"),
        [
            (
                f"{one['readers']:,}",
                f"{one['fan_out_seconds']:.1f}",
                f"{one['seconds']:.1f}",
                f"{one['readers'] / one['seconds']:,.0f}",
                f"{one['cpu_us']:.1f}",
                f"{one['peak_mb']:.0f}",
            )
            for one in seen
        ],
    )
    print("messages a second, tenth by tenth:", *more["per_second"])
    growth = more["peak_mb"] / fewer["peak_mb"]
    last = more["per_second"][-1] / more["per_second"][1]
    return report.conclude(
        f"million_{office.DATABASE.lower()}",
        {"database": office.DATABASE, "fewer": fewer, "more": more},
        {
            f"{growth:.2f} x the peak memory, {GROWTH} at most": growth <= GROWTH,
            f"{more['peak_mb']:.0f} MB, {MOST:.0f} at most": more["peak_mb"] <= MOST,
            f"last tenth at {last:.2f} x the second's rate, {LAST_TENTH} at least": (
                last >= LAST_TENTH
            ),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
