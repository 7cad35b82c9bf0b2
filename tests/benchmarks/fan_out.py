"""Fan-out of 1,000,000 readers against a bare ``INSERT … SELECT`` of as many rows.

The bare one is a single statement, into a table of the same columns, indexes and foreign key, of
ids that lie ready; the fan-out matches topic, language and consent, and cuts batches. It is timed
before and after the fan-outs, and the mean of both counts. A correction to all of them, once they
have the release, is shown beside. The memory is that of the process, against 50,000 readers.

    python -m tests.benchmarks.fan_out [--readers 1000000] [--fewer 50000]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.benchmarks import office, report

# isort: split
from django.db import connection

from distributor.dispatch import editions, fanout
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.release import Correction

MOST = 3.0
GROWTH = 1.15
COLUMNS = """edition_id, channel, recipient, urgent, state, reason, attempts, since, due_at,
             first_number"""


def measure(readers: int) -> None:
    """In a process of its own: print what a fan-out to ``readers`` took, as JSON."""
    with office.opened(readers):
        release = office.long_release(5000)
        edition = office.bare(release, channels=("email",))
        _like("bare")
        bare = [_timed(lambda: _insert("bare", edition))]
        first = _timed(lambda: fanout.fan_out(edition.pk))
        rows = Delivery.objects.filter(edition=edition).count()
        assert rows == readers, f"{rows} of {readers} written"
        Delivery.objects.update(state="delivered")
        Batch.objects.update(due_at=None)
        words = replace(
            edition.release,
            act="release.corrected",
            lead="Rätt dag.",
            correction=Correction(kind="fact", note="Fel dag."),
        )
        corrected = editions.issue(
            words,
            revision="corrected",
            leaves_at=edition.leaves_at,
            issuer="benchmark",
            channels=("email",),
        )
        again = _timed(lambda: fanout.fan_out(corrected.pk))
        rows = Delivery.objects.filter(edition=corrected, urgent=True).count()
        assert rows == readers, f"{rows} of {readers} told of the correction"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        _like("after")
        bare.append(_timed(lambda: _insert("after", edition)))
    print(
        json.dumps(
            {
                "readers": readers,
                "bare": [round(seconds, 3) for seconds in bare],
                "fan_out": round(first, 3),
                "correction": round(again, 3),
                "peak_mb": round(peak, 1),
            }
        )
    )


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _like(name: str) -> None:
    """Make a table like that of the deliveries, with its indexes and its foreign key."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"CREATE TABLE {name} (LIKE dispatch_delivery INCLUDING ALL)")
            cursor.execute(
                f"""ALTER TABLE {name} ADD FOREIGN KEY (edition_id)
                    REFERENCES dispatch_edition (id) DEFERRABLE INITIALLY DEFERRED"""
            )
            return
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'dispatch_delivery' AND sql <> ''"
        )
        for (statement,) in cursor.fetchall():
            statement = statement.replace("dispatch_delivery", name)
            cursor.execute(statement.replace("one_delivery_per_address", f"one_in_{name}"))


def _insert(name: str, edition: Edition) -> None:
    at = connection.ops.adapt_datetimefield_value(edition.leaves_at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {name} ({COLUMNS})
                SELECT %s, 'email', id, %s, 'pending', '', 0, %s, %s, CAST(NULL AS integer)
                FROM audience_subscriber ORDER BY id""",
            [edition.pk, False, at, at],
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fan_out")
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--fewer", type=int, default=50_000)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return 0
    seen: list[dict[str, Any]] = []
    for readers in (options.fewer, options.readers):
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.fan_out", "--measure", str(readers)],
            # A name for a database of its own, where it is on the PostgreSQL of this process.
            env={**os.environ, "PYTEST_XDIST_WORKER": f"readers_{readers}"},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        seen.append(json.loads(done.stdout.splitlines()[-1]))
    for one in seen:
        one["ratio"] = round(one["fan_out"] * 2 / sum(one["bare"]), 2)
    print(office.DATABASE)
    report.table(
        ("readers", "bare s", "fan-out s", "ratio", "µs a reader", "correction s", "peak MB"),
        [
            (
                f"{one['readers']:,}",
                f"{sum(one['bare']) / 2:.2f}",
                f"{one['fan_out']:.2f}",
                f"{one['ratio']:.2f}",
                f"{one['fan_out'] / one['readers'] * 1e6:.1f}",
                f"{one['correction']:.2f}",
                f"{one['peak_mb']:.0f}",
            )
            for one in seen
        ],
    )
    fewer, more = seen
    growth = more["peak_mb"] / fewer["peak_mb"]
    return report.conclude(
        f"fan_out_{office.DATABASE.lower()}",
        {"database": office.DATABASE, "fewer": fewer, "more": more},
        {
            f"{more['ratio']:.2f} x the bare insert, {MOST} at most": more["ratio"] <= MOST,
            f"{growth:.2f} x the peak memory, {GROWTH} at most": growth <= GROWTH,
        },
    )


if __name__ == "__main__":
    sys.exit(main())
