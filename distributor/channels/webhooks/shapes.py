"""The values of this channel: a target, a body, and what a format is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from distributor.adapters.http import Answer
from distributor.errors import DeliveryError
from distributor.release import Release, Site

MAX_BODY = 65_536
MAX_WITHOUT_TEXT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An endpoint as it is called: its address, format and credentials.

    ``secrets`` are ``whsec_…`` and ``whsk_…``, newest first, every one of which signs. ``headers``
    are the endpoint's own.
    """

    id: int
    url: str
    format: str
    secrets: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Target(id={self.id}, format={self.format!r})"


@dataclass(frozen=True, slots=True)
class Body:
    """What is posted: the same bytes to every endpoint of a format, at every try."""

    content_type: str
    content: bytes

    def to_bytes(self) -> bytes:
        return self.content_type.encode("ascii") + b"\n" + self.content

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The inverse of :meth:`to_bytes`."""
        content_type, _, content = data.partition(b"\n")
        return cls(content_type.decode("ascii"), content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What a format is made from. ``first`` says that its receivers had no edition before."""

    release: Release
    site: Site
    webhook_id: str
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a test message is made from."""

    site: Site
    webhook_id: str
    endpoint: str
    message: str
    language: str
    now: datetime


def same_address(url: str, webhook_id: str) -> str:
    return url


def no_headers(origin: str) -> tuple[tuple[str, str], ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How one kind of receiver is spoken to.

    ``build`` and ``test`` give the document; ``judge`` says what an answer that the common table
    does not settle means (see ``answers``); ``address`` may add to the URL; ``headers`` are those
    of the format, from the site's host.
    """

    build: Callable[[Edition], dict[str, Any]]
    test: Callable[[Trial], dict[str, Any]]
    judge: Callable[[Answer], DeliveryError | None]
    content_type: str = "application/json"
    signed: bool = True
    chat: bool = False
    max_per_minute: int = 600
    address: Callable[[str, str], str] = same_address
    headers: Callable[[str], tuple[tuple[str, str], ...]] = no_headers
