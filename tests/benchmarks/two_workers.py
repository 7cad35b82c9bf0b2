"""Two machines' workers against one's, on one database and one sink.

On two cores the workers, the sink and the database share what there is: the target counts where
the sink leaves a core free, so what each of them takes of the cores is shown.

    python -m tests.benchmarks.two_workers [--runs 5] [--readers 50000]
"""

from __future__ import annotations

import argparse
import sys

import psutil

from tests.benchmarks import office, report

TIMES = 1.6


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.two_workers")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--octets", type=int, default=20_000)
    options = parser.parse_args()
    rates: dict[int, list[float]] = {1: [], 2: []}
    sinks: dict[int, list[float]] = {1: [], 2: []}
    ours: dict[int, list[float]] = {1: [], 2: []}
    with office.opened(options.readers), office.sink() as sink:
        release = office.long_release(options.octets)
        for machines in [1, 2] * options.runs:
            with office.Crew(machines) as crew:
                office.send(crew, office.again(release), options.readers)
                before = sink.cpu_times()
                sent = office.send(crew, office.again(release), options.readers)
                after = sink.cpu_times()
            rates[machines].append(sent.rate)
            spent = after.user + after.system - before.user - before.system
            sinks[machines].append(spent / sent.seconds)
            ours[machines].append(sent.cpu / sent.seconds)
    one, two = (report.median(rates[machines]) for machines in (1, 2))
    busy = report.median(sinks[1])
    cores = psutil.cpu_count() or 1
    # A worker takes a core, the sink its share: for a second worker there is what is left.
    room = min(2.0, (cores - busy) / 1.0)
    print(f"{office.DATABASE}, {options.readers:,} readers, {cores} cores")
    report.table(
        ("median of " + str(options.runs), "messages/s", "cores for us", "for the sink"),
        [
            (name, f"{rate:,.0f}", f"{report.median(ours[machines]):.2f}")
            + (f"{report.median(sinks[machines]):.2f}",)
            for name, rate, machines in (("one worker", one, 1), ("two workers", two, 2))
        ]
        + [("ratio", f"{two / one:.2f} x", "", "")],
    )
    print(f"the sink leaves {cores - busy:.2f} cores: at most {room:.2f} x can be had here")
    figures = {
        "database": office.DATABASE,
        "one_per_second": office.spread(rates[1]),
        "two_per_second": office.spread(rates[2]),
        "ratio": round(two / one, 2),
        "cores": {machines: office.spread(ours[machines]) for machines in (1, 2)},
        "sink_cores": {machines: office.spread(sinks[machines]) for machines in (1, 2)},
        "room": round(room, 2),
    }
    targets = {}
    if cores - busy >= 2.0:
        targets[f"{two / one:.2f} x, {TIMES} wanted"] = two >= TIMES * one
    else:
        print("no core is free beside two workers and the sink: reported, with no target")
    return report.conclude(f"two_workers_{office.DATABASE.lower()}", figures, targets)


if __name__ == "__main__":
    sys.exit(main())
