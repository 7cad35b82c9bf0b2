"""A correction to 20,000 receivers overtakes a running newsletter to 100,000 readers.

In the midst of the newsletter a correction in fact of an older release is issued. Seconds from its
issue to the last corrected receiver on record, its fan-out included, against the same correction
with nothing else to do. It must be all out while the newsletter still runs.

    python -m tests.benchmarks.overtaking [--runs 3] [--receivers 20000] [--newsletter 100000]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

from tests.benchmarks import office, report

PORT = office.PORT  # it has set the options, which what follows reads

from distributor.dispatch.models import Edition  # noqa: E402
from distributor.release import Correction, Release  # noqa: E402

OTHER = "skola"
TIMES, SECONDS = 2.0, 1.0
"""How much longer beside the newsletter: so many times, and so many seconds more."""


def corrected(release: Release) -> tuple[Edition, float]:
    """Issue a correction of ``release``; seconds until it is on record for every receiver."""
    correction = Correction(kind="fact", note="Fel år.", wrong="2024", right="2025")
    words = replace(release, act="release.corrected", correction=correction, lead="År 2025.")
    begun = time.perf_counter()
    edition = office.issue(words)
    while office.open_batches(edition):
        time.sleep(0.02)
    return edition, time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.overtaking")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--receivers", type=int, default=20_000)
    parser.add_argument("--newsletter", type=int, default=100_000)
    options = parser.parse_args()
    alone, beside, left = [], [], []
    with office.opened(options.receivers), office.sink(), office.Crew() as crew:
        office.admit(options.newsletter, topic=OTHER, start=options.receivers)
        newsletter = office.long_release(20_000, topic=OTHER)
        for _ in range(options.runs):
            for busy in (False, True):
                release = office.again(office.long_release(20_000))
                office.send(crew, release, options.receivers)
                running = office.issue(office.again(newsletter)) if busy else None
                while running and office.delivered(running) < options.newsletter // 20:
                    time.sleep(0.02)
                edition, seconds = corrected(release)
                assert office.delivered(edition) == options.receivers
                (beside if busy else alone).append(seconds)
                if running:
                    left.append(options.newsletter - office.delivered(running))
                while running and office.open_batches(running):
                    time.sleep(0.1)
    one, other = report.median(alone), report.median(beside)
    print(
        f"{office.DATABASE}, {options.receivers:,} receivers, "
        f"a newsletter to {options.newsletter:,} readers"
    )
    report.table(
        ("median of " + str(options.runs), "seconds to the last receiver"),
        [("the correction alone", f"{one:.2f}"), ("beside the newsletter", f"{other:.2f}")],
    )
    print(f"of the newsletter {min(left):,} mails or more were to be sent still")
    return report.conclude(
        "overtaking",
        {
            "receivers": options.receivers,
            "newsletter": options.newsletter,
            "alone_seconds": office.spread(alone),
            "beside_seconds": office.spread(beside),
            "newsletter_left": min(left),
        },
        {
            "every receiver is told while the newsletter runs": min(left) > 0,
            f"{other:.2f} s, {TIMES} x {one:.2f} s + {SECONDS} s at most": (
                other <= TIMES * one + SECONDS
            ),
        },
    )


if __name__ == "__main__":
    sys.exit(main())
