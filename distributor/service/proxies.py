"""What a reverse proxy says of the reader, believed only of those that the options name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]


class Proxies:
    """A WSGI application behind ``networks`` of proxies.

    Of a request from one of them ``X-Forwarded-For`` gives the reader's address (the last one that
    is no proxy), ``X-Forwarded-Proto`` the scheme and ``X-Forwarded-Host`` the host; of any other
    request these headers are dropped.
    """

    def __init__(
        self, application: Application, networks: Iterable[IPv4Network | IPv6Network]
    ) -> None:
        self.application = application
        self.networks = tuple(networks)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        hops = environ.pop("HTTP_X_FORWARDED_FOR", "")
        scheme = environ.pop("HTTP_X_FORWARDED_PROTO", "")
        host = environ.pop("HTTP_X_FORWARDED_HOST", "")
        if self._is_proxy(environ.get("REMOTE_ADDR", "")):
            for hop in reversed([hop.strip() for hop in hops.split(",") if hop.strip()]):
                if not _is_address(hop):
                    break
                environ["REMOTE_ADDR"] = hop
                if not self._is_proxy(hop):
                    break
            if scheme in ("http", "https"):
                environ["wsgi.url_scheme"] = scheme
            if host:
                environ["HTTP_HOST"] = host.split(",")[-1].strip()
        return self.application(environ, start_response)

    def _is_proxy(self, text: str) -> bool:
        if not self.networks or not _is_address(text):
            return False
        address = ip_address(text)
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
