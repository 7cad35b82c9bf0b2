"""The newsroom's pages: a list in each language, and under it the releases."""

from __future__ import annotations

import uuid
from http import HTTPMethod
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index
from wagtail.url_routing import RouteResult

from distributor.audience.models import Topic
from distributor.newsroom import public, slugs
from distributor.newsroom.blocks import BodyBlock, ContactsBlock
from distributor.newsroom.forms import ReleaseForm
from distributor.newsroom.media import Picture, PictureRendition, UploadedDocument
from distributor.newsroom.panels import RELEASE_PANELS
from distributor.newsroom.permissions import NewsroomPermissions, ReleasePermissions
from distributor.newsroom.registers import House, HouseContact, Rules

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from wagtail.models import Revision

__all__ = [
    "Act",
    "Approval",
    "UploadedDocument",
    "House",
    "HouseContact",
    "NewsroomPage",
    "Picture",
    "PictureRendition",
    "ReleasePage",
    "Rules",
]


READ = [HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.OPTIONS]


class NewsroomPage(Page):
    """The list of releases in one language. There is one for each language of the site."""

    parent_page_types: list[str] = []
    subpage_types = ["newsroom.ReleasePage"]
    private_page_options: list[str] = []
    allowed_http_methods = READ
    content_panels: list[Any] = []
    promote_panels: list[Any] = []
    settings_panels: list[Any] = []

    class Meta:
        verbose_name = _("newsroom")
        verbose_name_plural = _("newsrooms")

    def permissions_for_user(self, user: Any) -> NewsroomPermissions:
        return NewsroomPermissions(user, self)

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return public.newsroom(request, self.locale.language_code)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return self.serve(request)


