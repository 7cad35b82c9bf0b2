"""Mail transactions with a server that is ready for them: octets in, octets out, no socket."""

from __future__ import annotations

import re
from typing import Final, Literal

from distributor.adapters.smtp.answers import Step, enhanced_code, meaning
from distributor.adapters.smtp.opening import Capabilities
from distributor.adapters.smtp.parcels import Parcel, Result
from distributor.adapters.smtp.replies import Replies, Reply
from distributor.adapters.smtp.stuffing import Stuffing
from distributor.errors import DeliveryError, Refused, Unavailable

State = Literal["ready", "asked", "go", "over"]
READY: Final = "ready"
"""No transaction is open; :meth:`Dialogue.ask` may begin one."""
ASKED: Final = "asked"
"""Replies are awaited."""
GO: Final = "go"
"""The server waits for the message; :meth:`Dialogue.go` hands it over."""
OVER: Final = "over"
"""The connection must be closed; ``error`` says why."""

_ENVELOPE: Final = ("mail", "rcpt", "data")
_AFTER_RESET: Final = ("rset", *_ENVELOPE)
_OVERLAPPED: Final = ("end", *_ENVELOPE)
_GROUP = re.compile(
    rb"(2\d\d(?: [^\r\n]*)?)\r\n"
    rb"2\d\d(?: [^\r\n]*)?\r\n2\d\d(?: [^\r\n]*)?\r\n354(?: [^\r\n]*)?\r\n"
)
_MOST_ADDRESS: Final = 254


