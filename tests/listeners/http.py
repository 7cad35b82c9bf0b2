"""A real HTTP(S) server on 127.0.0.1 that records requests whole and answers by script.

A script is a function of a :class:`Conversation`; those below make the well-behaved answers and
the hostile ones::

    with Listener(answer(200)) as listener: ...
    with Listener(in_turn(answer(500), answer(500), answer(200)), tls=context) as listener: ...
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Received:
    """One request as it came. ``headers`` has the names as they were written."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float = field(default_factory=time.time)
    server_name: str | None = None

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


@dataclass
class Conversation:
    """One connection. ``request`` is None for scripts that answer before they read."""

    sock: socket.socket
    listener: Listener
    request: Received | None = None
    server_name: str | None = None

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self) -> Received | None:
        """The next request, whole; None if the other side closed instead."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = self.sock.recv(65536)
            if not piece:
                return None
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = tuple(
            (name, value.strip()) for name, _, value in (line.partition(":") for line in lines)
        )
        length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
        while len(body) < length:
            piece = self.sock.recv(65536)
            if not piece:
                break
            body += piece
        received = Received(method, target, headers, body, server_name=self.server_name)
        self.listener.requests.append(received)
        return received

    def pause(self, seconds: float) -> bool:
        """Waits; True if the listener is closing."""
        return self.listener.closing.wait(seconds)


Script = Callable[[Conversation], None]


class Listener:
    """Listens from creation until :meth:`close`, each connection in a thread of its own.

    ``connections`` counts what was accepted, ``requests`` holds what was read whole.
    ``before_reading`` runs the script before the request is read; ``raw`` runs it before TLS too.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        before_reading: bool = False,
        raw: bool = False,
    ) -> None:
        self.script = script or answer(200)
        self.tls = tls
        self.before_reading = before_reading
        self.raw = raw
        self.requests: list[Received] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = socket.create_server((host, 0), backlog=512)
        self.host, self.port = self._server.getsockname()[:2]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def url(self, path: str = "/hook", host: str | None = None) -> str:
        return f"{'https' if self.tls else 'http'}://{host or self.host}:{self.port}{path}"

    def wait_for(self, count: int, seconds: float = 60.0) -> list[Received]:
        """The requests once there are ``count`` of them.

        Raises:
            AssertionError: there are fewer after ``seconds``.
        """
        until = time.monotonic() + seconds
        while len(self.requests) < count:
            assert time.monotonic() < until, f"{len(self.requests)} requests, expected {count}"
            time.sleep(0.005)
        return list(self.requests)

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self.open += 1
                self.most_open = max(self.most_open, self.open)
            threading.Thread(target=self._converse, args=(sock,), daemon=True).start()

    def _converse(self, sock: socket.socket) -> None:
        conversation = Conversation(sock, self)
        try:
            sock.settimeout(60)
            if self.tls and not self.raw:
                conversation.sock = self._secure(sock, conversation)
            if not (self.before_reading or self.raw):
                conversation.request = conversation.read()
                if conversation.request is None:
                    return
            self.script(conversation)
        except (OSError, ValueError):
            pass
        finally:
            conversation.sock.close()
            with self._lock:
                self.open -= 1

    def _secure(self, sock: socket.socket, conversation: Conversation) -> ssl.SSLSocket:
        assert self.tls is not None

        def named(_sock: Any, name: str | None, _context: Any) -> None:
            conversation.server_name = name

        with self._lock:
            self.tls.sni_callback = named
            wrapped = self.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        wrapped.do_handshake()
        return wrapped


def answer(
    status: int = 200, body: bytes = b"ok", headers: Iterable[tuple[str, str]] = ()
) -> Script:
    """A plain answer with Content-Length."""
    lines = [f"HTTP/1.1 {status} Reason", *(f"{k}: {v}" for k, v in headers)]
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return write("\r\n".join(lines).encode("latin-1") + body)


def write(data: bytes) -> Script:
    """``data`` as it stands, then the end."""
    return lambda conversation: conversation.send(data)


def in_turn(*scripts: Script) -> Script:
    """One script per connection, in order; the last one for all the rest."""
    turns = itertools.count()
    return lambda conversation: scripts[min(next(turns), len(scripts) - 1)](conversation)


def failing(times: int, status: int = 500) -> Script:
    """``status`` so many times, then 200."""
    return in_turn(*[answer(status)] * times, answer(200))


def redirect(status: int, location: str) -> Script:
    return answer(status, b"", [("Location", location)])


def slowly(seconds: float, script: Script) -> Script:
    """``script``, after a while."""

    def run(conversation: Conversation) -> None:
        if not conversation.pause(seconds):
            script(conversation)

    return run


def hang(conversation: Conversation) -> None:
    """No answer, ever."""
    conversation.pause(60)


def drip(start: bytes, piece: bytes, every: float = 0.05) -> Script:
    """``start`` at once, then ``piece`` again and again without end."""

    def run(conversation: Conversation) -> None:
        conversation.send(start)
        while not conversation.pause(every):
            conversation.send(piece)

    return run


def flood(start: bytes, piece: bytes, times: int | None = None) -> Script:
    """``start``, then ``piece`` as fast as it is taken, so many times or without end."""

    def run(conversation: Conversation) -> None:
        conversation.send(start)
        for _ in itertools.count() if times is None else range(times):
            if conversation.listener.closing.is_set():
                return
            conversation.send(piece)

    return run


def then_reset(data: bytes = b"", after: float = 0.0) -> Script:
    """``data``, then RST."""

    def run(conversation: Conversation) -> None:
        if data:
            conversation.send(data)
        conversation.pause(after)
        conversation.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return run


def then_hang(data: bytes) -> Script:
    """``data``, then silence on the open connection."""

    def run(conversation: Conversation) -> None:
        conversation.send(data)
        hang(conversation)

    return run


def then_linger(data: bytes) -> Script:
    """``data``, then the end of our side alone, until the other side closes too."""

    def run(conversation: Conversation) -> None:
        conversation.send(data)
        socket.socket.shutdown(conversation.sock, socket.SHUT_WR)
        conversation.pause(1)

    return run
