"""A webhook receiver for the demo: it keeps what it gets and says whether it is genuine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from distributor.channels.webhooks import sign

LARGEST = 100_000


@dataclass(frozen=True, slots=True)
class Received:
    """One request: where it came to, its headers in lower case, its body as kept.

    ``verified`` says whether the signature was right, ``status`` what was answered.
    """

    path: str
    headers: dict[str, str]
    kept: Path
    type: str
    verified: bool
    status: int


@dataclass(slots=True)
class Receiver:
    """Where the receiver listens, what it trusts, and what it got. Not to be shared by demos."""

    url: str
    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, path: str, headers: Any, body: bytes) -> int:
        """Keep a request; the status to answer it with."""
        with self.lock:
            failing = self.failures.get(path, 0) > 0
            if failing:
                self.failures[path] -= 1
            status = HTTPStatus.INTERNAL_SERVER_ERROR if failing else HTTPStatus.NO_CONTENT
            kept = self.folder / f"{len(self.received) + 1}{path.replace('/', '-')}.json"
            kept.write_bytes(body)
            self.received.append(
                Received(
                    path,
                    {name.lower(): value for name, value in headers.items()},
                    kept,
                    _type(body),
                    self._genuine(path, headers, body),
                    status,
                )
            )
            return int(status)

    def _genuine(self, path: str, headers: Any, body: bytes) -> bool:
        secret, stamp = self.secrets.get(path), headers.get("webhook-timestamp", "")
        if secret is None or not stamp.isdecimal():
            return False
        signed = sign((secret,), headers.get("webhook-id", ""), int(stamp), body)
        return bool(signed == headers.get("webhook-signature"))


def _type(body: bytes) -> str:
    try:
        return str(json.loads(body)["type"])
    except (ValueError, KeyError, TypeError):
        return "not an event"


@contextmanager
def listening(folder: Path) -> Iterator[Receiver]:
    """A receiver on a free port of loopback, until the block ends."""
    folder.mkdir(exist_ok=True)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length", 0)), LARGEST)
            status = receiver.take(self.path, self.headers, self.rfile.read(length))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """The demo prints what came."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}", folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
