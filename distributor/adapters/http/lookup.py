"""One name looked up, within a time limit."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from distributor.adapters.http.addresses import Address, Policy, from_sockaddr
from distributor.adapters.http.blocked import Blocked
from distributor.adapters.http.urls import Place
from distributor.errors import Unavailable

GetAddrInfo = Callable[..., list[tuple[Any, ...]]]
"""Of the form of :func:`socket.getaddrinfo`."""

_NO_SUCH_NAME = {
    code for name in ("EAI_NONAME", "EAI_NODATA") if (code := getattr(socket, name, None))
}


def addresses(
    place: Place, policy: Policy, getaddrinfo: GetAddrInfo, until: float
) -> tuple[tuple[Address, ...], bool]:
    """Every address of ``place``, vetted, and whether all lie in opened networks.

    The name is looked up once, as an absolute one (with its final dot). If there is no such name,
    the machine's hosts file and search domains may know it; such a name counts only if all its
    addresses lie in opened networks. Names without a dot and those under ``localhost`` (RFC 6761
    section 6.3) can only be of that kind. One refused address refuses the name.

    Args:
        until: when to give up, on :func:`time.monotonic`'s clock.

    Raises:
        Blocked: an address must not be opened.
        Unavailable: ``dns``: the name was not found in time.
    """
    if place.literal is not None:
        address, opened = policy.vet(place.literal, place.port)
        return (address,), opened
    local = "." not in place.host or place.host.endswith(".localhost")
    refusal = Blocked("local_name", f"{place.host} is a name on this machine or network only.")
    if local and not policy.allowed:
        raise refusal
    found = [] if local else _ask(getaddrinfo, place.host + ".", place.port, until)
    if not found:
        local = True
        found = _ask(getaddrinfo, place.host, place.port, until)
    if not found:
        raise Unavailable("dns", about="recipient")
    vetted = [policy.vet(from_sockaddr(entry[0], entry[4]), place.port) for entry in found]
    opened = all(inside for _, inside in vetted)
    if local and not opened:
        raise refusal
    return tuple(dict.fromkeys(address for address, _ in vetted)), opened


def _ask(getaddrinfo: GetAddrInfo, name: str, port: int, until: float) -> list[tuple[Any, ...]]:
    """What the resolver says of ``name``; nothing if it says that there is no such name."""
    answer: Future[list[tuple[Any, ...]]] = Future()

    def ask() -> None:
        try:
            answer.set_result(
                getaddrinfo(name, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            )
        except Exception as error:
            answer.set_exception(error)

    # A thread for each, since a resolver that hangs cannot be interrupted and must hold up
    # nobody else's lookup.
    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(timeout=max(0.0, until - time.monotonic()))
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_NAME:
            return []
        raise Unavailable("dns", about="recipient") from None
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        raise Unavailable("dns", about="recipient") from None
