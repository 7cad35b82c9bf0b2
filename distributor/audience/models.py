"""Who wants what: topics, subscribers with their subscriptions, endpoints."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Topic(models.Model):
    """What one may follow. The slug is for ever, the names may change."""

    slug = models.SlugField(_("slug"), max_length=64, unique=True)
    names = models.JSONField(_("names"), default=dict, help_text=_("one for each language"))
    media_topic = models.CharField(
        _("IPTC Media Topic"),
        max_length=8,
        blank=True,
        validators=[RegexValidator(r"^\d{8}$", _("A Media Topic has eight digits."))],
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name(settings.DISTRIBUTOR.site.languages[0])

    def name(self, language: str) -> str:
        """The name in ``language``, else in any, else the slug."""
        return self.names.get(language) or next(iter(self.names.values()), self.slug)


class Subscriber(models.Model):
    """A person. ``key`` is the address as it is compared; ``languages`` is ``" sv en "``."""

    address = models.CharField(max_length=254)
    key = models.CharField(max_length=254, unique=True)
    languages = models.CharField(max_length=80, default="")
    name = models.CharField(max_length=200, blank=True)
    outlet = models.CharField(max_length=200, blank=True)
    beat = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    suppressed = models.CharField(max_length=40, blank=True, help_text="class, or empty")

    def __str__(self) -> str:
        return f"subscriber {self.pk}"


class Subscription(models.Model):
    """A subscriber's wish for one topic; ended with a reason, never deleted but by erasure."""

    class Pace(models.TextChoices):
        IMMEDIATE = "immediate", _("at once")
        DAILY = "daily", _("daily digest")
        WEEKLY = "weekly", _("weekly digest")
        PAUSED = "paused", _("paused")

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="subscriptions"
    )
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="subscriptions")
    pace = models.CharField(max_length=12, choices=Pace.choices, default=Pace.IMMEDIATE)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["topic", "subscriber"], name="one_wish_per_topic")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber_id} wants {self.topic_id}"


class Consent(models.Model):
    """What a subscriber agreed to, or by whose word the office holds the address."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="consents")
    basis = models.CharField(max_length=40, help_text="consent, or another legal basis")
    source = models.CharField(max_length=200, help_text="page, file or person it came from")
    recorded_by = models.CharField(max_length=150, help_text="who put it on record")
    text = models.TextField(blank=True, help_text="the words agreed to")
    given_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.basis} of {self.subscriber_id}"


class Grant(models.Model):
    """A subscriber's accreditation: what is under embargo is mailed to them.

    They accepted the terms of ``terms_version`` at ``accepted_at``. It holds until ``valid_until``
    (None: without end) or until it is revoked. With ``link_only`` their mail has no text.
    """

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="grants")
    terms_version = models.CharField(max_length=40)
    accepted_at = models.DateTimeField()
    granted_by = models.CharField(max_length=150, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=40, blank=True)
    link_only = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"grant of {self.subscriber_id}"


class Endpoint(models.Model):
    """A webhook address. URL, headers and secrets are sealed with the row's ``salt``."""

    class Format(models.TextChoices):
        STANDARD = "standard", "Standard Webhooks"
        CLOUDEVENTS = "cloudevents", "CloudEvents"
        NINJS = "ninjs", "ninjs 3.1"
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"
        MATTERMOST = "mattermost", "Mattermost"
        GOOGLECHAT = "googlechat", "Google Chat"

    class State(models.TextChoices):
        ENABLED = "enabled", _("enabled")
        PAUSED = "paused", _("paused")
        DISABLED = "disabled", _("disabled")

    salt = models.UUIDField(unique=True)
    name = models.CharField(max_length=80)
    contact = models.EmailField(blank=True)
    host = models.CharField(max_length=260)
    sealed_url = models.BinaryField()
    url_hash = models.CharField(max_length=32)
    sealed_headers = models.BinaryField(default=bytes)
    format = models.CharField(max_length=12, choices=Format.choices, default=Format.STANDARD)
    topics = models.ManyToManyField(Topic, blank=True, related_name="endpoints")
    languages = models.CharField(max_length=80, default="", help_text='" sv en "; empty means all')
    updates = models.BooleanField(default=True, help_text="wants release.updated too")
    trusted = models.BooleanField(default=False)
    max_per_minute = models.PositiveIntegerField(default=600)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ENABLED)
    reason = models.CharField(max_length=20, blank=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    failing_since = models.DateTimeField(null=True, help_text="the first of these failures")
    warned = models.PositiveSmallIntegerField(default=0, help_text="how often, of these failures")
    warned_at = models.DateTimeField(null=True, help_text="the first time")
    disabled_at = models.DateTimeField(null=True)
    slow = models.BooleanField(default=False, help_text="so was, or failed, the last attempt")
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["url_hash", "format"],
                condition=Q(deleted_at=None),
                name="one_endpoint_per_url_and_format",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Letter(models.Model):
    """A mail to one person that is no release, and how far it has come.

    What it says follows from ``kind`` and ``context`` when it is sent. ``due_at`` is None once it
    has left or was given up. A claim is a lease.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    address = models.EmailField()
    language = models.CharField(max_length=12)
    kind = models.CharField(max_length=24)
    context = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, default=timezone.now)
    rung_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=500, blank=True)
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="letter_due")
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"


class Secret(models.Model):
    """A signing secret of an endpoint, good until ``ends_at`` (None: until it is replaced)."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"secret of {self.endpoint_id}"
