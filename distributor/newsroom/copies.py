"""The public copies of uploaded pictures and documents, kept under their SHA-256.

An upload is private for good. What the public may one day get is a copy beside it, made once per
upload and never changed: the same words and files give the same addresses.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.utils.translation import gettext as _

from distributor.dispatch.models import Edition
from distributor.newsroom import pictures
from distributor.newsroom.slugs import slug

MAX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Copy:
    """``path`` is its name in the media storage; width and height are 0 for a document."""

    sha256: str
    path: str
    mime_type: str
    bytes: int
    width: int = 0
    height: int = 0


class Copied(models.Model):
    """An upload with public copies; they are made again when its file changes."""

    copies = models.JSONField(default=dict, editable=False)
    file: Any

    class Meta:
        abstract = True

    def made(self) -> dict[str, Copy]:
        """Each copy under its role: ``original``, and of a picture ``mail``.

        Raises:
            NotAPicture: the file is no picture after all.
            OSError: the file cannot be read.
        """
        if self.copies.get("of") != self.file.name:
            self.keep(self._make(self._content()))
        return {role: Copy(**copy) for role, copy in self.copies.items() if role != "of"}

    def keep(self, made: dict[str, Copy]) -> None:
        """Note the copies that were made of the file as it is now."""
        self.copies = {"of": self.file.name} | {role: asdict(copy) for role, copy in made.items()}
        type(self)._default_manager.filter(pk=self.pk).update(copies=self.copies)

    def shown_by(self) -> list[str]:
        """The titles of the releases of which some edition shows this file."""
        copies = [copy["sha256"] for role, copy in self.copies.items() if role != "of"]
        shown = Edition.objects.filter(files__sha256__in=copies, taken_back_at=None)
        return list(shown.values_list("title", flat=True).order_by("-number").distinct())

    def _refuse_replacing(self) -> None:
        """Raises ValidationError if the form brings another file than the one editions show."""
        if self.pk is None or getattr(self.file, "_committed", True):
            return
        if titles := type(self)._default_manager.get(pk=self.pk).shown_by():
            said = _("The release “%s” shows this file: upload the new one as a file of its own.")
            raise ValidationError({"file": said % titles[0]})

    def _content(self) -> bytes:
        with self.file.storage.open(self.file.name, "rb") as file:
            content: bytes = file.read()
        return content

    def _make(self, content: bytes) -> dict[str, Copy]:
        raise NotImplementedError


def copies_of_picture(content: bytes) -> dict[str, Copy]:
    """Stores what the public gets of a picture.

    Raises:
        NotAPicture: one line that says why.
    """
    original = pictures.original(content)
    mail = pictures.for_mail(original)
    return {"original": _stored_picture(original), "mail": _stored_picture(mail)}


def copy_of_document(content: bytes, file_name: str) -> Copy:
    """Stores what the public gets of a document, which is its very bytes."""
    mime_type = mimetypes.guess_type(file_name)[0] or "application/octet-stream"
    sha256, path = store(content, PurePosixPath(file_name).suffix.lstrip("."))
    return Copy(sha256, path, mime_type, len(content))


def store(content: bytes, ending: str) -> tuple[str, str]:
    """Keep ``content`` under its SHA-256; returns that and the name in the media storage."""
    sha256 = hashlib.sha256(content).hexdigest()
    ending = slug(ending) or "bin"
    path = f"public/{sha256[:2]}/{sha256}.{ending}"
    if not default_storage.exists(path):
        path = default_storage.save(path, ContentFile(content))
    return sha256, path


def _stored_picture(picture: pictures.Rendition) -> Copy:
    sha256, path = store(picture.content, pictures.ENDINGS[picture.mime_type])
    return Copy(
        sha256, path, picture.mime_type, len(picture.content), picture.width, picture.height
    )
