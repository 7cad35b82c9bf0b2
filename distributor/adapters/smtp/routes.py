"""How the relays stand: whether one may be tried, where it is, how much it takes."""

from __future__ import annotations

import socket
import ssl
from collections import deque
from collections.abc import Sequence

from distributor.adapters.smtp.answers import STOPPING
from distributor.adapters.smtp.parcels import Relay, Trouble, Unwatched, Watch
from distributor.errors import DeliveryError, Unavailable

Address = tuple[socket.AddressFamily, tuple[str, int]]

_FAILURES = 5
_WITHIN = 60.0
_PAUSE = 60.0
_HOLD = 10.0
_STOP = 300.0
_ANOTHER_ASKS = 10.0
_ADDRESSES_LAST = 60.0
_UNREACHABLE = frozenset({"no-connection", "timeout"})
SILENT = "silent"
"""The reason where a relay accepts connections and has not said anything any more."""


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

    @property
    def open(self) -> bool:
        """Whether it lets nothing through but one try a minute."""
        return self._open

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
    ``STOPPING`` stops the relay for 5 minutes, longer than the windows in which servers count
    wrong log-ins before they lock an account out; then it is asked with one connection, and so on
    until one that began after the stop has been of use. One that owes answers, and of which
    nothing is heard on any connection, is silent until something of use comes from it. ``watch``
    is told of all that. ``heard_at`` is when anything came last.
    """

    def __init__(self, relay: Relay, watch: Watch | None = None) -> None:
        self.relay = relay
        self.breaker = Breaker()
        self.connections = 0
        self.stopped_at: float | None = None
        self.error: DeliveryError | None = None
        self.messages_limit: int | None = None
        self.silent = False
        self.heard_at = 0.0
        self.context = None if relay.security == "none" else _context(relay)
        self._watch = watch or Unwatched()
        self._owes_since: float | None = None
        self._answered: float | None = None
        self._again = 0.0
        self._held_until = 0.0
        self._closed_after = 0
        self._addresses: list[Address] = []
        self._addresses_until = 0.0

    def usable(self, now: float) -> bool:
        waits = (self.silent or self.stopped_at is not None) and now < self._again
        return not waits and self.breaker.allows(now)

    def held(self, now: float) -> bool:
        return now < self._held_until

    def begin(self, now: float) -> bool:
        """Whether a connection may begin; while the relay is in trouble no second one may."""
        self.breaker.trying(now)
        if self.stopped_at is None:
            self._again = now + _PAUSE
            return True
        may = self._watch.may_ask(self.relay)
        self._again = now + (_STOP if may else _ANOTHER_ASKS)
        return may

    def listen(self, now: float, patience: float, *, owes: bool) -> bool:
        """Nothing more has come until now, and something is to come if it ``owes`` answers.

        Whether it has had so much ``patience`` now: then it is silent.
        """
        if self._answered is not None:
            begun, self._answered = self._answered, None
            self.succeeded(begun)
        if not owes:
            self._owes_since = None
            return False
        if self._owes_since is None:
            self._owes_since = now
        lasted = now - max(self._owes_since, self.heard_at)
        if lasted < patience or self.stopped_at is not None:
            return False
        if not self.silent:
            self.silent, self._again = True, now + _PAUSE
            self.error = Unavailable(SILENT, about="relay")
            self.breaker.failed(now)
        assert self.error is not None
        self._watch.heard(self.relay, Trouble(self.error, False, _PAUSE, lasted))
        return True

    def awaited(self) -> None:
        """Something is to come still on a connection that was left. For the thread that waits."""
        if self.silent and self._answered is None:
            self._watch.heard(self.relay, Trouble(Unavailable(SILENT), False, _PAUSE))

    def answered(self, begun: float) -> None:
        """Something of use came on such a connection, begun then. For the thread that waits."""
        self._answered = begun
        if self.stopped_at is None:
            self._watch.heard(self.relay, None)

    def opened(self) -> None:
        """A connection is ready for mail."""
        if not self.breaker.troubled:
            self._watch.heard(self.relay, None)

    def stop(self, error: DeliveryError, now: float) -> None:
        """It does not let us in: nothing is tried here for a while."""
        self.error, self.stopped_at, self._again = error, now, now + _STOP
        self.breaker.failed(now)
        self._watch.heard(self.relay, Trouble(error, True, _STOP))

    def failed(self, error: DeliveryError, now: float, *, connecting: bool) -> None:
        """``error`` is about the relay; ``connecting`` says that it was not yet ready for mail."""
        if error.reason in STOPPING:
            self.stop(error, now)
            return
        self.breaker.failed(now)
        if connecting:
            self._held_until = now + _HOLD
        if self.stopped_at is not None:
            assert self.error is not None
            self._watch.heard(self.relay, Trouble(self.error, True, self._again - now))
            return
        if self.silent and error.reason == "timeout":
            return
        self.error, self.silent = error, False
        unreachable = connecting and not self.connections and error.reason in _UNREACHABLE
        if unreachable or self.breaker.open:
            self._watch.heard(self.relay, Trouble(error, False, _PAUSE))

    def succeeded(self, begun: float) -> None:
        """A connection that began then has been of use. One from before a stop proves nothing."""
        if self.stopped_at is None or begun > self.stopped_at:
            if self.silent:
                self._held_until = 0.0
            self.error, self.stopped_at, self.silent = None, None, False
            self.breaker.succeeded()
            self._watch.heard(self.relay, None)

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

    None if there is none, or if the one to be used serves already and takes no more for now. One
    that is silent is only asked whether it still is.
    """
    for route in routes:
        if not route.usable(now) or (route.silent and route.connections):
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
