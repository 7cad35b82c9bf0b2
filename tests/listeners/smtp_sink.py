"""A mail server that counts messages and keeps nothing, for benchmarks."""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from contextlib import suppress


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
        try:
            data = connection.recv(262_144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            del self._states[connection]
            connection.close()
            return
        self.octets += len(data)
        in_data, rest = self._states[connection]
        replies, data = b"", rest + data
        while data:
            if in_data:
                # The dot is near the end of what has come, so that is where to look first.
                at = data.rfind(b"\r\n.\r\n", max(0, len(data) - 1000))
                at = data.find(b"\r\n.\r\n") if at < 0 else at
                if at < 0:
                    data = data[-4:]
                    break
                self.messages += 1
                replies += b"250 2.0.0 Ok: counted\r\n"
                in_data, data = False, data[at + 5 :]
                continue
            line, found, after = data.partition(b"\r\n")
            if not found:
                break
            data = after
            verb = line[:4].upper()
            if verb == b"DATA":
                in_data = True
                # As if a line had ended before: the message may be a lone dot.
                data = b"\r\n" + data
                replies += b"354 End data with <CR><LF>.<CR><LF>\r\n"
            elif verb == b"EHLO":
                replies += self._hello
            else:
                replies += b"221 bye\r\n" if verb == b"QUIT" else b"250 2.1.0 Ok\r\n"
        self._states[connection] = (in_data, data)
        if replies:
            self._say(connection, replies)

    def _say(self, connection: socket.socket, replies: bytes) -> None:
        self.turns += 1
        if self._delay:
            self._later.append((time.monotonic() + self._delay, connection, replies))
            return
        with suppress(OSError):
            connection.send(replies)
