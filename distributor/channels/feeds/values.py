"""What a feed is made of: frozen values, ready to be written in any format.

All instants are aware; all URLs are absolute and ASCII; all text but ``html`` is plain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from distributor.release import Correction, Topic, Translation

TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
}
"""The formats and their media types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One public list.

    ``name`` is its place under ``/feeds/`` (``all``, ``sv/all``, ``sv/digitalisering``) and ``url``
    its address without the suffix of a format. ``id`` is a tag URI (RFC 4151) such as
    ``tag:press.example.se,2023:feed/all``; the schemes of categories have its authority and year.
    ``page_url`` is the page in the newsroom with the same releases, ``born`` the instant that an
    empty feed gives as its last change. ``prev_archive`` is the address, without suffix, of the
    next older archive document (RFC 5005); ``hub`` is that of the WebSub hub. ``logo`` is a picture
    of at most 144 × 400 pixels, ``icon`` a square one of at least 512, ``favicon`` a small one.
    """

    name: str
    id: str
    title: str
    description: str
    language: str
    url: str
    page_url: str
    born: datetime
    hub: str | None = None
    prev_archive: str | None = None
    logo: str = ""
    icon: str = ""
    favicon: str = ""
    rights: str = ""

    def address(self, format: str) -> str:
        """Where the document in ``format`` is: ``https://press.example.se/feeds/sv/all.atom``."""
        return f"{self.url}.{format}"

    def updated(self, entries: Sequence[Entry]) -> datetime:
        """The feed's last change: the newest of its entries', or its birth."""
        return max((entry.updated for entry in entries), default=self.born)

    def spoken(self, entry: Entry) -> str:
        """The language to write on ``entry``: empty where the feed's own says it."""
        return entry.language if self.name == "all" or entry.language != self.language else ""

    def scheme(self, kind: str) -> str:
        """The scheme of a sort of category: ``tag:press.example.se,2023:topics``."""
        authority_and_date = self.id.removeprefix("tag:").partition(":")[0]
        return f"tag:{authority_and_date}:{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an entry. ``bytes`` is its exact size; ``title`` is unique in it.

    ``medium`` is ``image`` or ``document``. ``width`` and ``height`` (pixels), ``caption``, ``alt``
    and ``credit`` are those of an image.
    """

    url: str
    mime_type: str
    bytes: int
    title: str
    medium: str
    width: int = 0
    height: int = 0
    caption: str = ""
    alt: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed: a release, its stub while it is withheld or withdrawn, or a notice.

    ``html`` is cleaned; it is written as it stands. ``status`` is ``usable``, ``withheld`` or
    ``canceled``. ``corrected`` says that facts of it were corrected, by this edition or an earlier
    one, which ``correction`` does not tell. ``kind`` is the release's type. ``json_url`` is the
    release as ninjs.
    """

    id: str
    url: str
    title: str
    summary: str
    html: str
    language: str
    published: datetime
    updated: datetime
    authors: tuple[str, ...]
    kind: str
    version: int
    status: str = "usable"
    digest: str = ""
    json_url: str = ""
    topics: tuple[Topic, ...] = ()
    correction: Correction | None = None
    corrected: bool = False
    enclosures: tuple[Enclosure, ...] = ()
    translations: tuple[Translation, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        """What a reader is warned of: ``corrected``, ``withheld`` or ``canceled``."""
        if self.status != "usable":
            return (self.status,)
        fact = self.correction is not None and self.correction.kind == "fact"
        return ("corrected",) if fact or self.corrected else ()

    @property
    def enclosure(self) -> Enclosure | None:
        """The one that a format with room for one shows: the first image, else the first."""
        images = (each for each in self.enclosures if each.medium == "image")
        return next(images, next(iter(self.enclosures), None))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, for keeping: an entry is made once and used by every build."""
        data: dict[str, Any] = _ENTRY.dump_python(self, mode="json")
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Entry:
        """The inverse of :meth:`to_dict`. Unknown keys are ignored, so that older rows load."""
        return _ENTRY.validate_python(data)


_ENTRY = TypeAdapter(Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Atom's word that an entry is gone (RFC 6721): ``ref`` is its id, ``by`` who says so."""

    ref: str
    when: datetime
    by: str
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A feed's documents by format: ``rss``, ``atom`` and ``json``.

    ``left_out`` holds the ids of the entries that could not be built; ``warnings`` says why, and
    what else the operator should know.
    """

    documents: dict[str, bytes]
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
