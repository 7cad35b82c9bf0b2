"""A mail server on loopback that does as it is told, and a sink that only counts.

In a test::

    with Listener(answer=refusing(0.1, b"451 4.3.0 later")) as listener:
        ...  # send to 127.0.0.1, listener.port
        listener.mails, listener.sessions

As a process, which prints ``{"port": N}`` at once and its counts when SIGTERM ends it::

    python -m tests.listeners.smtp --count [--port 0] [--delay 0.02] [--no-pipelining]
    python -m tests.listeners.smtp --record FILE [--refuse 0.01] [--drop 0.001] [--port 0] ...
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import signal
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.listeners.smtp_sink import Sink

CLOSE = b""
"""Among the lines to say: close the connection now."""

Answer = Callable[["Session", bytes], Sequence[bytes] | None]
"""What to say, as lines without CRLF: to the connection itself (``b""``), to a command line, to the
final dot (``b"."``). None leaves it to the listener, an empty sequence says nothing."""

EXTENSIONS = ("PIPELINING", "SIZE 33554432", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(rb"<([^>]*)>")
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_REPLIES = {
    b"": b"220 listener.example ESMTP",
    b"HELO": b"250 listener.example",
    b"STARTTLS": b"220 2.0.0 go ahead",
    b"MAIL": b"250 2.1.0 ok",
    b"RCPT": b"250 2.1.5 ok",
    b"DATA": b"354 go on",
    b"RSET": b"250 2.0.0 ok",
    b"QUIT": b"221 2.0.0 bye",
    b".": b"250 2.0.0 taken",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One message taken over; ``message`` is without dot-stuffing and final dot."""

    sender: str
    recipient: str
    message_id: str
    message: bytes
    session: int


