"""A URL taken apart once, by the parser whose library will connect."""

import ipaddress
import re
from dataclasses import dataclass

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from distributor.adapters.http.blocked import Blocked

MAX_URL = 2048

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads.

    ``url`` is its normal form, in ASCII; ``host`` a lower-case name without final dot, or an
    address without brackets, which ``literal`` then is too.
    """

    url: str
    scheme: str
    host: str
    port: int
    literal: IPAddress | None

    @property
    def authority(self) -> str:
        """``host`` or ``host:port``, as the Host header has it (RFC 9110 section 7.2)."""
        return _authority(
            self.host, None if self.port == _DEFAULT_PORTS[self.scheme] else self.port
        )


def place(url: str) -> Place:
    """Where ``url`` leads.

    Raises:
        Blocked: it is no absolute ``http`` or ``https`` URL of at most 2,048 characters, or has
            something in it that two parsers may read differently.
    """
    if len(url) > MAX_URL:
        raise Blocked("length", f"The URL is longer than {MAX_URL} characters.")
    if _UNSAFE.search(url):
        raise Blocked("characters", "The URL has a space, control character or backslash in it.")
    try:
        parsed = parse_url(url)
    except LocationParseError:
        raise Blocked("shape", "This is not a URL that can be read without doubt.") from None
    if parsed.scheme not in _DEFAULT_PORTS:
        raise Blocked("scheme", "The URL must begin with https://.")
    if not parsed.host:
        raise Blocked("shape", "The URL has no host: write https://host/path.")
    if parsed.auth is not None:
        raise Blocked("userinfo", "Leave the user name and password out of the URL.")
    if parsed.fragment is not None:
        raise Blocked("fragment", "Leave the part from # on out of the URL.")
    host, literal = _host(parsed.host)
    port = parsed.port if parsed.port is not None else _DEFAULT_PORTS[parsed.scheme]
    normal = Url(
        scheme=parsed.scheme,
        host=_authority(host, None),
        port=None if port == _DEFAULT_PORTS[parsed.scheme] else port,
        path=parsed.path or "/",
        query=parsed.query,
    )
    return Place(normal.url, parsed.scheme, host, port, literal)


def pair(text: str) -> tuple[str, int]:
    """The host and port of ``host:port`` or of a URL; 443 if it has neither port nor scheme.

    Raises:
        ValueError: there is no host in ``text``.
    """
    try:
        parsed = parse_url(text)
    except LocationParseError:
        parsed = Url()
    if not parsed.host:
        raise ValueError(f"{text!r} is neither host:port nor a URL")
    port = parsed.port or _DEFAULT_PORTS.get(parsed.scheme or "https", 443)
    return parsed.host.strip("[]").rstrip(".").lower(), port


def _host(written: str) -> tuple[str, IPAddress | None]:
    if written.startswith("["):
        if "%" in written:
            raise Blocked("zone", "An address with a zone (the part after %) cannot be used.")
        address: IPAddress = ipaddress.IPv6Address(written[1:-1])
        return str(address), address
    host = written.removesuffix(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise Blocked("name", "The host is not a name that the domain name system can hold.")
    if not _NUMBER.fullmatch(host.rpartition(".")[2]):
        return host, None
    try:
        return host, ipaddress.IPv4Address(host)
    except ValueError:  # 127.1, 0x7f000001 and the like: no top-level domain is a number
        raise Blocked("name", "Write the address as four decimal numbers.") from None


def _authority(host: str, port: int | None) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"
