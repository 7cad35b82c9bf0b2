"""A release page, as its editor left it, to the frozen value that is issued."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.utils import timezone

from distributor.dispatch import compositions, editions
from distributor.dispatch.models import Edition
from distributor.newsroom import registers
from distributor.newsroom.copies import Copied, Copy
from distributor.newsroom.inline import line, one, paragraphs, plain
from distributor.newsroom.pictures import NotAPicture
from distributor.newsroom.slugs import slug
from distributor.release import (
    Attachment,
    Block,
    Contact,
    EmbedLink,
    Event,
    FactBox,
    Heading,
    Image,
    Items,
    Paragraph,
    Quote,
    Release,
    Site,
    Statement,
    Topic,
    Translation,
)
from distributor.rendering import addresses
from distributor.rendering.cleaning import absolute

if TYPE_CHECKING:
    from distributor.newsroom.models import ReleasePage

Address = Callable[[Site, Copy, str], str]


@dataclass
class Snapshot:
    """A page read into a release; ``blocks`` has the number of each block in the editor."""

    release: Release
    files: list[editions.File] = field(default_factory=list)
    blocks: list[tuple[int, Block]] = field(default_factory=list)


def snapshot(page: ReleasePage) -> tuple[Release, list[editions.File]]:
    """``page`` as a release, and the files that it shows.

    Number, status and times of the edition are left open. What a draft lacks is left out: whether
    it may be published is asked of :mod:`distributor.newsroom.stops`.
    """
    taken = take(page)
    return taken.release, taken.files


def public_address(site: Site, copy: Copy, name: str) -> str:
    """Where the public finds a copy while an edition shows it: ``/files/<sha256>/<name>``."""
    ending = copy.path.rpartition(".")[2]
    stem = slug(name.rpartition("/")[2].removesuffix(f".{ending}")) or "file"
    return f"{site.url.rstrip('/')}/files/{copy.sha256}/{quote(stem)}.{ending}"


def take(page: ReleasePage, address: Address = public_address) -> Snapshot:
    """Like :func:`snapshot`, with the place of each block; ``address`` gives the files' URLs."""
    site = compositions.site()
    reader = _Reader(page, site, address)
    first = Edition.objects.filter(release_id=page.release_id).order_by("number").first()
    earlier = first.release if first else None
    blocks = list(reader.blocks())
    release = Release(
        id=str(page.release_id),
        uri=earlier.uri if earlier else minted(site, page.release_id),
        url=earlier.url if earlier else reader.url,
        type=page.type,
        language=page.language,
        title=line(page.title),
        lead=line(page.lead),
        place=line(page.place),
        event=reader.event(),
        body=tuple(block for _, block in blocks),
        contacts=tuple(reader.contacts()),
        boilerplate=plain(page.boilerplate or registers.house(page.language).boilerplate),
        topics=tuple(
            Topic(slug=topic.slug, name=topic.name(page.language), media_topic=topic.media_topic)
            for topic in sorted(page.topics.all(), key=lambda topic: topic.slug)
        ),
        case_number=line(page.case_number),
        translations=tuple(translations(page)),
        replaces=_uri(page.replaces) if page.replaces else None,
    )
    return Snapshot(release, reader.files, blocks)


def minted(site: Site, release_id: object) -> str:
    """A ``tag:`` URI (RFC 4151) for a release that is issued for the first time this year."""
    return f"tag:{addresses.host(site)},{timezone.now().year}:release/{release_id}"


def translations(page: ReleasePage) -> Iterator[Translation]:
    """The release in other languages, as far as it is public there now."""
    others = page.get_translations().values("release_id")
    shown = editions.public().filter(release_id__in=others)
    for edition in sorted(shown, key=lambda edition: edition.language):
        release = edition.release
        yield Translation(language=release.language, url=release.url, title=release.title)


def _uri(page: ReleasePage) -> str | None:
    edition = editions.newest(page.release_id)
    return edition.release.uri if edition else None


