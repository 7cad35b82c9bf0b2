"""Uploads: pictures with their credit and licence, and documents."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.documents.models import AbstractDocument
from wagtail.images.models import AbstractImage, AbstractRendition

from distributor.newsroom import pictures
from distributor.newsroom.copies import Copied, Copy, copies_of_picture, copy_of_document


class Picture(Copied, AbstractImage):  # type: ignore[django-manager-missing]
    """A picture, with what is said of it wherever it is shown."""

    credit = models.CharField(
        _("credit"), max_length=200, blank=True, help_text=_("The photographer’s name.")
    )
    licence = models.CharField(
        _("licence"),
        max_length=200,
        blank=True,
        help_text=_("What others may do with it, such as “Free for editorial use” or “CC BY 4.0”."),
    )
    licence_ends = models.DateField(
        _("the licence’s last day"),
        null=True,
        blank=True,
        help_text=_("After this day the picture is no longer shown. Empty: no end."),
    )

    admin_form_fields = (
        "title",
        "file",
        "description",
        "credit",
        "licence",
        "licence_ends",
        "collection",
        "tags",
    )

    class Meta(AbstractImage.Meta):
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    @property
    def expires_at(self) -> datetime | None:
        """The first instant at which it may no longer be shown: midnight after its last day."""
        if self.licence_ends is None:
            return None
        zone = ZoneInfo(settings.DISTRIBUTOR.site.time_zone)
        return datetime.combine(self.licence_ends + timedelta(days=1), time(), zone)

    def clean(self) -> None:
        super().clean()
        self._refuse_replacing()
        if self.file and not getattr(self.file, "_committed", True):
            self.file.open("rb")
            try:
                pictures.original(self.file.read())
            except pictures.NotAPicture as error:
                raise ValidationError({"file": f"{self.file.name}: {error}."}) from None
            finally:
                self.file.seek(0)

    def _make(self, content: bytes) -> dict[str, Copy]:
        return copies_of_picture(content)


class PictureRendition(AbstractRendition):
    """A size of a picture for the admin."""

    image = models.ForeignKey(Picture, related_name="renditions", on_delete=models.CASCADE)

    class Meta:
        unique_together = (("image", "filter_spec", "focal_point_key"),)

    def __str__(self) -> str:
        return f"{self.image} ({self.filter_spec})"


class UploadedDocument(Copied, AbstractDocument):  # type: ignore[django-manager-missing]
    """A file to be read beside a release."""

    admin_form_fields = ("title", "file", "collection", "tags")

    def clean(self) -> None:
        super().clean()
        self._refuse_replacing()

    def _make(self, content: bytes) -> dict[str, Copy]:
        return {"original": copy_of_document(content, self.file.name)}
