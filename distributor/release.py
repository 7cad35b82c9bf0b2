"""A release: the words and facts of one edition, as frozen values.

Nothing here knows a database, a framework or a format. All instants are timezone-aware and in UTC,
all text is Unicode NFC. *Inline* text is HTML that holds only ``a[href]``, ``strong``, ``em`` and
``br``; every other ``str`` is plain text.
"""

from __future__ import annotations

import functools
import hashlib
import json
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

Inline = str
"""HTML of ``a[href]``, ``strong``, ``em`` and ``br`` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The newsroom that sends: what every channel says of the sender."""

    name: str
    url: str
    languages: tuple[str, ...]
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    tag: ClassVar[str] = "paragraph"
    text: Inline
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    tag: ClassVar[str] = "heading"
    text: str
    level: int = 2
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list, bulleted or numbered."""

    tag: ClassVar[str] = "list"
    items: tuple[Inline, ...]
    ordered: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Somebody's words. ``text`` has no talstreck; the renderers set it."""

    tag: ClassVar[str] = "quote"
    text: Inline
    name: str = ""
    title: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A quoted document, such as a jury's citation."""

    tag: ClassVar[str] = "statement"
    intro: str
    paragraphs: tuple[Inline, ...]
    source: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture at a public, absolute URL. ``alt`` is empty only if ``decorative``.

    ``expires_at`` is the first instant at which it may no longer be shown. ``web_url`` is a
    rendition of at most 200 kB for mail, with ``web_width`` and ``web_height`` in pixels.
    """

    tag: ClassVar[str] = "image"
    url: str
    alt: str
    mime_type: str
    width: int
    height: int
    bytes: int
    sha256: str
    caption: str = ""
    credit: str = ""
    licence: str = ""
    expires_at: datetime | None = None
    decorative: bool = False
    web_url: str = ""
    web_width: int = 0
    web_height: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A document at a public, absolute URL."""

    tag: ClassVar[str] = "attachment"
    url: str
    title: str
    mime_type: str
    bytes: int
    sha256: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactBox:
    tag: ClassVar[str] = "fact_box"
    title: str
    content: tuple[Paragraph | Items, ...]
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedLink:
    tag: ClassVar[str] = "embed"
    url: str
    title: str
    language: str = ""


Block = Paragraph | Heading | Items | Quote | Statement | Image | Attachment | FactBox | EmbedLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    name: str
    role: str = ""
    organisation: str = ""
    phone: str = ""
    email: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What one may follow; ``name`` is in the release's language."""

    slug: str
    name: str
    media_topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What an invitation invites to. ``status`` is ``planned``, ``changed`` or ``cancelled``."""

    start: datetime
    place: str
    end: datetime | None = None
    address: str = ""
    url: str = ""
    registration: str = ""
    status: str = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    language: str
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """``kind`` is ``language``, ``update`` or ``fact``."""

    kind: str
    note: str
    wrong: str | None = None
    right: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One edition of a release.

    ``act`` is the webhook's event type, such as ``release.published``; ``version`` is the
    edition's number; ``status`` is ``usable``, ``withheld`` or ``canceled``. ``published_at`` is
    None under embargo. ``updated_at`` is when this edition leaves.
    """

    id: str
    uri: str
    url: str
    type: str
    language: str
    title: str
    lead: str = ""
    place: str = ""
    event: Event | None = None
    body: tuple[Block, ...] = ()
    contacts: tuple[Contact, ...] = ()
    boilerplate: str = ""
    topics: tuple[Topic, ...] = ()
    case_number: str = ""
    translations: tuple[Translation, ...] = ()
    replaces: str | None = None

    act: str = "release.published"
    version: int = 0
    status: str = "usable"
    published_at: datetime | None = None
    updated_at: datetime | None = None
    embargo_until: datetime | None = None
    correction: Correction | None = None
    reason: str = ""

    @property
    def images(self) -> tuple[Image, ...]:
        return tuple(block for block in self.body if isinstance(block, Image))

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return tuple(block for block in self.body if isinstance(block, Attachment))

    def without_expired(self, at: datetime) -> Self:
        """The release as it may be shown ``at``: without pictures whose last day has passed."""
        body = tuple(
            block
            for block in self.body
            if not (isinstance(block, Image) and block.expires_at and block.expires_at <= at)
        )
        return replace(self, body=body)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: tuples as lists, instants as RFC 3339 in UTC, blocks with their ``tag``."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_dict`. Unknown keys are ignored, so that older rows load."""
        value = _value(cls, data)
        assert isinstance(value, cls)
        return value

    def digest(self) -> str:
        """``sha256:`` and the hex SHA-256 of the canonical JSON (RFC 8785) of the words.

        Files count by their SHA-256. Id, addresses, number, status, times, translations and
        correction do not count: same words, same digest.
        """
        words = {name: _plain(getattr(self, name)) for name in _DIGESTED}
        for block in words["body"]:
            if block["tag"] in ("image", "attachment"):
                for address in ("url", "web_url", "web_width", "web_height"):
                    block.pop(address, None)
        return "sha256:" + hashlib.sha256(canonical(words)).hexdigest()


_DIGESTED = [
    "type",
    "language",
    "title",
    "place",
    "lead",
    "event",
    "body",
    "contacts",
    "boilerplate",
    "topics",
    "case_number",
    "replaces",
]


def canonical(value: Any) -> bytes:
    """JSON as RFC 8785 writes it, for None, bool, int, str, list and dict.

    Raises:
        ValueError: a float is in it, or a lone surrogate (neither occurs in a release).
    """
    return "".join(_canonical(value)).encode("utf-8")


def _canonical(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for index, key in enumerate(sorted(value, key=lambda key: key.encode("utf-16-be"))):
            yield ("," if index else "") + json.dumps(key, ensure_ascii=False) + ":"
            yield from _canonical(value[key])
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for index, item in enumerate(value):
            if index:
                yield ","
            yield from _canonical(item)
        yield "]"
    elif isinstance(value, float):
        raise ValueError("canonical JSON of a float is not needed here and not defined")
    else:
        yield json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        tag = getattr(type(value), "tag", None)
        return {"tag": tag, **plain} if tag else plain
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    return value


def _value(kind: Any, data: Any) -> Any:
    """``data`` as ``kind``, the annotation of a field."""
    if data is None:
        return None
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in data)
    if origin in (typing.Union, types.UnionType):
        choices = [choice for choice in arguments if choice is not type(None)]
        if len(choices) > 1:
            choices = [choice for choice in choices if choice.tag == data["tag"]]
        return _value(choices[0], data)
    if kind is datetime:
        return datetime.fromisoformat(data).astimezone(UTC)
    if is_dataclass(kind):
        known = _annotations(typing.cast(type, kind))
        return typing.cast(Any, kind)(
            **{
                field.name: _value(known[field.name], data[field.name])
                for field in fields(kind)
                if field.name in data
            }
        )
    return data


@functools.cache
def _annotations(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def rfc3339(moment: datetime) -> str:
    """``2023-11-15T09:30:00Z``: UTC, whole seconds, for an aware ``moment``."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
