"""A receiver of webhooks that costs little: one process, one loop, no more parsing than it needs.

It answers 200 to every POST, but never to those whose path begins with ``/hang``.
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from distributor.service import tether

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
HANGS = b"POST /hang"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@contextmanager
def receiving() -> Iterator[int]:
    """The port of a receiver that runs while the block does."""
    process = tether.spawn([sys.executable, "-m", __name__], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def receive() -> None:
    """Answer until killed."""
    chosen = selectors.DefaultSelector()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        server.setblocking(False)
        chosen.register(server, selectors.EVENT_READ)
        print(server.getsockname()[1], flush=True)
        begun: dict[int, bytes] = {}
        while True:
            for key, _ in chosen.select():
                if key.fileobj is server:
                    _accept(server, chosen)
                else:
                    assert isinstance(key.fileobj, socket.socket)
                    _read(key.fileobj, chosen, begun)


def _accept(server: socket.socket, chosen: selectors.BaseSelector) -> None:
    try:
        while True:
            connection, _ = server.accept()
            connection.setblocking(False)
            chosen.register(connection, selectors.EVENT_READ)
    except BlockingIOError:
        return


def _read(
    connection: socket.socket, chosen: selectors.BaseSelector, begun: dict[int, bytes]
) -> None:
    number = connection.fileno()
    try:
        piece = connection.recv(65536)
    except ConnectionError:
        piece = b""
    request = begun.pop(number, b"") + piece
    if piece and not _whole(request):
        begun[number] = request
        return
    if piece and request.startswith(HANGS):
        return
    if piece:
        connection.send(ANSWER)
    chosen.unregister(connection)
    connection.close()


def _whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end) and len(body) >= int(length[1] if length else 0)


if __name__ == "__main__":
    receive()
