"""A non-blocking TCP connection, in TLS from when it is asked for."""

from __future__ import annotations

import os
import socket
import ssl

from distributor.errors import Unavailable

_READ = 16_384
_RECORD = 64


class Wire:
    """Octets to and from one address; nothing here waits.

    Failures are :class:`Unavailable` about the relay, reasons ``no-connection``, ``closed``,
    ``tls``, ``certificate``. Writing never raises: what the other side said before it went away
    is still there to be read, and reading raises after it.
    """

    __slots__ = ("_broken", "_inward", "_outward", "_tls", "_unsent", "secure", "socket")

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int]) -> None:
        """Begins to connect; the socket becomes writable when that has come to an end."""
        try:
            self.socket = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise Unavailable("no-connection", str(error), about="relay") from error
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(address)
        self.secure = False
        self._tls: ssl.SSLObject | None = None
        self._inward = ssl.MemoryBIO()
        self._outward = ssl.MemoryBIO()
        self._unsent: bytes | memoryview = b""
        self._broken = False

    @property
    def unsent(self) -> int:
        """How many octets have not left; in TLS, less what a record adds to them."""
        return len(self._unsent) - (_RECORD if self._tls is not None else 0)

    @property
    def wants_write(self) -> bool:
        return bool(self._unsent) and not self._broken

    def connected(self) -> None:
        """To be called once, when writable. Raises :class:`Unavailable` if it has not worked."""
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise Unavailable("no-connection", os.strerror(code), about="relay")

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Begins the handshake; ``secure`` is true once :meth:`read` has completed it."""
        self._tls = context.wrap_bio(self._inward, self._outward, server_hostname=host)
        self._decrypt()

    def read(self) -> bytes:
        """What has come, maybe nothing."""
        try:
            data = self.socket.recv(_READ)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise Unavailable("closed", str(error), about="relay") from error
        if not data:
            raise Unavailable("closed", about="relay")
        if self._tls is None:
            return data
        self._inward.write(data)
        return self._decrypt()

    def write(self, data: bytes, more: bytes = b"") -> None:
        """Sends ``data``, then ``more``: what the operating system takes now; the rest is kept
        for :meth:`flush`. In two pieces, a large one need not be copied to be sent."""
        if self._tls is not None:
            data, more = self._encrypt(data + more), b""
        if self._unsent:
            self._unsent = b"".join((self._unsent, data, more))
            return
        try:
            taken = self.socket.sendmsg((data, more)) if more else self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError:
            self._broken, taken = True, 0
        if taken < len(data) + len(more):
            self._unsent = memoryview(data + more)[taken:]

    def flush(self) -> None:
        """To be called when writable while ``wants_write``."""
        data, self._unsent = self._unsent, b""
        try:
            taken = self.socket.send(data)
        except (BlockingIOError, InterruptedError):
            taken = 0
        except OSError:
            self._broken, taken = True, 0
        self._unsent = data[taken:]

    def close(self) -> None:
        self.socket.close()

    def _encrypt(self, data: bytes) -> bytes:
        assert self._tls is not None
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]
        return self._outward.read()

    def _decrypt(self) -> bytes:
        assert self._tls is not None
        plain = b""
        try:
            if not self.secure:
                self._tls.do_handshake()
                self.secure = True
            while piece := self._tls.read(_READ):
                plain += piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError as error:
            if not plain:
                raise Unavailable("closed", about="relay") from error
        except ssl.SSLCertVerificationError as error:
            raise Unavailable("certificate", error.verify_message, about="relay") from error
        except ssl.SSLError as error:
            raise Unavailable("tls", str(error), about="relay") from error
        finally:
            self._send_outward()
        return plain

    def _send_outward(self) -> None:
        """Handshake records, alerts and key updates."""
        if self._outward.pending:
            tls, self._tls = self._tls, None
            self.write(self._outward.read())
            self._tls = tls
