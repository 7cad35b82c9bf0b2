"""The whole path of a mail (claim, fill, send, journal, record, Celery) against bare ``smtplib``.

Both send to the same sink, a process of its own, and take turns. The reference is one connection
kept open and one message made beforehand, with no queue and no record. Fan-out is not in it
(``fan_out`` measures that). Prints a table and writes JSON; exits 1 below the target.

    python -m tests.benchmarks.email_path [--runs 5] [--readers 50000] [--octets 20000]
    DISTRIBUTOR_TEST_POSTGRES=1 python -m tests.benchmarks.email_path
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import office, reference, report

TIMES = 5.0
"""How many times the messages a second of smtplib."""
MICROSECONDS, THEIRS = 40.0, 165.0
"""CPU a mail in all processes of ours, where smtplib takes so much: on a slower machine, or while
this one is slower, as much more as smtplib in the same run. Nothing is counted of PostgreSQL's."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.email_path")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--octets", type=int, default=20_000)
    options = parser.parse_args()
    ours, theirs = [], []
    with office.opened(options.readers), office.sink(), office.Crew() as crew:
        release = office.long_release(options.octets)
        message = office.message(release)
        office.send(crew, office.again(release), options.readers)  # everybody has warmed up
        for _ in range(options.runs):
            ours.append(office.send(crew, office.again(release), options.readers))
            theirs.append(reference.by_smtplib(office.PORT, message, options.readers // 10))
    rate = report.median(one.rate for one in ours)
    cpu = report.median(one.microseconds for one in ours)
    bare = report.median(one.rate for one in theirs)
    theirs_cpu = report.median(one.microseconds for one in theirs)
    most = MICROSECONDS * max(1.0, theirs_cpu / THEIRS)
    print(f"{office.DATABASE}, {options.readers:,} readers, {len(message):,} octets a message")
    report.table(
        ("median of " + str(options.runs), "messages/s", "CPU µs a message"),
        [
            ("whole path, one worker", f"{rate:,.0f}", f"{cpu:.1f}"),
            ("smtplib, no records", f"{bare:,.0f}", f"{theirs_cpu:.1f}"),
            ("ratio", f"{rate / bare:.1f} x", f"{cpu / theirs_cpu:.2f} x"),
        ],
    )
    figures = {
        "database": office.DATABASE,
        "readers": options.readers,
        "octets": len(message),
        "per_second": office.spread([one.rate for one in ours]),
        "cpu_us": office.spread([one.microseconds for one in ours]),
        "smtplib_per_second": office.spread([one.rate for one in theirs]),
        "smtplib_cpu_us": office.spread([one.microseconds for one in theirs]),
        "ratio": round(rate / bare, 2),
    }
    return report.conclude(
        f"email_path_{office.DATABASE.lower()}",
        figures,
        {
            f"{rate / bare:.1f} x the rate of smtplib, {TIMES:.0f} wanted": rate >= TIMES * bare,
            f"{cpu:.1f} µs of CPU a mail, {most:.1f} at most for smtplib's {theirs_cpu:.0f}": (
                cpu <= most
            ),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