class ReleasePage(Page):
    """What an editor writes. The public never sees it, but the editions that are made of it."""

    class Type(models.TextChoices):
        PRESS = "press", _("Press release")
        INVITATION = "invitation", _("Press invitation")
        NEWS = "news", _("News")

    class EventStatus(models.TextChoices):
        PLANNED = "planned", _("planned")
        CHANGED = "changed", _("changed")
        CANCELLED = "cancelled", _("cancelled")

    slug: str
    release_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    type = models.CharField(
        _("type"), max_length=10, choices=Type.choices, default=Type.PRESS, blank=True
    )
    place = models.CharField(_("place"), max_length=80, blank=True)
    lead = models.TextField(
        _("lead"),
        max_length=600,
        blank=True,
        help_text=_("The news in brief; it must be understood alone."),
    )
    event_start = models.DateTimeField(_("start"), null=True, blank=True)
    event_end = models.DateTimeField(_("end"), null=True, blank=True)
    event_place = models.CharField(_("venue"), max_length=120, blank=True)
    event_address = models.CharField(_("address"), max_length=200, blank=True)
    event_url = models.CharField(_("web link"), max_length=2000, blank=True)
    event_registration = models.CharField(
        _("registration"),
        max_length=300,
        blank=True,
        help_text=_("How to register: an address, or words."),
    )
    event_status = models.CharField(
        _("status"), max_length=9, choices=EventStatus.choices, default=EventStatus.PLANNED
    )
    body = StreamField(BodyBlock(), blank=True, verbose_name=_("text"))
    contacts = StreamField(ContactsBlock(), blank=True, verbose_name=_("press contacts"))
    boilerplate = models.TextField(
        _("about the sender"),
        max_length=2000,
        blank=True,
        help_text=_("Empty: the house’s own text."),
    )
    topics = ParentalManyToManyField(Topic, blank=True, verbose_name=_("topics"))
    case_number = models.CharField(_("case number"), max_length=64, blank=True)
    replaces = models.ForeignKey(
        "self",
        verbose_name=_("replaces"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="replaced_by",
        help_text=_("The withdrawn release whose place this one takes."),
    )
    embargo_until = models.DateTimeField(
        _("embargo until"),
        null=True,
        blank=True,
        help_text=_("Until then only readers who have been granted it may see the release."),
    )
    import_notes = models.JSONField(default=list, editable=False)

    base_form_class = ReleaseForm
    edit_handler = RELEASE_PANELS
    parent_page_types = ["newsroom.NewsroomPage"]
    subpage_types: list[str] = []
    private_page_options: list[str] = []
    allowed_http_methods = READ
    exclude_fields_in_copy = ["release_id", "import_notes", "embargo_until"]
    search_fields = [
        *Page.search_fields,
        index.SearchField("lead"),
        index.SearchField("body"),
        index.SearchField("case_number"),
        index.FilterField("type"),
    ]

    class Meta:
        verbose_name = _("release")
        verbose_name_plural = _("releases")

    def get_admin_display_title(self) -> str:
        return str(self.draft_title or self.title or _("(no title)"))

    @property
    def language(self) -> str:
        return str(self.locale.language_code)

    def permissions_for_user(self, user: Any) -> ReleasePermissions:
        return ReleasePermissions(user, self)

    def _set_core_field_defaults(self) -> None:
        """The slug follows the title until the first issue, and never changes after it."""
        if self.path and (not self.slug or not self.is_issued()):
            siblings = Page.objects.filter(path__startswith=self.path[: -self.steplen])
            siblings = siblings.filter(depth=self.depth).exclude(pk=self.pk)
            self.slug = slugs.free(
                self.title,
                f"release-{str(self.release_id)[:8]}",
                tuple(settings.DISTRIBUTOR.site.languages),
                lambda slug: siblings.filter(slug=slug).exists(),
            )
        super()._set_core_field_defaults()

    def minimal_clean(self) -> None:
        """Wagtail's check of a draft, but for its title: a draft may lack one."""
        self._set_core_field_defaults()
        self._check_slug_is_unique()

    def is_issued(self) -> bool:
        """Whether an edition exists, left or not."""
        return public.is_issued(self.release_id)

    def with_content_json(self, content: dict[str, Any]) -> ReleasePage:
        """The page as a revision has it, but for the slug of an issued release."""
        page: ReleasePage = super().with_content_json(content)
        if self.is_issued():
            kept = Page.objects.values_list("slug", "url_path").get(pk=self.pk)
            page.slug, page.url_path = kept
        return page

    def save_revision(self, *args: Any, **kwargs: Any) -> Revision:
        overwritten = kwargs.get("overwrite_revision")
        if overwritten and Act.objects.filter(revision=overwritten).exists():
            raise PermissionDenied("What was published is not overwritten.")
        return super().save_revision(*args, **kwargs)

    def route(self, request: HttpRequest, path_components: list[str]) -> RouteResult:
        """Whether there is a page is asked of the editions, whatever Wagtail thinks of it.

        So no method, OPTIONS included, tells a page that has not left from an unknown one.
        """
        if path_components or not public.is_shown(self.release_id):
            raise Http404
        return RouteResult(self)

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return public.release(request, self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return public.preview(request, self)


class Act(models.Model):
    """What is done by publishing a revision, stored before it is published.

    So whoever comes first, the signal or the sweep, issues the same edition. ``event`` is the
    webhook's event type; ``kind``, ``note``, ``wrong`` and ``right`` are those of a correction.
    ``after`` is the number of the edition on which it was decided, None if that does not matter.
    ``edition_number`` is set once the edition is there; ``problem`` says why there is none.
    """

    revision = models.OneToOneField(
        "wagtailcore.Revision", on_delete=models.CASCADE, related_name="act"
    )
    event = models.CharField(max_length=24, default="release.published")
    kind = models.CharField(max_length=8, blank=True)
    note = models.TextField(blank=True)
    wrong = models.TextField(blank=True)
    right = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    issuer = models.CharField(max_length=150)
    approver = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    leaves_at = models.DateTimeField()
    after = models.PositiveIntegerField(null=True)
    channels = models.JSONField(default=list, help_text="those it goes out by; none: all")
    granted = models.JSONField(
        default=list, help_text="subscribers who alone get it under embargo; none: all granted"
    )
    edition_number = models.PositiveIntegerField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["revision"],
                condition=models.Q(edition_number=None),
                name="act_without_edition",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} of revision {self.revision_id}"


class Approval(models.Model):
    """Somebody's word that what a page says may be published, bound to words and embargo."""

    page = models.ForeignKey(ReleasePage, on_delete=models.CASCADE, related_name="approvals")
    digest = models.CharField(max_length=71)
    embargo_until = models.DateTimeField(null=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M}"
