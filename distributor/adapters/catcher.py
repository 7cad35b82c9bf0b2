"""A mail server that delivers nothing: what comes is a file in a folder, for trying things out."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope

_LARGEST = 50_000_000


class Catcher:
    """Writes each message as it came to ``<folder>/<nanoseconds>-<number>.eml``, whole or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        name = f"{time.time_ns()}-{next(self._numbers)}.eml"
        content = envelope.content or b""
        try:
            draft = self.folder / f".{name}"
            draft.write_bytes(content if isinstance(content, bytes) else content.encode())
            draft.rename(self.folder / name)
        except OSError as error:
            return f"452 4.3.1 cannot be written: {error.strerror}"
        return "250 2.0.0 caught"


async def serve(folder: Path, listening: socket.socket) -> None:
    """Catch mail that comes to ``listening``, until SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    catcher = Catcher(folder)
    server = await loop.create_server(
        lambda: SMTP(catcher, data_size_limit=_LARGEST, enable_SMTPUTF8=True, hostname="catcher"),
        sock=listening,
    )
    async with server:
        await stop.wait()


def main(folder: str, where: str) -> None:
    """Takes the folder, and the address and port or the number of an inherited socket."""
    host, _, number = where.rpartition(":")
    if host:
        listening = socket.create_server((host, int(number)), backlog=128)
    else:
        listening = socket.socket(fileno=int(number))
    asyncio.run(serve(Path(folder), listening))


if __name__ == "__main__":
    main(*sys.argv[1:])
