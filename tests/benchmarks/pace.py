"""What the pace costs a message: its share of ``add``, one ``take`` and one ``done``.

There is no sender, and the groups are known. Prints microseconds of CPU a message, the median of
the runs, and one JSON document; exits 1 above the target, which is for audiences that keep every
connection busy. One domain alone has its two lanes, and is asked for more in vain.

    python -m tests.benchmarks.pace [--runs 7] [--messages 100000] [--round 200]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import django

from tests import environment  # noqa: F401  (options and a folder of our own)

django.setup()

from distributor.dispatch.pace import Pace, Unpaced  # noqa: E402
from distributor.dispatch.pace_domains import Domains  # noqa: E402
from distributor.dispatch.rounds import Due  # noqa: E402
from distributor.service import prepare  # noqa: E402

TARGET = 1.5
"""Microseconds a message, where no group is at its lanes."""

TARGETED = ("unpaced", "half of them at one provider")

CONNECTIONS = 4
AUDIENCES = {
    "unpaced": 1,
    "one domain": 1,
    "half of them at one provider": 2,
    "a domain each": 100_000,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pace")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--round", type=int, default=200)
    options = parser.parse_args()
    prepare.prepare()
    cost = {
        name: statistics.median(
            _run(name, options.messages, options.round) for _ in range(options.runs)
        )
        for name in AUDIENCES
    }
    for name, microseconds in cost.items():
        print(f"{name:<30} {microseconds:6.2f} µs a message")
    print(json.dumps({"benchmark": "pace", "target": TARGET, "microseconds": cost}))
    return int(max(cost[name] for name in TARGETED) > TARGET)


def _run(name: str, count: int, size: int) -> float:
    """As the sender does it: each connection has a message and another laid behind it."""
    readers = [Due(n, n, 0, None) for n in range(count)]
    distinct = AUDIENCES[name]
    addresses = {n: f"r{n}@d{n % distinct}.example" for n in range(count)}
    pace = Unpaced() if name == "unpaced" else Pace(connections=CONNECTIONS, domains=Domains())
    pace.begin()
    asked: list[int | None] = [None] * CONNECTIONS
    sent: list[int | None] = [None] * CONNECTIONS
    spent = 0.0
    for start in range(0, count, size):
        round_ = readers[start : start + size]
        began = time.process_time()
        pace.add(round_, addresses)
        while pace.waiting:
            for connection, behind in enumerate(asked):
                answered = sent[connection]
                if answered is not None:
                    pace.done(answered, None)
                sent[connection] = behind
                due = pace.take(behind) if pace.waiting else None
                asked[connection] = None if due is None else due.id
        spent += time.process_time() - began
    return 1e6 * spent / count


if __name__ == "__main__":
    sys.exit(main())
