"""Which addresses may be opened: our own tables, judged by number and never by text."""

import ipaddress
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psutil

from distributor.adapters.http.blocked import Blocked
from distributor.adapters.http.urls import IPAddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in text.split())


# IANA special-purpose registries (RFC 6890 and its updates), multicast, the reserved block, and
# the addresses at which cloud providers answer their own guests.
CLOSED = _networks(
    """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
    224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
    2001::/23 2001:db8::/32 2002::/16 3fff::/20
    """
)
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
NEVER = _networks(
    """
    0.0.0.0/8 169.254.0.0/16 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32 100.100.100.200/32
    192.0.0.192/32
    ::/128 fe80::/10 ff00::/8 fd00:ec2::/32 fd20:ce::/32 fd00:42::42/128
    """
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_WIDEST = {4: 8, 6: 7}
_LOOPBACK = _networks("127.0.0.0/8 ::1/128")


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was vetted, and the port to open there."""

    ip: IPAddress
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET if self.ip.version == 4 else socket.AF_INET6

    @property
    def sockaddr(self) -> tuple[Any, ...]:
        """Made from the number, so that nothing of a resolver's text is ever connected to."""
        text = str(self.ip)
        return (text, self.port) if self.ip.version == 4 else (text, self.port, 0, 0)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator has opened, and what belongs to this service itself.

    ``own`` holds the site's own (host, port) pairs.
    """

    allowed: tuple[Network, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()
    nat64: bool = False

    def vet(self, found: IPAddress, port: int) -> tuple[Address, bool]:
        """The address to connect to, and whether it lies in an opened network.

        Raises:
            Blocked: it must not be opened.
        """
        ip = found.ipv4_mapped or found if found.version == 6 else found
        judged: IPAddress = ip
        if ip.version == 6 and self.nat64 and ip in _NAT64:
            judged = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if _within(judged, NEVER):
            raise Blocked("never", f"{ip} is never opened: no receiver can be there.")
        here = _within(judged, _LOOPBACK) or judged in this_machine(int(time.monotonic()) // 30)
        if (str(judged), port) in self.own or (here and port in {own for _, own in self.own}):
            raise Blocked("own", f"{ip} port {port} is this site itself.")
        if _within(judged, self.allowed):
            return Address(ip, port), True
        if here:
            raise Blocked("machine", f"{ip} is this machine. {_HOW_TO_OPEN}")
        if _within(judged, CLOSED) or (judged.version == 6 and judged not in GLOBAL_UNICAST):
            raise Blocked("network", f"{ip} is not a public address. {_HOW_TO_OPEN}")
        return Address(ip, port), False


_HOW_TO_OPEN = "An operator can open its network with webhooks.allow_networks."


def policy(
    allow_networks: Iterable[str], own_hosts: frozenset[tuple[str, int]], nat64: bool
) -> Policy:
    """A policy from options.

    Raises:
        ValueError: a network cannot be read or is wider than /8 (IPv6: /7).
    """
    allowed = tuple(ipaddress.ip_network(network) for network in allow_networks)
    for network in allowed:
        widest = _WIDEST[network.version]
        if network.prefixlen < widest:
            raise ValueError(f"webhooks.allow_networks: {network} is wider than /{widest}")
    return Policy(allowed, own_hosts, nat64)


def from_sockaddr(family: int, sockaddr: tuple[Any, ...]) -> IPAddress:
    """The address in a resolver's or socket's ``sockaddr``.

    Raises:
        Blocked: it is of another family, or has a zone.
    """
    if family not in (socket.AF_INET, socket.AF_INET6) or "%" in sockaddr[0] or any(sockaddr[3:]):
        raise Blocked("zone", "The name leads to an address with a zone, or to no IP address.")
    return ipaddress.ip_address(socket.inet_pton(family, sockaddr[0]))


@lru_cache(maxsize=1)
def this_machine(half_minute: int) -> frozenset[IPAddress]:
    """The addresses of this machine's interfaces; asked anew for each ``half_minute``."""
    return frozenset(
        from_text
        for interface in psutil.net_if_addrs().values()
        for entry in interface
        if entry.family in (socket.AF_INET, socket.AF_INET6)
        for from_text in [ipaddress.ip_address(entry.address.partition("%")[0])]
    )


def _within(ip: IPAddress, networks: tuple[Network, ...]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)
