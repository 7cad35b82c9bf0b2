"""The guard: every request of ours to an address that somebody else chose goes through it.

Server-side request forgery is prevented by looking the name up once, judging every address it
has by number, and connecting to exactly those (see OWASP's SSRF prevention cheat sheet for the
attack). What the other side does is bounded in time by a clock outside the exchange and in space
by reading no more than a limit.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from requests import PreparedRequest, Request, RequestException
from urllib3.exceptions import HTTPError

from distributor import __version__
from distributor.adapters.http import fields, urls
from distributor.adapters.http.addresses import Address, policy
from distributor.adapters.http.blocked import Blocked
from distributor.adapters.http.deadlines import deadlines
from distributor.adapters.http.lookup import GetAddrInfo, addresses
from distributor.adapters.http.wire import Adapter, Exchange, connection
from distributor.errors import Unavailable

NEVER_PORTS = frozenset({3306, 5432, 6379, 9200, 11211, 27017})


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found on the way, for a person who tests an endpoint.

    Times are milliseconds since the request began; 0 for what was not reached. ``tls`` is the
    protocol's version or empty. ``certificate`` is the name in the certificate.
    """

    address: str = ""
    tls: str = ""
    certificate: str = ""
    expires: datetime | None = None
    lookup_ms: int = 0
    connect_ms: int = 0
    tls_ms: int = 0
    answer_ms: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side answered.

    ``headers`` are in order, with lower-case names. ``body`` is as it came, never decompressed;
    ``truncated`` if there was more, or if it ended before its time. ``ms`` is the time from lookup
    to the last byte read.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool
    ms: int
    seen: Seen = field(default_factory=Seen)

    def header(self, name: str) -> str | None:
        """The first value of the header ``name`` (in lower case)."""
        return next((value for key, value in self.headers if key == name), None)


