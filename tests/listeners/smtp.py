"""A mail server on loopback that does as it is told, and a sink that only counts.

In a test::

    with Listener(answer=refusing(0.1, b"451 4.3.0 later\\r\\n")) as listener:
        ...  # send to 127.0.0.1, listener.port
        listener.mails, listener.sessions

As a process, which prints ``{"port": N}`` at once and its counts when it is ended by SIGTERM::

    python -m tests.listeners.smtp --port 0 --count [--delay 0.02] [--no-pipelining]
    python -m tests.listeners.smtp --port 0 --record FILE [--refuse 0.01] [--drop 0.001] ...
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import resource
import selectors
import signal
import socket
import ssl
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

CLOSE: Final = None
"""Among the things to say: close the connection."""

Says = Sequence[bytes | None]
Answer = Callable[["Session", bytes], Says | None]
"""Asked about each command line, ``b""`` for the connection itself, and ``b"."`` for the final dot.

None leaves it to the listener; an empty sequence says nothing.
"""

EXTENSIONS = ("PIPELINING", "SIZE 33554432", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(rb"<([^>]*)>")


@dataclass(frozen=True, slots=True)
class Mail:
    """One message taken over; ``message`` is without dot-stuffing and final dot."""

    sender: str
    recipient: str
    message_id: str
    message: bytes
    session: int


@dataclass
class Session:
    """One connection: what was heard on it, how often the client waited, what came of it."""

    number: int
    tls: bool = False
    user: str = ""
    heard: list[bytes] = field(default_factory=list)
    turns: int = 0
    taken: int = 0
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    message: bytes = b""
    octets: int = 0
    ended: bool = False


class Listener:
    """Takes mail on 127.0.0.1 with one thread a connection, until the ``with`` block ends.

    ``answer`` may put other words into its mouth; ``context`` is for TLS, from the first octet if
    ``implicit``; ``users`` are the passwords of those who may (and then must) log in; ``delay`` is
    waited before each group of replies, in seconds; ``keep`` false drops the messages' text.
    """

    def __init__(
        self,
        *,
        answer: Answer = lambda session, heard: None,
        extensions: Iterable[str] = EXTENSIONS,
        context: ssl.SSLContext | None = None,
        implicit: bool = False,
        users: dict[str, str] | None = None,
        delay: float = 0.0,
        keep: bool = True,
        record: Path | None = None,
        port: int = 0,
    ) -> None:
        self.mails: list[Mail] = []
        self.sessions: list[Session] = []
        self._answer = answer
        self._extensions = tuple(extensions)
        self._context, self._implicit = context, implicit
        self._users = users or {}
        self._delay, self._keep = delay, keep
        self._record = record.open("a", buffering=1) if record else None
        self._sockets: dict[int, socket.socket] = {}
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._server.close()
        with self._lock:
            for connection in self._sockets.values():
                _shut(connection)
        if self._record:
            self._record.close()

    @property
    def copies(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(mail.recipient for mail in self.mails)

    @property
    def heard(self) -> list[bytes]:
        """All command lines, session by session."""
        return [line for session in self.sessions for line in session.heard]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                session = Session(len(self.sessions))
                self.sessions.append(session)
                self._sockets[session.number] = connection
            threading.Thread(target=self._run, args=(session, connection), daemon=True).start()

    def _run(self, session: Session, connection: socket.socket) -> None:
        talk = _Talk(self, session, connection)
        try:
            talk.run()
        except (OSError, EOFError):
            pass
        finally:
            session.ended = True
            with self._lock:
                self._sockets.pop(session.number, None)
            talk.connection.close()

    def reply(self, session: Session, line: bytes) -> Says:
        """What is said to ``line`` if nothing else is wanted."""
        said = self._answer(session, line)
        if said is not None:
            return said
        verb = line.split(b" ")[0].rstrip(b":").upper()
        needs_login = bool(self._users) and not session.user
        if verb == b"":
            return [b"220 listener.example ESMTP\r\n"]
        if verb == b"EHLO":
            return [self._hello(session)]
        if verb == b"STARTTLS" and self._context and not session.tls:
            return [b"220 2.0.0 go ahead\r\n"]
        if verb == b"MAIL" and needs_login:
            return [b"530 5.7.0 authentication required\r\n"]
        if verb == b"DATA" and not session.recipients:
            return [b"554 5.5.1 no valid recipients\r\n"]
        if verb == b".":
            return [b"250 2.0.0 taken as %d\r\n" % len(self.mails)]
        return [_REPLIES.get(verb, b"500 5.5.2 what?\r\n")]

    def log_in(self, session: Session, mechanism: bytes, secret: bytes) -> bytes:
        user, _, password = base64.b64decode(secret).strip(b"\0").decode().partition("\0")
        if self._users.get(user) != password:
            return b"535 5.7.8 no\r\n"
        session.user = user
        return b"235 2.7.0 welcome\r\n"

    def take(self, session: Session) -> None:
        found = _MESSAGE_ID.search(session.message)
        message_id = found[1].decode() if found else ""
        session.taken += 1
        for recipient in session.recipients:
            message = session.message if self._keep else b""
            mail = Mail(session.sender, recipient, message_id, message, session.number)
            with self._lock:
                self.mails.append(mail)
                if self._record:
                    self._record.write(f"{recipient} {message_id}\n")

    def pause(self) -> None:
        if self._delay:
            time.sleep(self._delay)

    def secure(self, connection: socket.socket) -> socket.socket:
        assert self._context is not None
        return self._context.wrap_socket(connection, server_side=True)

    @property
    def speaks_tls_first(self) -> bool:
        return self._implicit

    def _hello(self, session: Session) -> bytes:
        lines = ["listener.example", *self._extensions]
        if self._context and not session.tls:
            lines.append("STARTTLS")
        if self._users:
            lines.append("AUTH PLAIN LOGIN")
        marks = ["-"] * (len(lines) - 1) + [" "]
        both = zip(marks, lines, strict=True)
        return "".join(f"250{mark}{line}\r\n" for mark, line in both).encode()


_REPLIES = {
    b"HELO": b"250 listener.example\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}


class _Talk:
    """The server's side of one session."""

    def __init__(self, listener: Listener, session: Session, connection: socket.socket) -> None:
        self.connection = connection
        self._listener, self._session = listener, session
        self._rest = b""
        self._in_data = False

    def run(self) -> None:
        if self._listener.speaks_tls_first:
            self._secure()
        self._say(self._listener.reply(self._session, b""))
        while True:
            data = self.connection.recv(262_144)
            if not data:
                return
            self._session.octets += len(data)
            self._rest += data
            said: list[bytes | None] = []
            while (part := self._next()) is not None:
                said += self._hear(part)
                if CLOSE in said:
                    break
                if part.upper() == b"STARTTLS" and said[-1:] and said[-1][:3] == b"220":  # type: ignore[index]
                    self._say(said)
                    said = []
                    self._rest = b""
                    self._secure()
            self._say(said)

    def _next(self) -> bytes | None:
        end = b"\r\n.\r\n" if self._in_data else b"\r\n"
        if self._in_data and self._rest.startswith(b".\r\n"):
            self._rest = self._rest[3:]
            return b""
        part, found, rest = self._rest.partition(end)
        if not found:
            return None
        self._rest = rest
        return part + b"\r\n" if self._in_data else part

    def _hear(self, part: bytes) -> list[bytes | None]:
        session, listener = self._session, self._listener
        if self._in_data:
            self._in_data = False
            session.message = re.sub(rb"(?m)^\.", b"", part)
            said = list(listener.reply(session, b"."))
            if said and said[0] is not None and said[0][:1] == b"2":
                listener.take(session)
            session.sender, session.recipients = "", []
            return said
        session.heard.append(part)
        verb = part[:4].upper()
        if verb == b"AUTH":
            return [self._log_in(part)]
        if verb in (b"MAIL", b"RSET", b"EHLO", b"HELO"):
            session.sender, session.recipients = "", []
        said = list(listener.reply(session, part))
        good = bool(said) and said[-1] is not None and said[-1][:1] in b"23"
        path = _PATH.search(part)
        if good and path and verb == b"MAIL":
            session.sender = path[1].decode()
        elif good and path and verb == b"RCPT":
            session.recipients.append(path[1].decode())
        elif verb == b"DATA" and good and said[-1][:3] == b"354":  # type: ignore[index]
            self._in_data = True
        elif verb == b"QUIT":
            said.append(CLOSE)
        return said

    def _log_in(self, part: bytes) -> bytes:
        _, mechanism, *secret = part.split(b" ")
        said = self._listener.reply(self._session, part) if not self._listener._users else None
        if said:
            return said[0] or b""
        if mechanism.upper() == b"PLAIN":
            return self._listener.log_in(self._session, mechanism, secret[0])
        words = []
        for ask in (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"):
            self.connection.sendall(ask)
            words.append(base64.b64decode(self.connection.recv(4096).strip()))
        return self._listener.log_in(self._session, mechanism, base64.b64encode(b"\0".join(words)))

    def _say(self, said: Says) -> None:
        if said:
            self._session.turns += 1
            self._listener.pause()
        self.connection.sendall(b"".join(part for part in said if part is not None))
        if CLOSE in said:
            _shut(self.connection)
            raise EOFError

    def _secure(self) -> None:
        self.connection = self._listener.secure(self.connection)
        self._session.tls = True
