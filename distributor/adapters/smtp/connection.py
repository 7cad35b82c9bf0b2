"""One connection of the pool, from the first packet to the last."""

from __future__ import annotations

import selectors
import socket
from typing import Final, Literal

from distributor.adapters.smtp.dialogue import ASKED, READY, Dialogue
from distributor.adapters.smtp.opening import Opening
from distributor.adapters.smtp.parcels import Timeouts, is_loopback
from distributor.adapters.smtp.routes import Route
from distributor.adapters.smtp.stuffing import Stuffing
from distributor.adapters.smtp.wire import Wire
from distributor.errors import Unavailable

Phase = Literal["connecting", "securing", "opening", "talking", "leaving", "closed"]
TALKING: Final = "talking"


class Connection:
    """A wire with a dialogue on it, registered with ``selector`` under itself.

    ``deadline`` is when the other side must have done something, ``begun`` when it was called,
    ``born`` when the server was ready for mail, ``rested`` when it last had nothing to do, and
    ``woken`` how many messages it had served when it last came back from a rest.
    """

    def __init__(
        self,
        route: Route,
        selector: selectors.BaseSelector,
        timeouts: Timeouts,
        stuffing: Stuffing,
        local_hostname: str,
        now: float,
    ) -> None:
        """Begins to connect.

        Raises:
            Unavailable: there is nothing to connect to.
        """
        self.route = route
        self.phase: Phase = "connecting"
        self.dialogue: Dialogue | None = None
        self.begun = self.deadline = self.born = self.rested = now
        self.woken = 0
        self._selector = selector
        self._timeouts = timeouts
        self._stuffing = stuffing
        self._local_hostname = local_hostname
        self._addresses = route.addresses(now)
        self._patience = timeouts.connect / len(self._addresses)
        self._opening: Opening | None = None
        self._connect(now)

    @property
    def busy(self) -> bool:
        """Whether a parcel is on its way here, or an answer is due about one that was refused."""
        dialogue = self.dialogue
        return dialogue is not None and bool(
            dialogue.sent or dialogue.asked or dialogue.state is ASKED
        )

    @property
    def owed(self) -> bool:
        """Whether the other side, which is there, is to say something."""
        return self.busy if self.phase is TALKING else self.phase in ("securing", "opening")

    def advance(self, now: float, *, writable: bool) -> None:
        """Does what an event makes possible in every phase before TALKING.

        Raises:
            Unavailable: the connection must be closed.
        """
        if self.phase == "connecting":
            self._connected(now)
        else:
            if writable:
                self.flush(now)
            self._open(self.wire.read(), now)
            if self.wire.wants_write:
                self._listen(selectors.EVENT_READ | selectors.EVENT_WRITE)

    def say(self, data: bytes, now: float, patience: float, more: bytes = b"") -> None:
        """Sends ``data`` and ``more``; the answer shall be here in ``patience`` seconds."""
        self.wire.write(data, more)
        self.deadline = now + patience
        if self.wire.wants_write:
            self.deadline = now + self._timeouts.data
            self._listen(selectors.EVENT_READ | selectors.EVENT_WRITE)

    def flush(self, now: float) -> None:
        """Sends more of what is left."""
        self.wire.flush()
        if self.wire.wants_write:
            self.deadline = now + self._timeouts.data
            return
        sent = self.dialogue is not None and self.dialogue.sent is not None
        self.deadline = now + (self._timeouts.final if sent else self._timeouts.command)
        self._listen(selectors.EVENT_READ)

    def overdue(self, now: float) -> None:
        """Another address has its turn.

        Raises:
            Unavailable: there is none, or it is a reply that has not come.
        """
        if self.phase != "connecting" or not self._addresses:
            raise Unavailable("timeout", f"nothing heard while {self.phase}", about="relay")
        self.close()
        self._connect(now)

    def leave(self, now: float) -> None:
        """Says ``QUIT``; whatever comes then, the connection may be closed."""
        self.phase = "leaving"
        self.say(b"QUIT\r\n", now, self._timeouts.quit)

    def close(self) -> None:
        """Closes the socket, at once and without a word. May be repeated."""
        if self.phase != "closed":
            self.phase = "closed"
            self._selector.unregister(self.wire.socket)
            self.wire.close()

    def detach(self) -> None:
        """Leaves the wire to somebody else: for the selector here it is closed."""
        self.phase = "closed"
        self._selector.unregister(self.wire.socket)

    def _connect(self, now: float) -> None:
        self.phase = "connecting"
        self._address = self._addresses.pop(0)
        self.wire = Wire(*self._address)
        self._selector.register(self.wire.socket, selectors.EVENT_WRITE, self)
        self.deadline = now + self._patience

    def _connected(self, now: float) -> None:
        try:
            self.wire.connected()
        except Unavailable:
            if not self._addresses:
                raise
            self.close()
            self._connect(now)
            return
        self.route.prefer(self._address)
        self._listen(selectors.EVENT_READ)
        self.deadline = now + self._timeouts.command
        private = is_loopback(self._address[1][0])
        self._opening = Opening(self.route.relay, self._name(), private=private)
        if self.route.relay.security == "tls":
            self._secure()
        else:
            self.phase = "opening"

    def _secure(self) -> None:
        assert self.route.context is not None
        self.phase = "securing"
        self.wire.start_tls(self.route.context, self.route.relay.host)

    def _open(self, data: bytes, now: float) -> None:
        opening = self._opening
        assert opening is not None
        if self.phase == "securing" and self.wire.secure:
            self.phase = "opening"
            if opening.wants_tls:
                self.say(opening.secured(), now, self._timeouts.command)
        if self.phase != "opening" or not data:
            return
        command = opening.receive(data)
        if command:
            self.say(command, now, self._timeouts.command)
        if opening.wants_tls:
            self._secure()
        elif opening.capabilities is not None:
            self.phase = TALKING
            self.dialogue = Dialogue(opening.capabilities, self._stuffing)
            self.born = self.rested = now
            self.route.opened()
            assert self.dialogue.state is READY

    def _listen(self, events: int) -> None:
        self._selector.modify(self.wire.socket, events, self)

    def _name(self) -> str:
        if self._local_hostname:
            return self._local_hostname
        address = str(self.wire.socket.getsockname()[0])
        family = self.wire.socket.family
        return f"[IPv6:{address}]" if family == socket.AF_INET6 else f"[{address}]"
