"""The kinds of value that options hold, and in what words a wrong one is refused.

Each check takes the text, gives it back in normal form, and raises ValueError with what is allowed.
"""

from __future__ import annotations

import os
import re
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from distributor.rendering.cleaning import absolute

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HOST = re.compile(r"(?=.{1,253}$)\w([\w-]{0,61}\w)?(\.\w([\w-]{0,61}\w)?)*\.?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def _address(text: str) -> str:
    local, _, domain = parseaddr(text)[1].rpartition("@")
    if text and (_CONTROL.search(text) or not local or not _HOST.fullmatch(domain)):
        raise ValueError('an address such as "press@example.org" or "Press <press@example.org>"')
    return text


def _is_host(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return bool(_HOST.fullmatch(text))
    return True


def _host(text: str) -> str:
    if text and not _is_host(text):
        raise ValueError("a host name or an IP address, with no scheme and no port")
    return text


def _listening(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text and not (_is_host(host.strip("[]")) and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError('an address and a port, such as "0.0.0.0:2525"')
    return text


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError('a language tag such as "sv" or "en-GB"')
    return text


def _time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError('a name of the time zone database, such as "Europe/Stockholm"')
    return text


def _network(value: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value)
    except (ValueError, TypeError):
        raise ValueError('networks such as "10.20.0.0/16"') from None


def _narrow(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    if network.prefixlen < (8 if network.version == 4 else 7):
        raise ValueError("networks no wider than /8 (IPv6: /7)")
    return network


def _split(text: str) -> SplitResult | None:
    """``text`` as a URL, or None where it has a port that cannot be or a control character."""
    try:
        parts = urlsplit(text)
        return None if parts.port == 0 or _CONTROL.search(text) else parts
    except ValueError:
        return None


def _site(text: str) -> str:
    parts = _split(text)
    plain = parts and parts.scheme in ("http", "https") and "@" not in text
    address = absolute(f"{parts.scheme}://{parts.netloc.lower()}", "") if parts and plain else ""
    if not address or not parts or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("http:// or https://, a host and perhaps a port, and no path")
    return address


class Scheme:
    """A URL of one of some schemes, or one of the words given; one for the web in ASCII."""

    def __init__(self, *schemes: str, words: tuple[str, ...] = ("",)) -> None:
        self.schemes = schemes
        self.words = words

    def __call__(self, text: str) -> str:
        parts = _split(text)
        if text in self.words:
            return text
        if parts and parts.scheme in self.schemes and parts[1:3] != ("", ""):
            address = absolute(text, "") if parts.scheme in ("http", "https") else text
            if address:
                return address
        words = "".join(f'"{word}", or ' for word in self.words if word)
        raise ValueError(words + "a URL in " + " or ".join(f"{name}://" for name in self.schemes))


def _line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("a line of text, without control characters")
    return text


def _readable(path: Path | None) -> Path | None:
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        raise ValueError("a file that can be read")
    return path and path.absolute()


def _key(text: str) -> str:
    if text and len(text) < 16:
        raise ValueError("at least 16 characters, drawn at random")
    return text


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values or len(set(values)) < len(values):
        raise ValueError("a list of at least one, each named once")
    return values


OnceEach = AfterValidator(_once)
Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
Listening = Annotated[str, AfterValidator(_listening)]
Language = Annotated[str, AfterValidator(_language)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
SiteUrl = Annotated[str, AfterValidator(_site)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
NarrowNetwork = Annotated[Network, AfterValidator(_narrow)]
OptionalFile = Annotated[
    Path | None, BeforeValidator(lambda value: value or None), AfterValidator(_readable)
]
Port = Annotated[int, Field(ge=1, le=65535)]
Days = Annotated[int, Field(ge=1, le=36500)]
Wait = Annotated[int, Field(ge=1, le=604_800)]
Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Key = Annotated[str, AfterValidator(_key)]