class _Reader:
    """Reads the parts of one page, and notes the files they show."""

    def __init__(self, page: ReleasePage, site: Site, address: Address) -> None:
        self.page = page
        self.site = site
        self.address = address
        self.url = f"{addresses.newsroom(site, page.language)}{page.slug}/"
        self.files: list[editions.File] = []

    def event(self) -> Event | None:
        page = self.page
        if page.type != "invitation" or page.event_start is None:
            return None
        return Event(
            start=page.event_start.astimezone(UTC),
            place=line(page.event_place),
            end=page.event_end.astimezone(UTC) if page.event_end else None,
            address=line(page.event_address),
            url=absolute(page.event_url, "") or line(page.event_url),
            registration=line(page.event_registration),
            status=page.event_status,
        )

    def contacts(self) -> Iterator[Contact]:
        names = ("name", "role", "organisation", "phone", "email", "hours")
        for child in self.page.contacts:
            value = child.value
            if value is None:
                continue
            own = child.block_type == "own"
            given = {name: value.get(name) if own else getattr(value, name) for name in names}
            yield Contact(**{name: line(text or "") for name, text in given.items()})

    def blocks(self) -> Iterator[tuple[int, Block]]:
        for number, child in enumerate(self.page.body, 1):
            for block in self._block(child.block_type, child.value):
                yield number, block

    def _block(self, kind: str, value: Any) -> Iterator[Block]:
        language = line(value.get("language") or "")

        def words(name: str) -> str:
            return line(value.get(name) or "")

        match kind:
            case "paragraph":
                for text in self._paragraphs(value["text"]):
                    yield Paragraph(text=text, language=language)
            case "heading":
                yield Heading(
                    text=words("text"), level=int(value.get("level") or 2), language=language
                )
            case "list":
                yield self._items(value, language)
            case "quote":
                text = one(_source(value["text"]), self.url)
                yield Quote(text=text, name=words("name"), title=words("title"), language=language)
            case "statement":
                yield Statement(
                    intro=words("intro"),
                    paragraphs=tuple(self._paragraphs(value["text"])),
                    source=words("source"),
                    language=language,
                )
            case "image":
                yield from self._image(value, words, language)
            case "attachment":
                yield from self._attachment(value["document"], words("title"), language)
            case "fact_box":
                yield FactBox(
                    title=words("title"),
                    content=tuple(self._facts(value["content"])),
                    language=language,
                )
            case "embed":
                url = absolute(words("url"), "") or words("url")
                yield EmbedLink(url=url, title=words("title"), language=language)

    def _paragraphs(self, rich_text: Any) -> list[str]:
        return paragraphs(_source(rich_text), self.url)

    def _items(self, value: Any, language: str) -> Items:
        items = (one(_source(item), self.url) for item in value["items"])
        return Items(
            items=tuple(item for item in items if item),
            ordered=bool(value.get("ordered")),
            language=language,
        )

    def _facts(self, stream: Any) -> Iterator[Paragraph | Items]:
        for child in stream:
            for block in self._block(child.block_type, child.value):
                if isinstance(block, Paragraph | Items):
                    yield block

    def _image(self, value: Any, words: Callable[[str], str], language: str) -> Iterator[Image]:
        picture = value["image"]
        made = _made(picture)
        if made is None:
            return
        original, mail = made["original"], made["mail"]
        expires_at = picture.expires_at.astimezone(UTC) if picture.expires_at else None
        self._note(original, expires_at)
        self._note(mail, expires_at)
        decorative = bool(value.get("decorative"))
        yield Image(
            url=self.address(self.site, original, picture.file.name),
            alt="" if decorative else words("alt"),
            mime_type=original.mime_type,
            width=original.width,
            height=original.height,
            bytes=original.bytes,
            sha256=original.sha256,
            caption=words("caption"),
            credit=line(picture.credit),
            licence=line(picture.licence),
            expires_at=expires_at,
            decorative=decorative,
            web_url=self.address(self.site, mail, picture.file.name),
            web_width=mail.width,
            web_height=mail.height,
            language=language,
        )

    def _attachment(self, document: Any, title: str, language: str) -> Iterator[Attachment]:
        made = _made(document)
        if made is None:
            return
        copy = made["original"]
        self._note(copy, None)
        yield Attachment(
            url=self.address(self.site, copy, document.file.name),
            title=title,
            mime_type=copy.mime_type,
            bytes=copy.bytes,
            sha256=copy.sha256,
            language=language,
        )

    def _note(self, copy: Copy, expires_at: datetime | None) -> None:
        self.files.append(editions.File(copy.sha256, copy.path, expires_at))


def _source(rich_text: Any) -> str:
    return getattr(rich_text, "source", rich_text) or ""


def _made(upload: Copied | None) -> dict[str, Copy] | None:
    """The copies of an upload; None if none was chosen or its file is unreadable."""
    if upload is None:
        return None
    try:
        return upload.made()
    except (NotAPicture, OSError):
        return None
