"""A mail server that counts messages and keeps nothing, for benchmarks."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from contextlib import suppress

_DOT = b"\r\n.\r\n"
_ROOM = 262_144


class Sink:
    """Counts messages and keeps nothing: one thread, and little work for each."""

    def __init__(self, port: int, *, delay: float, pipelining: bool) -> None:
        self.messages = self.connections = self.octets = self.turns = 0
        self._delay = delay
        self._hello = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 33554432\r\n"
        if not pipelining:
            self._hello = self._hello.replace(b"250-PIPELINING\r\n", b"")
        self._later: deque[tuple[float, socket.socket, bytes]] = deque()
        self._states: dict[socket.socket, tuple[bool, bytes]] = {}
        self._buffer = bytearray(_ROOM)
        self._view = memoryview(self._buffer)
        self._selector = selectors.DefaultSelector()
        self._server = socket.create_server(("127.0.0.1", port), backlog=512)
        self._server.setblocking(False)
        self.port: int = self._server.getsockname()[1]
        self._selector.register(self._server, selectors.EVENT_READ)

    def run(self) -> None:
        """Serves until an exception, such as a signal handler's SystemExit, ends it."""
        while True:
            patience = self._later[0][0] - time.monotonic() if self._later else None
            for key, _ in self._selector.select(patience):
                if key.fileobj is self._server:
                    self._admit()
                elif isinstance(key.fileobj, socket.socket):
                    self._serve(key.fileobj)
            while self._later and self._later[0][0] <= time.monotonic():
                _, connection, replies = self._later.popleft()
                with suppress(OSError):
                    connection.send(replies)

    def _admit(self) -> None:
        connection, _ = self._server.accept()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections += 1
        self._states[connection] = (False, b"")
        self._selector.register(connection, selectors.EVENT_READ)
        self._say(connection, b"220 sink ESMTP\r\n")

    def _serve(self, connection: socket.socket) -> None:
        """Reads into one buffer for all, behind what is left of this connection's last piece."""
        in_data, rest = self._states[connection]
        buffer, kept = self._buffer, len(rest)
        buffer[:kept] = rest
        try:
            count = connection.recv_into(self._view[kept:])
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self._selector.unregister(connection)
            del self._states[connection]
            connection.close()
            return
        self.octets += count
        replies, at, end = b"", 0, kept + count
        while at < end:
            if in_data:
                # The dot is near the end of what has come, so that is where to look first.
                dot = buffer.rfind(_DOT, max(at, end - 1000), end)
                dot = buffer.find(_DOT, at, end) if dot < 0 else dot
                if dot < 0:
                    at = max(at, end - 4)
                    break
                self.messages += 1
                replies += b"250 2.0.0 Ok: counted\r\n"
                in_data, at = False, dot + len(_DOT)
                continue
            line = buffer.find(b"\r\n", at, end)
            if line < 0:
                break
            verb = bytes(buffer[at : at + 4]).upper()
            at = line + 2
            if verb == b"DATA":
                # The line end counts as one of the message, which may be a lone dot.
                in_data, at = True, line
                replies += b"354 End data with <CR><LF>.<CR><LF>\r\n"
            elif verb == b"EHLO":
                replies += self._hello
            else:
                replies += b"221 bye\r\n" if verb == b"QUIT" else b"250 2.1.0 Ok\r\n"
        self._states[connection] = (in_data, bytes(buffer[at:end]))
        if replies:
            self._say(connection, replies)

    def _say(self, connection: socket.socket, replies: bytes) -> None:
        self.turns += 1
        if self._delay:
            self._later.append((time.monotonic() + self._delay, connection, replies))
            return
        with suppress(OSError):
            connection.send(replies)