class Listener:
    """Takes mail on 127.0.0.1, one thread a connection, until the ``with`` block ends.

    ``answer`` puts other words into its mouth; ``context`` is for TLS, from the first octet on if
    ``implicit``; ``users`` are the passwords of those who may, and then must, log in; ``delay`` is
    waited before each group of replies, in seconds, and they go ``chunk`` octets at a time;
    ``record`` is a file that gets a line ``RECIPIENT MESSAGE-ID`` for each message taken over;
    with ``keep`` false, of a message no more is kept than whose it is.
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
        chunk: int = 65_536,
        record: Path | None = None,
        keep: bool = True,
        port: int = 0,
    ) -> None:
        self.mails: list[Mail] = []
        self.sessions: list[Session] = []
        self.answer, self.extensions = answer, tuple(extensions)
        self.context, self.implicit, self.users = context, implicit, users or {}
        self.delay, self.chunk, self.keep = delay, chunk, keep
        self.lock = threading.Lock()
        self.record = record.open("a", buffering=1, encoding="utf-8") if record else None
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
        for session in self.sessions:
            session.hang_up()
        if self.record:
            self.record.close()

    @property
    def copies(self) -> Counter[str]:
        """How many messages each recipient got."""
        return Counter(mail.recipient for mail in self.mails)

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return sum(not session.ended for session in self.sessions)

    @property
    def heard(self) -> list[bytes]:
        """All command lines, session by session."""
        return [line for session in self.sessions for line in session.heard]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session = Session(self, len(self.sessions), connection)
                self.sessions.append(session)
                threading.Thread(target=session.run, daemon=True).start()


class Session:
    """One connection.

    ``heard`` are the command lines; ``turns`` counts how often the client waited for an answer;
    ``taken`` counts messages; ``message`` is the last one; ``octets`` is all that was received.
    """

    def __init__(self, listener: Listener, number: int, connection: socket.socket) -> None:
        self.number = number
        self.tls = False
        self.user = ""
        self.heard: list[bytes] = []
        self.turns = self.taken = self.octets = 0
        self.sender = ""
        self.recipients: list[str] = []
        self.message = b""
        self.ended = False
        self._listener, self._connection = listener, connection
        self._rest, self._seen, self._mailed = bytearray(), 0, False
        self._expects = "command"

    def run(self) -> None:
        """Serves the connection to its end."""
        with suppress(OSError, EOFError):
            if self._listener.implicit:
                self._secure()
            self._say(self._hear(b""))
            while data := self._connection.recv(262_144):
                self.octets += len(data)
                self._rest += data
                said: list[bytes] = []
                while self._expects != "nothing" and (part := self._next()) is not None:
                    said += self._hear(part)
                    if CLOSE in said:
                        break
                self._say(said)
                if self._expects == "nothing":
                    self._rest.clear()
                    self._expects = "command"
                    self._secure()
        self.ended = True
        self.hang_up()

    def hang_up(self) -> None:
        """Ends the connection, with what was said before still to be read."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def take(self) -> None:
        """Keeps the message: done by itself where the answer to the final dot is 2yz."""
        found = _MESSAGE_ID.search(self.message)
        message_id = found[1].decode() if found else ""
        self.taken += 1
        for recipient in self.recipients:
            message = self.message if self._listener.keep else b""
            mail = Mail(self.sender, recipient, message_id, message, self.number)
            with self._listener.lock:
                self._listener.mails.append(mail)
                if self._listener.record:
                    self._listener.record.write(f"{recipient} {message_id}\n")

    def _next(self) -> bytes | None:
        """The next command line or the whole message, if it is there."""
        if self._expects == "message":
            at = self._rest.find(b"\r\n.\r\n", max(0, self._seen - 4))
            at = 0 if self._rest.startswith(b".\r\n") else at + 2 if at >= 0 else at
            length = 3
        else:
            at, length = self._rest.find(b"\r\n"), 2
        self._seen = len(self._rest) if at < 0 else 0
        if at < 0:
            return None
        part = bytes(self._rest[:at])
        del self._rest[: at + length]
        return part

    def _hear(self, part: bytes) -> list[bytes]:
        if self._expects == "message":
            self.message, part = _LEADING_DOT.sub(b"", part), b"."
            self._expects = "command"
        elif self._expects == "login":
            return self._log_in(part)
        elif part:
            self.heard.append(part)
        said = self._listener.answer(self, part)
        said = list(self._usual(part) if said is None else said)
        good = bool(said) and said[-1][:1] in (b"2", b"3")
        self._follow(part, good, said)
        return said

    def _usual(self, part: bytes) -> list[bytes]:
        listener, verb = self._listener, part.split(b" ")[0].upper()
        if verb == b"EHLO":
            lines = ["listener.example", *listener.extensions]
            lines += ["STARTTLS"] if listener.context and not self.tls else []
            lines += ["AUTH PLAIN LOGIN"] if listener.users else []
            return [f"250-{line}".encode() for line in lines[:-1]] + [f"250 {lines[-1]}".encode()]
        if verb == b"AUTH":
            return self._log_in(part)
        if verb == b"STARTTLS" and (self.tls or not listener.context):
            return [b"502 5.5.1 not offered"]
        if verb == b"MAIL" and listener.users and not self.user:
            return [b"530 5.7.0 authentication required"]
        if verb == b"RCPT" and not self._mailed:
            return [b"503 5.5.1 MAIL first"]
        if verb == b"DATA" and not self.recipients:
            return [b"554 5.5.1 no valid recipients"]
        return [_REPLIES.get(verb, b"500 5.5.2 unknown command")]

    def _follow(self, part: bytes, good: bool, said: list[bytes]) -> None:
        """What a command changes if it was answered well."""
        verb, path = part[:4].upper(), _PATH.search(part)
        if verb == b".":
            if good:
                self.take()
            self.sender, self.recipients, self._mailed = "", [], False
        elif verb in (b"MAIL", b"RSET", b"EHLO", b"HELO") and good:
            self.sender, self.recipients = path[1].decode() if path else "", []
            self._mailed = verb == b"MAIL"
        elif verb == b"RCPT" and good and path:
            self.recipients.append(path[1].decode())
        elif verb == b"DATA" and said and said[-1][:3] == b"354":
            self._expects = "message"
        elif verb == b"STAR" and good:
            self._expects = "nothing"
        elif verb == b"QUIT":
            said.append(CLOSE)

    def _log_in(self, part: bytes) -> list[bytes]:
        """AUTH PLAIN in one line, AUTH LOGIN in three."""
        if part[:10].upper() == b"AUTH LOGIN":
            self._expects = "login"
            return [b"334 VXNlcm5hbWU6"]
        self._expects = "command"
        words = base64.b64decode(part.split(b" ")[-1]).decode()
        if words.startswith("\0"):
            _, user, password = words.split("\0")
        elif not self.sender:
            self.sender, self._expects = words, "login"
            return [b"334 UGFzc3dvcmQ6"]
        else:
            user, password, self.sender = self.sender, words, ""
        if self._listener.users.get(user) != password:
            return [b"535 5.7.8 wrong"]
        self.user = user
        return [b"235 2.7.0 welcome"]

    def _say(self, said: list[bytes]) -> None:
        if said:
            self.turns += 1
            time.sleep(self._listener.delay)
            replies = b"".join(line + b"\r\n" for line in said if line)
            for start in range(0, len(replies), self._listener.chunk):
                self._connection.sendall(replies[start : start + self._listener.chunk])
        if CLOSE in said:
            raise EOFError

    def _secure(self) -> None:
        assert self._listener.context is not None
        self._connection = self._listener.context.wrap_socket(self._connection, server_side=True)
        self.tls = True


