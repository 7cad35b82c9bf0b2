"""A mail server that keeps what it takes over, in a thread of its own, on loopback.

It offers PIPELINING and is strict about what it reads. Tests script it with plain attributes.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_ADDRESS = re.compile(rb"<([^>]*)>")


@dataclass
class Mailbox:
    """``mails`` holds (recipient, message) in the order in which they were taken over.

    ``deaf`` makes it close every connection, new or old, without a word; ``slow`` is a wait
    before each reply to a final dot, in seconds; ``refuse`` maps a recipient to the reply to
    their RCPT.
    """

    port: int = 0
    mails: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    deaf: bool = False
    slow: float = 0.0
    refuse: dict[str, bytes] = field(default_factory=dict)

    @property
    def copies(self) -> Counter[str]:
        """How many mails each recipient got."""
        return Counter(recipient for recipient, _ in self.mails)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if not self.deaf:
                writer.write(b"220 mailbox.example ESMTP\r\n")
                await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        while line := await reader.readuntil(b"\r\n"):
            if self.deaf:
                return
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-mailbox.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
            elif verb == b"RCPT":
                found = _ADDRESS.search(line)
                assert found
                recipient = found[1].decode()
                writer.write(self.refuse.get(recipient, b"250 2.1.5 ok\r\n"))
            elif verb == b"DATA" and recipient in self.refuse:
                writer.write(b"554 5.5.1 no valid recipients\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go on\r\n")
                await writer.drain()
                message = await reader.readuntil(b"\r\n.\r\n")
                if self.deaf:
                    return
                if self.slow:
                    await asyncio.sleep(self.slow)
                self.mails.append((recipient, message[:-3].replace(b"\r\n..", b"\r\n.")))
                writer.write(b"250 2.0.0 taken as %d\r\n" % len(self.mails))
            elif verb == b"QUIT":
                writer.write(b"221 2.0.0 bye\r\n")
                return
            else:
                writer.write(b"250 2.0.0 ok\r\n")
            await writer.drain()


@contextmanager
def mailbox(port: int = 0) -> Iterator[Mailbox]:
    """A mailbox on ``port`` (any free one) until the block ends."""
    box, ready, loop = Mailbox(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(box.serve, "127.0.0.1", port, limit=10_000_000)
        box.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
