"""Good endpoints beside some that never answer: the time until the last good one has its delivery.

It is compared with the good ones alone (T0), once where the hanging ones are known to be slow, and
once where nobody knows it yet. Each run has fresh workers, warmed up by the good ones.

    python -m tests.benchmarks.webhooks_hanging [--runs 5] [--good 500] [--hanging 50]
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import report
from tests.benchmarks import webhook_sides as sides
from tests.benchmarks.receiver import receiving

KNOWN_TIMES, KNOWN_MORE = 1.5, 1.0
UNKNOWN_MORE = 5.0
"""Seconds."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.webhooks_hanging")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--good", type=int, default=500)
    parser.add_argument("--hanging", type=int, default=50)
    options = parser.parse_args()
    good, hanging = options.good, options.hanging
    every = (good + hanging) // hanging
    paths = [f"/{'hang' if not n % every else 'good'}/{n}" for n in range(good + hanging)]
    sides.begin()
    took: dict[str, list[float]] = {"alone": [], "known": [], "unknown": []}
    with receiving() as port:
        ids = sides.add(port, paths)
        hang = [ident for ident, path in zip(ids, paths, strict=True) if "hang" in path]
        wanted = len(ids) - len(hang)
        for _ in range(options.runs):
            for kind in ("known", "unknown"):
                with sides.service() as workers:
                    sides.change(hang, state="disabled")
                    sides.engine(wanted, workers)
                    took["alone"].append(sides.engine(wanted, workers))
                    sides.change(hang, state="enabled", slow=kind == "known", paused_until=None)
                    took[kind].append(sides.engine(wanted, workers))
    medians = {kind: report.median(each) for kind, each in took.items()}
    allowed = {
        "alone": None,
        "known": KNOWN_TIMES * medians["alone"] + KNOWN_MORE,
        "unknown": medians["alone"] + UNKNOWN_MORE,
    }
    print(f"{sides.database()}, {wanted} good and {len(hang)} hanging, medians of {options.runs}")
    report.table(
        ("the hanging are", "s to the last good one", "longest", "allowed"),
        [
            (kind, f"{medians[kind]:.2f}", f"{max(took[kind]):.2f}", f"{most:.2f}" if most else "")
            for kind, most in allowed.items()
        ],
    )
    figures = {
        "database": sides.database(),
        "good": wanted,
        "hanging": len(hang),
        "seconds": {kind: [round(each, 2) for each in times] for kind, times in took.items()},
    }
    targets = {
        f"{kind}: {medians[kind]:.2f} s, at most {most:.2f} s": medians[kind] <= most
        for kind, most in allowed.items()
        if most
    }
    return report.conclude(f"webhooks_hanging_{sides.database().lower()}", figures, targets)


if __name__ == "__main__":
    sys.exit(main())
