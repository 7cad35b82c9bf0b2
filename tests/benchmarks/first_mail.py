"""From Publish to the first and to the last of 10,000 mails, through the command line.

``distributor publish`` is a new process each time, and its start is in the figures, as a press
officer would see them; so is the fan-out. Reported, with no target.

    python -m tests.benchmarks.first_mail [--runs 5] [--readers 10000]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks import report
from tests.listeners.smtp_sink import Sink
from tests.running import Service, mail_to

RELEASE = """---
title: {title}
topics: [kultur]
---
Från den 1 december är biblioteket öppet hela dygnet.

{body}

Kontakt

Maja Lindqvist, bibliotekschef, 08-123 45 67, maja.lindqvist@ekvik.example
"""


def published(service: Service, text: str, sink: Sink, readers: int) -> tuple[float, float]:
    """Seconds from the start of the command to the first and to the last mail of it."""
    before, begun = sink.messages, time.perf_counter()
    options = {"stdin": text, "anew": True}
    command = threading.Thread(target=service.cli, args=("publish", "-"), kwargs=options)
    command.start()
    seen: list[float] = []
    for wanted in (1, readers):
        while sink.messages < before + wanted:
            assert time.perf_counter() < begun + 120, "the mail does not come"
            time.sleep(0.002)
        seen.append(time.perf_counter() - begun)
    command.join()
    return seen[0], seen[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.first_mail")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--readers", type=int, default=10_000)
    options = parser.parse_args()
    first, last = [], []
    sink = Sink(0, delay=0.0, pipelining=True)
    threading.Thread(target=sink.run, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        service = Service(Path(name, "office"), **mail_to(sink.port))
        with service:
            service.cli("topics", "add", "kultur", "Kultur")
            service.readers(options.readers, "kultur")
            for run in range(options.runs):
                text = RELEASE.format(title=f"Nattöppet {run}", body="Lånekortet är nyckel. " * 300)
                seconds = published(service, text, sink, options.readers)
                first.append(seconds[0])
                last.append(seconds[1])
    print(f"SQLite, {options.readers:,} readers, a new process for the command in each run")
    report.table(
        ("median of " + str(options.runs), "seconds from the press of Enter"),
        [
            ("to the first mail", f"{report.median(first):.2f}"),
            ("to the last mail", f"{report.median(last):.2f}"),
        ],
    )
    return report.conclude(
        "first_mail",
        {
            "readers": options.readers,
            "first_seconds": [round(one, 2) for one in first],
            "last_seconds": [round(one, 2) for one in last],
        },
        {},
    )


if __name__ == "__main__":
    sys.exit(main())
