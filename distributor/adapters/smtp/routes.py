"""How the relays stand: whether one may be tried, where it is, how much it takes."""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Sequence

from distributor.adapters.smtp.answers import STOPPING
from distributor.adapters.smtp.parcels import Relay
from distributor.errors import DeliveryError, Unavailable

Address = tuple[socket.AddressFamily, tuple[str, int]]

_FAILURES = 5
_WITHIN = 60.0
_PAUSE = 60.0
_HOLD = 10.0
_ADDRESSES_LAST = 60.0


class Breaker:
    """Opens after 5 failures within 60 s with no success between them.

    Once every 60 s it then lets one try through, until one succeeds. Instants are seconds of one
    monotonic clock.
    """

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=_FAILURES)
        self._open = False
        self._until = 0.0

    @property
    def troubled(self) -> bool:
        """Whether something failed and nothing has succeeded since."""
        return bool(self._failures)

    def allows(self, now: float) -> bool:
        return not self._open or now >= self._until

    def trying(self, now: float) -> None:
        """A try begins; while the breaker is open no second one may."""
        self._until = now + _PAUSE

    def failed(self, now: float) -> None:
        self._failures.append(now)
        if len(self._failures) == _FAILURES and now - self._failures[0] <= _WITHIN:
            self._open = True
        self._until = now + _PAUSE

    def succeeded(self) -> None:
        self._failures.clear()
        self._open = False


class Route:
    """One relay and what is known of it.

    A failure to connect holds further connections back for 10 s, so that nobody waits long for a
    relay that is down, and one that admits few is not asked for more all the time. A reason in
    ``STOPPING`` ends the use of the relay for good: a new sender with other settings is needed.
    """

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.breaker = Breaker()
        self.connections = 0
        self.stopped = False
        self.error: DeliveryError | None = None
        self.messages_limit: int | None = None
        self.context = None if relay.security == "none" else _context(relay)
        self._held_until = 0.0
        self._closed_after = 0
        self._addresses: list[Address] = []
        self._addresses_until = 0.0

    def usable(self, now: float) -> bool:
        return not self.stopped and self.breaker.allows(now)

    def held(self, now: float) -> bool:
        return now < self._held_until

    def stop(self, error: DeliveryError) -> None:
        """Nothing more is to be tried here."""
        self.error, self.stopped = error, True

    def failed(self, error: DeliveryError, now: float, *, connecting: bool) -> None:
        """``error`` is about the relay; ``connecting`` says that it was not yet ready for mail."""
        if not self.stopped:
            self.error, self.stopped = error, error.reason in STOPPING
        self.breaker.failed(now)
        if connecting:
            self._held_until = now + _HOLD

    def closed_after(self, messages: int) -> None:
        """The relay closed, in order, after so many. Twice the same number is taken for a rule."""
        if messages == self._closed_after:
            self.messages_limit = messages
        self._closed_after = messages

    def addresses(self, now: float) -> list[Address]:
        """Where to connect, the best first; looked up at most once a minute.

        Raises:
            Unavailable: the name has no address.
        """
        if now >= self._addresses_until:
            try:
                found = socket.getaddrinfo(
                    self.relay.host, self.relay.port, type=socket.SOCK_STREAM
                )
            except OSError as error:
                if not self._addresses:
                    said = f"{self.relay.host}: {error}"
                    raise Unavailable("no-connection", said, about="relay") from error
            else:
                self._addresses = [(one[0], (str(one[4][0]), int(one[4][1]))) for one in found]
            self._addresses_until = now + _ADDRESSES_LAST
        return list(self._addresses)

    def prefer(self, address: Address) -> None:
        if address in self._addresses:
            self._addresses.remove(address)
            self._addresses.insert(0, address)


def choose(routes: Sequence[Route], now: float) -> Route | None:
    """Where to make one more connection: the first relay that stands well.

    None if there is none, or if the one to be used serves already and takes no more for now.
    """
    for route in routes:
        if not route.usable(now):
            continue
        held = route.held(now)
        if (held or route.breaker.troubled) and route.connections:
            return None
        if not held:
            return route
    return None


def _context(relay: Relay) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=relay.ca_file)
    except OSError as error:
        raise ValueError(
            f"SMTP relay {relay.host}: cannot read {relay.ca_file}: {error}"
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