class Guard:
    """A client that opens only what it may. One for each purpose; any number of threads.

    Args:
        allow_networks: CIDRs that may be private. In them ``http`` too is allowed, and ports 80,
            443 and 1024 to 65535 but those of well-known databases and ``own_ports``.
        ports: those of ``https`` at public addresses.
        plain_http: whether ``http`` on port 80 is allowed at public addresses.
        timeout: seconds of wall clock from lookup to last byte.
        connect_timeout: seconds of these for lookup and connecting.
        max_bytes: how much of a body is read.
        ca_file: certificates of further authorities, PEM.
        nat64: whether 64:ff9b::/96 (RFC 6052) is judged by the IPv4 address within.
        own_hosts: the site's own ``host:port`` or URL, never opened.
        own_ports: ports of this installation's own database, Redis and mail server.
        site_url: where the requests say that they come from; it gives ``user_agent`` and
            ``origin``, the site's host.
        getaddrinfo: the resolver, of the form of :func:`socket.getaddrinfo`.

    Raises:
        ValueError: a network in ``allow_networks`` is wider than /8 (IPv6: /7).
    """

    def __init__(
        self,
        *,
        allow_networks: Iterable[str] = (),
        ports: Iterable[int] = (443, 8443),
        plain_http: bool = False,
        timeout: float = 15.0,
        connect_timeout: float = 5.0,
        max_bytes: int = 65536,
        ca_file: str | None = None,
        nat64: bool = False,
        own_hosts: Iterable[str] = (),
        own_ports: Iterable[int] = (),
        site_url: str = "",
        getaddrinfo: GetAddrInfo = socket.getaddrinfo,
    ) -> None:
        self.policy = policy(allow_networks, frozenset(map(urls.pair, own_hosts)), nat64)
        self.public = {("https", port) for port in ports} | (
            {("http", 80)} if plain_http else set()
        )
        self.timeout = timeout
        self.connect_timeout = min(connect_timeout, timeout)
        self.max_bytes = max_bytes
        self.ca_file = ca_file
        self.own_ports = frozenset(own_ports) | NEVER_PORTS
        about = f" (+{site_url.rstrip('/')}/)" if site_url else ""
        self.user_agent = f"distributor/{__version__}{about}"
        self.origin = urls.pair(site_url)[0] if site_url else ""
        self.getaddrinfo = getaddrinfo

    def check(self, url: str) -> str:
        """The normal form of ``url``, for saving it.

        A name that cannot be looked up now is no reason to refuse it: :meth:`probe` tells.

        Raises:
            Blocked: it would be refused when sending.
        """
        place = self._place(url)
        try:
            self._addresses(place, time.monotonic() + self.connect_timeout)
        except Unavailable:
            return place.url
        return place.url

    def probe(self, url: str) -> Seen:
        """Lookup, connection and TLS handshake with the host of ``url``; nothing is requested.

        Raises:
            Blocked: it may not be opened.
            Unavailable: ``dns``, ``connect``, ``tls``, ``timeout`` or ``reset``.
        """
        started = time.monotonic()
        place = self._place(url)
        found, looked_up = self._addresses(place, started + self.connect_timeout), time.monotonic()
        exchange = self._exchange(found, started)
        line = connection(place, exchange, self.ca_file)
        deadlines.add(exchange)
        try:
            line.connect()
            if exchange.expired:
                raise exchange.failure()
        except (OSError, HTTPError, ValueError):
            raise exchange.failure() from None
        finally:
            deadlines.remove(exchange)
            line.close()
            exchange.close()
        return _seen(exchange, started, looked_up)

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """One request and its answer, whatever the status; nothing is followed or tried again.

        ``headers`` may replace ``user-agent`` and ``accept``; Host and the framing are set here.

        Raises:
            Blocked: nothing was sent: a rule refuses URL, address or header.
            Unavailable: ``dns``, ``connect``, ``tls``, ``timeout``, ``reset`` or ``bad_answer``:
                there was no whole head of an answer in time.
        """
        started = time.monotonic()
        fields.check(headers)
        place = self._place(url)
        found, looked_up = self._addresses(place, started + self.connect_timeout), time.monotonic()
        prepared = _prepared(place, method, self._headers(place, headers), body)
        exchange = self._exchange(found, started)
        adapter = Adapter(place, exchange, self.ca_file)
        deadlines.add(exchange)
        try:
            response = adapter.send(prepared, stream=True, timeout=self.timeout)
            if exchange.expired:
                raise exchange.failure()
            content, truncated = _read(response.raw, self.max_bytes)
            return Answer(
                status=response.status_code,
                headers=tuple(
                    (name.lower(), value) for name, value in response.raw.headers.items()
                ),
                body=content,
                truncated=truncated or exchange.expired,
                ms=_ms(started, time.monotonic()),
                seen=_seen(exchange, started, looked_up),
            )
        except (RequestException, HTTPError, HTTPException, OSError, ValueError):
            raise exchange.failure() from None
        finally:
            deadlines.remove(exchange)
            exchange.close()
            adapter.close()

    def _place(self, url: str) -> urls.Place:
        """Where ``url`` leads, if its scheme, port and host may be opened anywhere at all."""
        place = urls.place(url)
        if (place.host, place.port) in self.policy.own:
            raise Blocked("own", "This is the site itself.")
        if (place.scheme, place.port) in self.public:
            return place
        if not self.policy.allowed:
            raise self._not_public(place)
        if place.port in self.own_ports or not (place.port in (80, 443) or place.port >= 1024):
            raise Blocked("port", f"Port {place.port} cannot be used.")
        return place

    def _addresses(self, place: urls.Place, until: float) -> tuple[Address, ...]:
        found, opened = addresses(place, self.policy, self.getaddrinfo, until)
        if not opened and (place.scheme, place.port) not in self.public:
            raise self._not_public(place)
        return found

    def _not_public(self, place: urls.Place) -> Blocked:
        if place.scheme == "http":
            return Blocked("scheme", "The URL must begin with https://.")
        ports = ", ".join(str(port) for _, port in sorted(self.public))
        return Blocked("port", f"Port {place.port} cannot be used; these can: {ports}.")

    def _headers(self, place: urls.Place, given: Sequence[tuple[str, str]]) -> Mapping[str, str]:
        ours = {
            "host": place.authority,
            "user-agent": self.user_agent,
            "accept": "*/*",
            "accept-encoding": "identity",
            "connection": "close",
        }
        return ours | {name.lower(): value for name, value in given}

    def _exchange(self, found: tuple[Address, ...], started: float) -> Exchange:
        return Exchange(found, started + self.connect_timeout, started + self.timeout)


def _prepared(
    place: urls.Place, method: str, headers: Mapping[str, str], body: bytes
) -> PreparedRequest:
    """The request, which after requests had it in its hands must still lead to ``place``."""
    try:
        prepared = Request(method, place.url, headers=headers, data=body or None).prepare()
        again = urls.place(prepared.url or "")
    except RequestException:
        again = None
    if again is None or (again.scheme, again.host, again.port) != (
        place.scheme,
        place.host,
        place.port,
    ):
        raise Blocked("changed", "The URL can be read in two ways.")
    return prepared


def _read(raw: Any, limit: int) -> tuple[bytes, bool]:
    """Up to ``limit`` bytes of a body, and whether it is cut or broken off."""
    content = bytearray()
    try:
        while len(content) <= limit:
            chunk = raw.read1(limit + 1 - len(content), decode_content=False)
            if not chunk:
                return bytes(content), False
            content += chunk
    except (HTTPError, HTTPException, OSError, ValueError):
        return bytes(content), True
    return bytes(content[:limit]), True


def _seen(exchange: Exchange, started: float, looked_up: float) -> Seen:
    certificate = exchange.certificate
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    subject = [value for ((kind, value),) in certificate.get("subject", ()) if kind == "commonName"]
    expires = None
    if "notAfter" in certificate:
        expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    return Seen(
        address=exchange.address,
        tls=exchange.tls,
        certificate=next(iter(names + subject), ""),
        expires=expires,
        lookup_ms=_ms(started, looked_up),
        connect_ms=_ms(started, exchange.connected_at),
        tls_ms=_ms(started, exchange.secured_at) if exchange.tls else 0,
        answer_ms=_ms(started, exchange.answered_at),
    )


def _ms(started: float, moment: float) -> int:
    return max(0, round((moment - started) * 1000))
