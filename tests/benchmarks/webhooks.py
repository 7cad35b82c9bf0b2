"""Webhooks through the whole path against the guarded client alone, and against a task each.

The path: an edition's batches are rung for, two Celery workers of 16 slots claim them, post signed
bodies of 2 kB to a receiver on this machine, and record each; the fan-out before it is measured by
``fan_out``. The reference is the same client in as many processes and threads, without a database.
Both take turns. On PostgreSQL with ``DISTRIBUTOR_TEST_POSTGRES=1``.

    python -m tests.benchmarks.webhooks [--runs 5] [--endpoints 2000]
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import report
from tests.benchmarks import webhook_sides as sides
from tests.benchmarks.receiver import receiving

TARGET = 0.7
"""Of the rate of the guarded client alone."""

AGAINST_TASKS = 2.0
"""Times the rate of one Celery task per delivery."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.webhooks")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--endpoints", type=int, default=2000)
    options = parser.parse_args()
    count: int = options.endpoints
    sides.begin()
    rates: dict[str, list[float]] = {"engine": [], "bare": [], "task each": []}
    spent = {"engine": 0.0, "bare": 0.0}
    with receiving() as port:
        sides.add(port, [f"/{number}" for number in range(count)])
        with sides.service(naively=True) as workers:
            bare = sides.Bare(port, count)
            reference = bare.watched()
            try:
                for run in range(options.runs + 1):
                    before = sides.cpu(workers), sides.cpu(reference)
                    took = {"bare": bare.run(), "engine": sides.engine(count, workers)}
                    if run:  # the first one warms all up
                        spent["engine"] += sides.cpu(workers) - before[0]
                        spent["bare"] += sides.cpu(reference) - before[1]
                    took["task each"] = sides.naive(count)
                    for name, seconds in took.items():
                        if run:
                            rates[name].append(count / seconds)
            finally:
                bare.close()
    medians = {name: report.median(each) for name, each in rates.items()}
    ratios = [ours / theirs for ours, theirs in zip(rates["engine"], rates["bare"], strict=True)]
    ratio = report.median(ratios)
    against_tasks = medians["engine"] / medians["task each"]
    cost = {name: round(1e6 * each / count / options.runs) for name, each in spent.items()}
    print(f"{sides.database()}, {count:,} endpoints, medians of {options.runs} runs")
    report.table(
        ("", "deliveries/s", "CPU µs each"),
        [(name, f"{rate:,.0f}", str(cost.get(name, ""))) for name, rate in medians.items()],
    )
    figures = {
        "database": sides.database(),
        "endpoints": count,
        "per_second": {name: round(rate, 1) for name, rate in medians.items()},
        "cpu_us": cost,
        "ratio": round(ratio, 3),
        "ratios": [round(each, 3) for each in ratios],
        "against_tasks": round(against_tasks, 2),
    }
    targets = {
        f"{ratio:.2f} x the bare client ({min(ratios):.2f}–{max(ratios):.2f}), {TARGET} wanted": (
            ratio >= TARGET
        ),
        f"{against_tasks:.1f} x a task each, {AGAINST_TASKS} wanted": against_tasks
        >= AGAINST_TASKS,
    }
    return report.conclude(f"webhooks_{sides.database().lower()}", figures, targets)


if __name__ == "__main__":
    sys.exit(main())
