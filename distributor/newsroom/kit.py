"""The press kit: a release's text, pictures and documents in one ZIP file."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from django.core.files.storage import default_storage

from distributor.newsroom import corrections
from distributor.newsroom.words import word
from distributor.release import Attachment, Image, Release, Site
from distributor.rendering import dates, files, html, ninjs, subject, text
from distributor.templating import render

if TYPE_CHECKING:
    from distributor.dispatch.models import Edition

_SPOOLED = 10_000_000


@dataclass(frozen=True, slots=True)
class _File:
    """A picture or document: its name in the kit, and in the media storage."""

    name: str
    path: str
    shown: Image | Attachment


def name(words: Release) -> str:
    """What the kit of a release is saved as: the last part of the page's address."""
    return f"{urlsplit(words.url).path.strip('/').rpartition('/')[2] or words.id}.zip"


def tag(words: Release) -> str:
    """Differs when the kit does: an edition's number, and the pictures that may be shown."""
    shown = "-".join(image.sha256[:12] for image in words.images)
    return f"{words.id}-{words.version}-{shown}" if shown else f"{words.id}-{words.version}"


def kit(edition: Edition, words: Release, site: Site) -> IO[bytes]:
    """``words`` of ``edition`` as a ZIP file, open at its beginning.

    Equal words give equal bytes: nothing is compressed, since its packing differs from machine to
    machine, and every time is that of the edition. The translations that happen to be public at
    the moment are not named in it.
    """
    words, facts = replace(words, translations=()), corrections.of(words.id)
    found = list(_files(edition, words))
    packed = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for file_name, content in _texts(words, site, found, facts):
            archive.writestr(_member(file_name, words), content)
        for file in found:
            with (
                default_storage.open(file.path, "rb") as source,
                archive.open(_member(file.name, words), "w") as target,
            ):
                shutil.copyfileobj(source, target)
    packed.seek(0)
    return packed


def _member(file_name: str, words: Release) -> ZipInfo:
    moment = (words.updated_at or datetime(1980, 1, 1, tzinfo=UTC)).astimezone(UTC)
    member = ZipInfo(file_name, moment.timetuple()[:6])
    member.external_attr = 0o644 << 16
    member.create_system = 3
    return member


def _texts(
    words: Release, site: Site, found: list[_File], facts: list[Release]
) -> Iterator[tuple[str, str]]:
    yield "text.txt", text.text(words, site, corrections=facts)
    yield "release.html", _page(words, site, found, facts)
    document = ninjs.ninjs(words, site)
    yield "release.json", json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if credits := _credits(words, site, found):
        yield "credits.txt", credits


def _page(words: Release, site: Site, found: list[_File], facts: list[Release]) -> str:
    """The whole text as a page of its own, with the pictures beside it."""
    content = html.text_html(words, site, corrections=facts)
    for file in found:
        content = content.replace(f'"{file.shown.url}"', f'"{file.name}"')
    return render(
        "newsroom/kit.html",
        language=words.language,
        label=subject.label(words),
        title=subject.heading(words, site),
        content=content,
        url=words.url,
    )


def _files(edition: Edition, words: Release) -> Iterator[_File]:
    paths = dict(edition.files.values_list("sha256", "path"))
    groups: dict[str, tuple[Image | Attachment, ...]] = {
        "images": words.images,
        "documents": words.attachments,
    }
    for folder, shown in groups.items():
        for number, each in enumerate(shown, 1):
            path = paths.get(each.sha256)
            if path and default_storage.exists(path):
                last = urlsplit(each.url).path.rpartition("/")[2]
                yield _File(f"{folder}/{number}-{last}", path, each)


def _credits(words: Release, site: Site, found: list[_File]) -> str:
    parts = []
    for file in found:
        if not isinstance(file.shown, Image):
            continue
        image, language = file.shown, words.language
        lines = [
            file.name,
            image.alt,
            image.caption,
            word(language, "credit", name=image.credit) if image.credit else "",
            word(language, "licence", licence=image.licence) if image.licence else "",
            word(
                language,
                "not_after",
                moment=dates.written(image.expires_at, language, site.time_zone),
            )
            if image.expires_at
            else "",
            f"{image.width} × {image.height}, {files.size(image.bytes, language)}",
        ]
        parts.append("\n".join(line for line in lines if line))
    return "\n\n".join(parts) + "\n" if parts else ""
