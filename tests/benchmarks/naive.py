"""The same path the naive way: one Celery task a reader, Django's mail and a row saved for each.

It is what one would write first, kept small here so that anyone can check it: a task renders and
builds the mail of one reader, sends it by Django's SMTP backend, and saves the delivery. Reported,
with no target.

    python -m tests.benchmarks.naive [--readers 50000] [--naive 1000] [--octets 20000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

import psutil

from tests.benchmarks import office, report

PORT = office.PORT  # it has set the options, which what follows reads

from distributor.dispatch.models import Delivery, Edition  # noqa: E402
from distributor.service import tether  # noqa: E402
from tests.benchmarks.naive_task import mail  # noqa: E402


def send(edition: Edition, messages: int, octets: int) -> office.Sent:
    """Ring for each reader, with one worker to answer."""
    command = [sys.executable, "-m", "celery", "-A", "tests.benchmarks.naive_task", "--quiet"]
    command += ["worker", "--pool", "solo", "--queues", "naive", "--without-gossip"]
    environ = {
        **os.environ,
        "NAIVE_TEXT": "Biblioteket har alltid oppet.\n" * (octets // 70),
    }
    worker = tether.spawn(
        command, environ=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    process = psutil.Process(worker.pid)
    try:
        mail.delay(edition.pk, 1)
        while not Delivery.objects.filter(edition=edition).exists():
            assert worker.poll() is None
            time.sleep(0.1)
        cpu, own = process.cpu_times(), time.process_time()
        begun = time.perf_counter()
        for subscriber in range(2, messages + 2):
            mail.delay(edition.pk, subscriber)
        own = time.process_time() - own
        while Delivery.objects.filter(edition=edition).count() <= messages:
            time.sleep(0.1)
        after = process.cpu_times()
        spent = after.user + after.system - cpu.user - cpu.system
        return office.Sent(messages, time.perf_counter() - begun, spent + own)
    finally:
        worker.terminate()
        worker.wait(20)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.naive")
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--naive", type=int, default=1_000, help="readers of the naive way")
    parser.add_argument("--octets", type=int, default=20_000)
    options = parser.parse_args()
    with office.opened(options.readers), office.sink():
        release = office.long_release(options.octets)
        naive = send(office.bare(release), options.naive, options.octets)
        with office.Crew() as crew:
            office.send(crew, office.again(release), options.readers)
            ours = office.send(crew, office.again(release), options.readers)
    print(f"{office.DATABASE}, {options.readers:,} readers; {options.naive:,} the naive way")
    report.table(
        ("", "messages/s", "CPU µs a message"),
        [
            ("whole path, one worker", f"{ours.rate:,.0f}", f"{ours.microseconds:.1f}"),
            ("a task a reader", f"{naive.rate:,.0f}", f"{naive.microseconds:.1f}"),
            ("ratio", f"{ours.rate / naive.rate:.0f} x", ""),
        ],
    )
    return report.conclude(
        "naive",
        {
            "per_second": round(ours.rate),
            "naive_per_second": round(naive.rate),
            "naive_cpu_us": round(naive.microseconds, 1),
            "ratio": round(ours.rate / naive.rate, 1),
        },
        {},
    )


if __name__ == "__main__":
    sys.exit(main())
