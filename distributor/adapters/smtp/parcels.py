"""The values that go into the sender and come out of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from distributor.errors import DeliveryError

Security = Literal["starttls", "none", "tls"]


class Parcel(NamedTuple):
    """One message to one recipient.

    ``key`` is the caller's own and comes back in the result. ``sender`` is the return path, empty
    for the null one. ``message`` has CRLF line ends only and no dot-stuffing; ``clean`` says that
    this is proven, the last one included, and that no line begins with a dot, so that it leaves as
    it is. ``envid`` names the message in delivery reports where the relay offers DSN (RFC 3461
    §4.4): 1 to 100 ASCII letters and digits, or empty for no such wish.
    """

    key: int
    sender: str
    recipient: str
    message: bytes
    envid: str = ""
    clean: bool = False


class Result(NamedTuple):
    """What came of the parcel ``key``: ``error`` is None if the relay took it over.

    ``reply`` is the relay's answer word for word, lines joined by LF, or empty without one.
    """

    key: int
    error: DeliveryError | None
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A mail server that takes over messages for anybody.

    ``security`` is ``starttls``, ``tls`` (from the first octet, RFC 8314) or ``none``. ``ca_file``
    is a PEM file of the authorities to trust instead of the system's.

    Raises:
        ValueError: a value is not usable, or the password would cross a network in the clear.
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str | Path | None = None

    def __post_init__(self) -> None:
        if not self.host or not self.host.isprintable() or " " in self.host:
            raise ValueError(f"SMTP host {self.host!r} is not a host name or an IP address")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"SMTP port {self.port} is not between 1 and 65535")
        if self.security not in ("starttls", "none", "tls"):
            raise ValueError(f"SMTP security {self.security!r} is not starttls, tls or none")
        if bool(self.username) != bool(self.password):
            raise ValueError(f"SMTP relay {self.host}: set both username and password, or neither")
        if "\0" in self.username or "\0" in self.password:
            raise ValueError(f"SMTP relay {self.host}: username and password cannot hold NUL")
        if self.password and self.security == "none" and not is_loopback(self.host):
            raise ValueError(
                f"SMTP relay {self.host}: a password is sent in the clear with security none;"
                " use starttls or tls, or remove the password"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds to wait for the other side (RFC 5321 §4.5.3.2).

    ``final`` is for the reply to the final dot; a shorter one doubles mail. ``stop`` is how long
    messages on the wire may take once the sender is told to stop, ``quit`` how long a farewell.
    ``silence`` is after how long a relay that owes answers has fallen silent, if nothing comes on
    any connection to it; a single one that is slow has the others speak for the relay.
    """

    connect: float = 10.0
    command: float = 60.0
    data: float = 180.0
    final: float = 600.0
    stop: float = 8.0
    quit: float = 0.5
    silence: float = 30.0


class Trouble(NamedTuple):
    """What keeps a relay from being used, ``error``, and the seconds until it is asked again.

    ``refused`` says that it does not let us in (log-in, certificate, STARTTLS); otherwise it is
    away, takes nothing from anybody, or has fallen silent. It has been so for ``lasted`` seconds.
    """

    error: DeliveryError
    refused: bool
    wait: float
    lasted: float = 0.0


class Watch(Protocol):
    """Whom a sender tells how its relays stand. It is called between messages, so be quick."""

    def heard(self, relay: Relay, trouble: Trouble | None) -> None:
        """``relay`` is in trouble, or (None) works; each may be said again and again."""

    def may_ask(self, relay: Relay) -> bool:
        """Whether this sender shall find out if a relay that refused it lets it in by now."""
        ...


class Unwatched:
    """Nobody wants to know."""

    def heard(self, relay: Relay, trouble: Trouble | None) -> None:
        """Nothing comes of it."""

    def may_ask(self, relay: Relay) -> bool:
        """There is nobody else who could."""
        return True


def is_loopback(host: str) -> bool:
    """Whether ``host`` is ``localhost`` or an IP address of this machine's loopback."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
