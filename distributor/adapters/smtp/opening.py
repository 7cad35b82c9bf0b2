"""The first part of a dialogue: greeting, EHLO, STARTTLS, AUTH. No socket is touched here."""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterable
from dataclasses import dataclass

from distributor.adapters.smtp.answers import Step, enhanced_code, meaning
from distributor.adapters.smtp.parcels import Relay
from distributor.adapters.smtp.replies import Replies, Reply
from distributor.errors import DeliveryError, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a server offers after EHLO; ``size`` is its limit in octets, 0 for none stated."""

    pipelining: bool = False
    size: int = 0
    eightbit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    starttls: bool = False
    auth: frozenset[str] = frozenset()

    @classmethod
    def read(cls, lines: Iterable[str]) -> Capabilities:
        """The extensions named in ``lines``, the lines of an EHLO reply after the first."""
        offered: dict[str, list[str]] = {}
        for line in lines:
            # Old servers write "AUTH=LOGIN".
            keyword, *values = line.upper().replace("=", " ").split() or [""]
            offered.setdefault(keyword, []).extend(values)
        size = offered.get("SIZE", [])
        return cls(
            pipelining="PIPELINING" in offered,
            size=int(size[0]) if size and size[0].isascii() and size[0].isdigit() else 0,
            eightbit="8BITMIME" in offered,
            smtputf8="SMTPUTF8" in offered,
            dsn="DSN" in offered,
            starttls="STARTTLS" in offered,
            auth=frozenset(offered.get("AUTH", ())),
        )


class Opening:
    """Leads from the server's greeting to where mail may begin.

    ``private`` says whether nobody else can hear: inside TLS from the first octet, or loopback.
    When ``wants_tls`` has become true, the caller does the TLS handshake and calls
    :meth:`secured`; when ``capabilities`` is set, the opening is over.
    """

    def __init__(self, relay: Relay, local_hostname: str, *, private: bool) -> None:
        self.wants_tls = False
        self.capabilities: Capabilities | None = None
        self._replies = Replies()
        self._script = _script(relay, local_hostname, private)
        next(self._script)

    def receive(self, data: bytes) -> bytes:
        """Takes what the server said; returns what to say next.

        Raises:
            Unavailable: the opening has failed, and the connection is of no use.
        """
        out = b""
        for reply in self._replies.feed(data):
            if out or self.wants_tls or self.capabilities:
                raise Unavailable("unexpected-reply", str(reply), about="relay")
            out = self._continue(reply)
        if self.wants_tls and self._replies.incomplete:
            raise Unavailable("unexpected-reply", "octets behind STARTTLS", about="relay")
        return out

    def secured(self) -> bytes:
        """Goes on after the TLS handshake that ``wants_tls`` asked for."""
        self.wants_tls = False
        return self._continue(Reply(220, ""))

    def _continue(self, reply: Reply) -> bytes:
        try:
            command = self._script.send(reply)
        except StopIteration as end:
            self.capabilities = end.value
            return b""
        self.wants_tls = command is None
        return command or b""


Script = Generator[bytes | None, Reply, Capabilities]


def _script(relay: Relay, local_hostname: str, private: bool) -> Script:
    """Yields commands, and None where TLS shall begin; is sent the replies."""
    greeting = yield b""
    if greeting.code != 220:
        raise _failure(greeting, "greeting")
    capabilities = yield from _hello(local_hostname)
    if relay.security == "starttls":
        if not capabilities.starttls:
            raise Unavailable("no-starttls", "STARTTLS is not offered", about="relay")
        reply = yield b"STARTTLS\r\n"
        if reply.code >= 500:
            raise Unavailable("no-starttls", str(reply), about="relay")
        if reply.code != 220:
            raise _failure(reply, "ehlo")
        yield None
        capabilities = yield from _hello(local_hostname)
    if relay.username:
        if relay.security == "none" and not private:
            raise Unavailable("authentication", "only inside TLS or to loopback", about="relay")
        yield from _login(relay, capabilities)
    return capabilities


def _hello(local_hostname: str) -> Script:
    reply = yield f"EHLO {local_hostname}\r\n".encode("ascii")
    if reply.code == 250:
        return Capabilities.read(reply.text.split("\n")[1:])
    if reply.code >= 500:
        reply = yield f"HELO {local_hostname}\r\n".encode("ascii")
        if reply.code == 250:
            return Capabilities()
    raise _failure(reply, "ehlo")


def _login(relay: Relay, capabilities: Capabilities) -> Generator[bytes, Reply, None]:
    """RFC 4954, by ``PLAIN`` (RFC 4616), else by the old ``LOGIN``."""
    user, password = relay.username.encode(), relay.password.encode()
    if "PLAIN" in capabilities.auth:
        secret = base64.b64encode(b"\0" + user + b"\0" + password)
        answers = [b"AUTH PLAIN " + secret, secret]
    elif "LOGIN" in capabilities.auth:
        answers = [b"AUTH LOGIN", base64.b64encode(user), base64.b64encode(password)]
    else:
        raise Unavailable("authentication", "neither PLAIN nor LOGIN is offered", about="relay")
    for answer in answers:
        reply = yield answer + b"\r\n"
        if reply.code != 334:
            break
    if reply.code != 235:
        raise _failure(reply, "auth")


def _failure(reply: Reply, at: Step) -> DeliveryError:
    return meaning(reply.code, enhanced_code(reply.text), reply.text, at)