def refusing(share: float, reply: bytes, *, at: bytes = b"RCPT", seed: int = 1) -> Answer:
    """Answers ``reply`` to that share of the commands (or final dots) that begin with ``at``."""
    chance = random.Random(seed)
    return lambda session, heard: (
        [reply] if heard.startswith(at) and chance.random() < share else None
    )


def dropping(share: float, *, taken: bool, seed: int = 1) -> Answer:
    """Closes instead of answering that share of final dots, the message ``taken`` over or not."""
    chance = random.Random(seed)

    def answer(session: Session, heard: bytes) -> Sequence[bytes] | None:
        if heard != b"." or chance.random() >= share:
            return None
        if taken:
            session.take()
        return [CLOSE]

    return answer


def together(*answers: Answer) -> Answer:
    """The first of ``answers`` that has something to say."""

    def answer(session: Session, heard: bytes) -> Sequence[bytes] | None:
        for one in answers:
            said = one(session, heard)
            if said is not None:
                return said
        return None

    return answer


def main() -> None:
    """Runs the sink, or a listener, until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.listeners.smtp")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--count", action="store_true", help="only count, as fast as possible")
    parser.add_argument("--record", type=Path, help="a file for recipients and Message-IDs")
    parser.add_argument("--refuse", type=float, default=0.0, help="share of RCPT answered 451")
    parser.add_argument("--drop", type=float, default=0.0, help="share of dots never answered")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--no-pipelining", dest="pipelining", action="store_false")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(SystemExit, KeyboardInterrupt):
        if options.count:
            sink = Sink(options.port, delay=options.delay, pipelining=options.pipelining)
            _tell(port=sink.port)
            sink.run()
        extensions = EXTENSIONS if options.pipelining else EXTENSIONS[1:]
        refuse = refusing(options.refuse, b"451 4.3.0 later")
        listener = Listener(
            answer=together(refuse, dropping(options.drop, taken=True)),
            extensions=extensions,
            delay=options.delay,
            record=options.record,
            port=options.port,
        )
        with listener:
            _tell(port=listener.port)
            signal.pause()
    if options.count:
        _tell(messages=sink.messages, connections=sink.connections, turns=sink.turns)
    else:
        turns = sum(session.turns for session in listener.sessions)
        _tell(messages=len(listener.mails), connections=len(listener.sessions), turns=turns)


def _tell(**values: Any) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main()
