"""What the whole path is compared with: senders without queue, record or fan-out."""

from __future__ import annotations

import smtplib
import time

from tests.benchmarks.office import Sent


def by_smtplib(port: int, ready: bytes, count: int) -> Sent:
    """Send ``ready`` ``count`` times with the standard library on one connection kept open."""
    cpu, begun = time.process_time(), time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
        client.ehlo()
        for number in range(count):
            client.sendmail("press@ekvik.example", [f"r{number}@kommun.example"], ready)
    return Sent(count, time.perf_counter() - begun, time.process_time() - cpu)
