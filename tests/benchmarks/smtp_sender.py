"""The sender against ``smtplib.sendmail`` of ready bytes on a connection kept open.

Both take turns in every run, send the same messages to the same sink (a process of its own), and
are compared by the median of the runs. Prints a table and one JSON document; exits 1 below the
target.

    python -m tests.benchmarks.smtp_sender [--runs 5] [--messages 5000] [--size 20000]
        [--connections 4] [--delay 0] [--per-connection 100]
"""

from __future__ import annotations

import argparse
import json
import random
import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from distributor.adapters.smtp import Limits, Parcel, Postman, Relay, Timeouts

TARGET = 3.0
"""How many times less CPU than smtplib a message must cost."""

BOUNDARY = b"--=_720e3ed7f3bafaacb624267e285bd6a2"

_DISTINCT = 200


@contextmanager
def sink(delay: float) -> Iterator[int]:
    """A counting mail server in a process of its own; gives its port."""
    command = [sys.executable, "-m", "tests.listeners.smtp", "--count", "--delay", str(delay)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def mails(size: int) -> list[Parcel]:
    """Mails of one composition: constant but for address, Message-ID and tokens."""
    chance = random.Random(1)
    line = [bytes(chance.choices(b"abcdefghijklmnopqrstuvwxyz =", k=74)) + b"=" for _ in range(40)]
    share = max(1, size // 4 // 77)
    text, html = (b"\r\n".join(chance.choices(line, k=n)) for n in (share, 3 * share))
    parcels = []
    for number in range(_DISTINCT):
        one, other = (f"{chance.getrandbits(200):050x}=".encode() for _ in range(2))
        parts = [
            f"To: reader{number}@example.net".encode(),
            b"Date: Tue, 14 Nov 2023 09:30:00 +0000",
            f"Message-ID: <0192f0c1.1.{chance.getrandbits(80):020x}@press.example>".encode(),
            b"List-Unsubscribe: <https://press.example/unsubscribe/" + one[:-1] + b">",
            b"\r\n" + BOUNDARY + b"\r\n",
            *(text, b"https://press.example/unsubscribe/=", one),
            *(b"https://press.example/preferences/=", other, b"", BOUNDARY + b"\r\n"),
            *(html, b'<a href=3D"https://press.example/unsubscribe/=', one, b'">Unsubscribe</a>='),
            *(b'<a href=3D"https://press.example/preferences/=', other, b'">Preferences</a>'),
            BOUNDARY + b"--\r\n",
        ]
        parcels.append(
            Parcel(
                key=number,
                sender=f"b+{chance.getrandbits(80):020x}@bounce.example",
                recipient=f"reader{number}@example.net",
                message=b"\r\n".join(parts),
            )
        )
    return parcels


def by_postman(port: int, parcels: list[Parcel], count: int, options: argparse.Namespace) -> None:
    """Sends ``count`` messages with the sender of the product."""
    postman = Postman(
        [Relay(host="127.0.0.1", port=port, security="none")],
        connections=options.connections,
        limits=Limits(messages=options.per_connection),
        timeouts=Timeouts(final=60),
    )
    cycle = (parcels[number % _DISTINCT] for number in range(count))
    failed = sum(result.error is not None for result in postman.send(cycle))
    postman.close()
    if failed:
        raise RuntimeError(f"{failed} messages failed")


def by_smtplib(port: int, parcels: list[Parcel], count: int, options: argparse.Namespace) -> None:
    """Sends ``count`` messages with the standard library, one connection kept open."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
        client.ehlo()
        for number in range(count):
            parcel = parcels[number % _DISTINCT]
            client.sendmail(parcel.sender, [parcel.recipient], parcel.message)


def measured(
    send: Callable[[int, list[Parcel], int, argparse.Namespace], None],
    port: int,
    parcels: list[Parcel],
    count: int,
    options: argparse.Namespace,
) -> tuple[float, float]:
    """CPU microseconds of this process a message, and messages a second."""
    cpu, wall = time.process_time(), time.perf_counter()
    send(port, parcels, count, options)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / count * 1e6, count / wall


def main() -> int:
    """Runs it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.smtp_sender")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--per-connection", type=int, default=100)
    options = parser.parse_args()
    parcels = mails(options.size)
    found: dict[str, list[tuple[float, float]]] = {"postman": [], "smtplib": []}
    slower = max(1, options.messages // (40 if options.delay else 4))
    with sink(options.delay) as port:
        for _ in range(options.runs):
            for name, send, count in (
                ("postman", by_postman, options.messages),
                ("smtplib", by_smtplib, slower),
            ):
                one = measured(send, port, parcels, count, options)
                found[name].append(one)
    cpu = {name: statistics.median(one[0] for one in runs) for name, runs in found.items()}
    rate = {name: statistics.median(one[1] for one in runs) for name, runs in found.items()}
    ratio = cpu["smtplib"] / cpu["postman"]
    print(f"{len(parcels[0].message)} octets a message, median of {options.runs} runs")
    print(f"{'sender':<10}{'CPU µs/message':>16}{'messages/s':>14}")
    for name in found:
        print(f"{name:<10}{cpu[name]:>16.1f}{rate[name]:>14.0f}")
    print(f"{'ratio':<10}{ratio:>15.1f}x{rate['postman'] / rate['smtplib']:>13.1f}x")
    passed = ratio >= TARGET
    document = {
        "benchmark": "smtp_sender",
        "octets": len(parcels[0].message),
        "cpu_us": {name: round(value, 2) for name, value in cpu.items()},
        "per_second": {name: round(value) for name, value in rate.items()},
        "cpu_ratio": round(ratio, 2),
        "target": TARGET,
        "passed": passed,
    }
    print(json.dumps(document))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
