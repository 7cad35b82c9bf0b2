"""One request on one fresh connection, to addresses that were vetted before."""

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import certifi
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from distributor.adapters.http.addresses import Address, from_sockaddr
from distributor.adapters.http.blocked import Blocked
from distributor.adapters.http.urls import Place
from distributor.errors import Unavailable

_MAX_HEAD = 65536
_MAX_INFORMATIONAL = 100

for _name in ("urllib3.connection", "urllib3.connectionpool"):
    # Their records quote URLs, and an endpoint's URL may be its password.
    logging.getLogger(_name).addFilter(lambda record: False)


@lru_cache
def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """The process's one TLS context: making one takes 20 ms, most of a delivery's time.

    The environment has no say: certifi's authorities, and ``ca_file``'s beside them.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Exchange:
    """The state of one request: how far it came, when, and what stopped it.

    ``stage`` is ``connect``, ``tls`` or ``answer``. ``error`` is the first exception as it arose,
    before a library wrapped it. ``line`` is a duplicate of the socket's descriptor: TLS takes the
    socket itself over while it shakes hands, and shutting a TLS socket object down would leave a
    reading thread with the bare connection.
    """

    def __init__(self, addresses: Sequence[Address], connect_by: float, deadline: float) -> None:
        self.addresses = addresses
        self.connect_by = connect_by
        self.deadline = deadline
        self.stage = "connect"
        self.error: Exception | None = None
        self.expired = False
        self.line: socket.socket | None = None
        self.address = ""
        self.connected_at = self.secured_at = self.answered_at = 0.0
        self.tls = ""
        self.certificate: dict[str, Any] = {}

    def expire(self) -> None:
        self.expired = True
        line = self.line
        if line is not None:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed by either side already
                return

    def close(self) -> None:
        if self.line is not None:
            self.line.close()

    def connect(self) -> socket.socket:
        """A socket to the first address that answers, each given its share of the time.

        Raises:
            OSError: none answered.
        """
        for index, address in enumerate(self.addresses):
            share = (self.connect_by - time.monotonic()) / (len(self.addresses) - index)
            try:
                sock = _open(address, share)
            except OSError as error:
                failure = error
                continue
            self.address = str(address.ip)
            self.connected_at = time.monotonic()
            self.line = sock.dup()
            self.stage = "tls"
            if self.expired:
                self.expire()
            sock.settimeout(max(0.001, self.deadline - self.connected_at))
            return sock
        raise failure

    def secured(self, sock: Any) -> None:
        self.stage = "answer"
        self.secured_at = time.monotonic()
        if isinstance(sock, ssl.SSLSocket):
            self.tls = sock.version() or ""
            self.certificate = dict(sock.getpeercert() or {})

    @contextmanager
    def noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.error = error
            raise

    def failure(self) -> Unavailable | Blocked:
        """Why there is no answer, in one of our words."""
        error, self.error = self.error, None
        if isinstance(error, Blocked):
            return error
        if self.stage == "connect":
            reason = "connect"
        elif self.expired or isinstance(error, TimeoutError):
            reason = "timeout"
        elif isinstance(error, ssl.SSLError) or (
            self.stage == "tls" and not isinstance(error, OSError)
        ):
            reason = "tls"
        elif isinstance(error, OSError):
            reason = "reset"
        else:
            reason = "bad_answer"
        return Unavailable(reason, about="recipient")


def _open(address: Address, timeout: float) -> socket.socket:
    if timeout <= 0:
        raise TimeoutError
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)
        sock.connect(address.sockaddr)
        peer = sock.getpeername()
        if from_sockaddr(sock.family, peer) != address.ip or peer[1] != address.port:
            raise Blocked("changed", "The connection leads elsewhere than to the vetted address.")
    except BaseException:
        sock.close()
        raise
    return sock


class _Head:
    """The lines of an answer up to its body: at most 64 KiB, and none may be missing."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines
        self._left = _MAX_HEAD

    def readline(self, limit: int) -> bytes:
        line: bytes = self._lines.readline(limit)
        if not line:
            raise ConnectionResetError
        self._left -= len(line)
        if self._left < 0:
            raise http.client.HTTPException
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lines, name)


class _Answer(http.client.HTTPResponse):
    """An answer that knows every interim status (RFC 9110 section 15.2), not 100 alone."""

    fp: Any

    def begin(self) -> None:
        lines, self.fp = self.fp, _Head(self.fp)
        super().begin()
        if self.fp is not None:
            self.fp = lines

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_MAX_INFORMATIONAL):
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 100 <= status < 200 or status == 101:
                return version, status, reason
            http.client.parse_headers(self.fp)
            self.fp = _Head(self.fp._lines)
        raise TimeoutError  # it would never come to an answer


class _Plain(HTTPConnection):
    response_class = _Answer

    def __init__(self, *arguments: Any, exchange: Exchange, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.exchange = exchange

    def _new_conn(self) -> socket.socket:
        return self.exchange.connect()

    def connect(self) -> None:
        with self.exchange.noting():
            super().connect()
        self.exchange.secured(self.sock)

    def request(self, *arguments: Any, **options: Any) -> None:
        try:
            super().request(*arguments, **options)
        except OSError:
            # Who has answered may stop listening; whether there is an answer shows next.
            if self.exchange.stage != "answer":
                raise

    def getresponse(self) -> Any:
        with self.exchange.noting():
            answer = super().getresponse()
        self.exchange.answered_at = time.monotonic()
        return answer


class _Secure(_Plain, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _Secure


class Adapter(HTTPAdapter):
    """requests' adapter with a pool of one connection, made for one exchange.

    Used without a requests session: so there are no redirects, no cookies, no proxies, no
    ``.netrc``, and nothing of the environment.
    """

    def __init__(self, place: Place, exchange: Exchange, ca_file: str | None) -> None:
        self.pool = _pool(place, exchange, ca_file)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """None: there is one pool, and it is ours."""

    def get_connection_with_tls_context(
        self, request: PreparedRequest, *arguments: Any, **options: Any
    ) -> HTTPConnectionPool:
        return self.pool

    def cert_verify(self, *arguments: Any, **options: Any) -> None:
        """Nothing to add: the context always verifies, and holds its authorities already."""

    def close(self) -> None:
        self.pool.close()


def connection(place: Place, exchange: Exchange, ca_file: str | None) -> HTTPConnection:
    """A connection for ``exchange``, not yet made."""
    if place.scheme == "http":
        return _Plain(place.host, place.port, exchange=exchange)
    return _Secure(place.host, place.port, exchange=exchange, **_tls(ca_file))


def _pool(place: Place, exchange: Exchange, ca_file: str | None) -> HTTPConnectionPool:
    if place.scheme == "http":
        return _PlainPool(place.host, place.port, exchange=exchange)
    return _SecurePool(place.host, place.port, exchange=exchange, **_tls(ca_file))


def _tls(ca_file: str | None) -> dict[str, Any]:
    return {"cert_reqs": ssl.CERT_REQUIRED, "ssl_context": tls_context(ca_file)}
