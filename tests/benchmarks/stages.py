"""What a mail costs in each stage, one after the other in one process.

Seconds of wall clock, so that PostgreSQL's part is in it; least of three editions. The sum is not
the whole path: there the stages overlap, and Celery and the waiting for the relay come to it. No
target: ``email_path`` has those.

    python -m tests.benchmarks.stages [--readers 50000] [--octets 20000]
    DISTRIBUTOR_TEST_POSTGRES=1 python -m tests.benchmarks.stages
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict

from tests.benchmarks import office, report

PORT = office.PORT  # it has set the options, which what follows reads

from django.utils import timezone  # noqa: E402

from distributor.audience import matching  # noqa: E402
from distributor.audience.keys import keys  # noqa: E402
from distributor.channels import email  # noqa: E402
from distributor.dispatch import compositions, leases, rounds  # noqa: E402
from distributor.dispatch.journal import Journal, Outcome  # noqa: E402
from distributor.dispatch.models import Batch  # noqa: E402
from distributor.release import Release  # noqa: E402
from distributor.sealing import Persons, Sealer  # noqa: E402

ROUND = 200
DATE = "Tue, 14 Nov 2023 09:30:00 +0000"
REPLY = "250 2.0.0 Ok: queued as 4ZbK1M2mPqz9rT"


class Watch:
    """Adds up what each stage takes."""

    def __init__(self) -> None:
        self.took: dict[str, float] = defaultdict(float)
        self._at = time.perf_counter()

    def start(self) -> None:
        self._at = time.perf_counter()

    def stop(self, stage: str) -> None:
        now = time.perf_counter()
        self.took[stage] += now - self._at
        self._at = now


def once(release: Release) -> dict[str, float]:
    """Seconds in each stage for one edition."""
    watch = Watch()
    edition = office.bare(release, channels=["email"])
    watch.start()
    office.fanout.fan_out(edition.pk)
    watch.stop("fan-out: match, insert, cut into batches")
    composition = compositions.mail(edition, first=True)
    watch.stop("composition, once for all")
    person = Persons(keys(), str(edition.release_id)).person
    unsubscribe, preferences = Sealer(keys(), "unsubscribe"), Sealer(keys(), "preferences")
    for batch in Batch.objects.select_related("edition").filter(edition=edition):
        watch.start()
        leases.claim(batch)
        rounds.settle(batch)
        journal = Journal(batch.pk, 2 * ROUND)
        watch.stop("batch: lease, settle, journal, close")
        after = 0
        while True:
            watch.start()
            round_ = rounds.begin(batch, ROUND, after=after)
            watch.stop("claim")
            if not round_:
                break
            after = round_[-1].recipient
            addresses = matching.still_wanted([due.recipient for due in round_])
            watch.stop("who still wants it, at which address")
            readers = [
                email.Reader(
                    due.id,
                    addresses[due.recipient],
                    person(due.recipient),
                    unsubscribe.seal(due.recipient),
                    preferences.seal(due.recipient),
                )
                for due in round_
            ]
            watch.stop("tokens")
            for reader in readers:
                email.fill(composition, reader, DATE)
            watch.stop("fill")
            now = timezone.now().timestamp()
            outcomes = [Outcome(due.id, None, REPLY, now) for due in round_]
            for outcome in outcomes:
                journal.write(outcome)
            watch.stop("journal")
            rounds.record(batch, outcomes)
            journal.clear()
            watch.stop("record")
        watch.start()
        journal.close(remove=True)
        rounds.close(batch)
        leases.release(batch)
        watch.stop("batch: lease, settle, journal, close")
    return watch.took


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.stages")
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--octets", type=int, default=20_000)
    options = parser.parse_args()
    with office.opened(options.readers):
        release = office.long_release(options.octets)
        seen = [once(office.again(release)) for _ in range(3)]
    costs = {stage: min(one[stage] for one in seen) / options.readers * 1e6 for stage in seen[0]}
    print(f"{office.DATABASE}, {options.readers:,} readers, rounds of {ROUND}")
    report.table(
        ("stage", "µs a delivery"),
        [(stage, f"{cost:.2f}") for stage, cost in costs.items()],
    )
    return report.conclude(
        f"stages_{office.DATABASE.lower()}",
        {"readers": options.readers, "us": {name: round(one, 2) for name, one in costs.items()}},
        {},
    )


if __name__ == "__main__":
    sys.exit(main())