class Dialogue:
    """One transaction after the other, each for one parcel.

    With PIPELINING (RFC 2920) a message and the envelope of the one after it leave in one piece,
    so that a message costs one round trip; without it every command waits for its reply.
    ``offered`` is the parcel laid ready, with its octets, ``asked`` the one whose envelope the
    server has, ``sent`` the one whose message it has and has not answered for. ``results``
    collects what becomes known; the caller empties it.
    """

    __slots__ = (
        "_again",
        "_at",
        "_commands",
        "_mailed",
        "_message",
        "_parameters",
        "_refusal",
        "_replies",
        "_reset",
        "_steps",
        "_stuffing",
        "_welcome",
        "asked",
        "capabilities",
        "error",
        "offered",
        "results",
        "sent",
        "served",
        "state",
        "tail",
    )

    def __init__(self, capabilities: Capabilities, stuffing: Stuffing) -> None:
        self.capabilities = capabilities
        self.state: State = READY
        self.asked: Parcel | None = None
        self.sent: Parcel | None = None
        self.results: list[Result] = []
        self.error: DeliveryError | None = None
        self.served = 0
        self.tail = 0
        self._stuffing = stuffing
        self._replies = Replies()
        self._steps: tuple[str, ...] = ()
        self._at = 0
        self._commands: tuple[bytes, ...] = ()
        self.offered: tuple[Parcel, bytes] | None = None
        self._message = b""
        self._refusal: DeliveryError | None = None
        self._mailed = False
        self._welcome = False
        self._again = False
        self._reset = False
        self._parameters = True

    def offer(self, parcel: Parcel) -> None:
        """Lays ``parcel`` ready for the next :meth:`ask` or :meth:`go`.

        Raises:
            Refused: it can never go to this server; nothing has changed.
        """
        addresses = parcel.sender + parcel.recipient + parcel.envid
        if (
            not addresses.isprintable()
            or " " in addresses
            or "<" in addresses
            or ">" in addresses
            or not 0 < len(parcel.recipient) <= _MOST_ADDRESS >= len(parcel.sender)
        ):
            raise Refused("bad-address", about="ours")
        capabilities = self.capabilities
        if not addresses.isascii() and not capabilities.smtputf8:
            raise Refused("no-smtputf8", "the relay does not offer SMTPUTF8", about="ours")
        if 0 < capabilities.size < len(parcel.message):
            said = f"{len(parcel.message)} octets; the relay takes {capabilities.size}"
            raise Refused("too-large", said, about="message")
        message = parcel.message if parcel.clean else self._stuffing.ready(parcel.message)
        self.offered = parcel, message

    def ask(self) -> bytes:
        """In READY: begins a transaction for the parcel on offer; returns what to send."""
        assert self.state is READY
        assert self.offered is not None
        self.asked, self._message = self.offered
        self.offered = None
        return self._begin(self.asked)

    def go(self) -> tuple[bytes, bytes]:
        """In GO: the message; its final dot and the envelope of a parcel on offer."""
        assert self.state is GO
        self.sent, self.state, self._at = self.asked, ASKED, 0
        message = self._message
        if self.offered is None:
            self.asked, self._message, self._steps, self.tail = None, b"", ("end",), 0
            return message, b".\r\n"
        assert self.capabilities.pipelining
        parcel, self._message = self.offered
        self.asked, self.offered = parcel, None
        self._steps, self._refusal = _OVERLAPPED, None
        self._mailed = self._welcome = False
        envelope = b"".join(self._envelope(parcel))
        self.tail = len(envelope)
        return message, b".\r\n" + envelope

    def receive(self, data: bytes, *, early: bool = False) -> bytes:
        """Takes what the server said; returns what to send at once, and sets ``state``.

        ``early`` says that the final dot has not left yet, so that no reply can be one to it.
        """
        if self._steps is _OVERLAPPED and self._at == 0 and not early:
            group = _GROUP.fullmatch(data)
            sent = self.sent
            if group is not None and sent is not None and not self._replies.incomplete:
                self.results.append(Result(sent.key, None, group[1].decode("utf-8", "replace")))
                self.sent = None
                self.served += 1
                self.state = GO
                return b""
        out = b""
        try:
            for reply in self._replies.feed(data):
                out = self._unexpected(reply) if out else self._take(reply, early)
                if self.state is OVER:
                    return b""
        except Unavailable as error:
            self.lose(error)
            return b""
        if (out or self.state is GO) and self._replies.incomplete:
            # Whatever it is, it would be taken for the answer to what has not left yet.
            self.lose(Unavailable("unexpected-reply", about="relay"))
            return b""
        return out

    def take_back(self) -> list[Parcel]:
        """Parcels behind the one that was sent: asked for or on offer, no octet of them has left.

        Nothing more may be begun here then.
        """
        behind = [self.asked, self.offered[0] if self.offered else None]
        self.asked, self.offered = None, None
        return [parcel for parcel in behind if parcel is not None]

    def lose(self, error: DeliveryError) -> None:
        """The connection is gone or must go. A refusal that was already heard stands."""
        self.state, self.error = OVER, error
        self._settle_refusal()

    def _take(self, reply: Reply, early: bool) -> bytes:
        if self.state is not ASKED or self._at >= len(self._steps):
            return self._unexpected(reply)
        step = self._steps[self._at]
        self._at += 1
        if step == "end":
            return self._answered(reply, early)
        if reply.code == 421:
            return self._closing(reply, step)
        if step == "void":
            return self._finish(reset=False)
        if step == "data":
            return self._invited(reply)
        if 300 <= reply.code <= 399 or (step == "rset" and reply.code >= 400):
            return self._unexpected(reply)
        if reply.code >= 400:
            self._refuse(reply, step)
            return b"" if self.capabilities.pipelining else self._finish(reset=self._mailed)
        self._mailed = self._mailed or step == "mail"
        self._welcome = step == "rcpt"
        return b"" if self.capabilities.pipelining else self._commands[self._at]

    def _answered(self, reply: Reply, early: bool) -> bytes:
        """The reply to the final dot."""
        sent = self.sent
        assert sent is not None
        if reply.code < 400 and (early or reply.code >= 300):
            return self._unexpected(reply)
        self.sent = None
        self.served += 1
        error = None if reply.code < 400 else _meaning(reply, "end")
        self.results.append(Result(sent.key, error, str(reply)))
        if reply.code == 421 or early:
            self.lose(Unavailable("closing", str(reply), about="relay"))
        elif len(self._steps) == 1:
            self.state = READY
        return b""

    def _invited(self, reply: Reply) -> bytes:
        """The reply to ``DATA``."""
        if reply.code >= 400:
            self._refuse(reply, "data")
            return self._finish(reset=self._mailed)
        if reply.code != 354 or (self._refusal is not None and self._welcome):
            # A lone dot would now hand the recipient an empty message.
            return self._unexpected(reply)
        if self._refusal is None:
            self.state = GO
            return b""
        self._steps, self._at = ("void",), 0
        self._settle_refusal()
        return b".\r\n"

    def _begin(self, parcel: Parcel) -> bytes:
        self.state, self._at, self._refusal, self._mailed = ASKED, 0, None, False
        self._welcome = False
        self._steps, self._commands = _ENVELOPE, self._envelope(parcel)
        if self._reset:
            self._steps, self._commands = _AFTER_RESET, (b"RSET\r\n", *self._commands)
            self._reset = False
        return b"".join(self._commands) if self.capabilities.pipelining else self._commands[0]

    def _envelope(self, parcel: Parcel) -> tuple[bytes, bytes, bytes]:
        capabilities = self.capabilities
        mail, rcpt = f"MAIL FROM:<{parcel.sender}>", f"RCPT TO:<{parcel.recipient}>"
        if self._parameters:
            if capabilities.size:
                mail += f" SIZE={len(parcel.message)}"
            if capabilities.dsn and parcel.envid:
                mail += f" RET=HDRS ENVID={parcel.envid}"
                rcpt += " NOTIFY=FAILURE"
        if not (mail.isascii() and rcpt.isascii()):
            mail += " SMTPUTF8 BODY=8BITMIME" if capabilities.eightbit else " SMTPUTF8"
        return f"{mail}\r\n".encode(), f"{rcpt}\r\n".encode(), b"DATA\r\n"

    def _refuse(self, reply: Reply, step: str) -> None:
        """The first refusal in a transaction counts; those after it only follow from it."""
        if self._refusal is None:
            self._refusal = _meaning(reply, step)
            self._again = reply.code == 555 and self._parameters

    def _finish(self, *, reset: bool) -> bytes:
        """After a refusal. 555 (RFC 5321 §4.1.1.11) has the same parcel asked for once more."""
        self.state, self._reset = READY, reset
        self._settle_refusal()
        if self.asked is None:
            return b""
        self._again = self._parameters = False
        return self._begin(self.asked)

    def _settle_refusal(self) -> None:
        if self.asked is not None and self._refusal is not None and not self._again:
            self.results.append(Result(self.asked.key, self._refusal, self._refusal.reply))
            self.asked, self._refusal = None, None
            self.served += 1

    def _closing(self, reply: Reply, step: str) -> bytes:
        if self.asked is not None and self._refusal is None:
            error = _meaning(reply, step)
            self._refusal = None if error.about == "relay" else error
        self.lose(Unavailable("closing", str(reply), about="relay"))
        return b""

    def _unexpected(self, reply: Reply) -> bytes:
        reason = "closing" if reply.code == 421 else "unexpected-reply"
        self.lose(Unavailable(reason, str(reply), about="relay"))
        return b""


def _meaning(reply: Reply, step: str) -> DeliveryError:
    at: Step = "end" if step == "end" else "rcpt" if step == "rcpt" else "data"
    if step not in ("end", "rcpt", "data"):
        at = "mail"
    return meaning(reply.code, enhanced_code(reply.text), reply.text, at)
