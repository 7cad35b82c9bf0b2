"""What was issued, what is owed to whom, and what came of each try."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from distributor.release import Release


class Edition(models.Model):
    """One issued version of a release. Its row never changes but for the marks of its progress.

    ``revision`` is the caller's key of what was done: the same key gives the same edition.
    Nothing of an edition is readable or sent before ``leaves_at``, by the clock at read time.
    ``published_at`` is when the release first became public; None if it has not been so far, be it
    that ``embargo_until`` is to come or that it was withheld or withdrawn before. After
    ``erased_at`` the row has no words any more.
    """

    class Status(models.TextChoices):
        USABLE = "usable"
        WITHHELD = "withheld"
        CANCELED = "canceled"

    release_id = models.UUIDField()
    number = models.PositiveIntegerField()
    revision = models.CharField(max_length=80)
    event_id = models.UUIDField(unique=True)
    act = models.CharField(max_length=24)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.USABLE)
    digest = models.CharField(max_length=71)
    language = models.CharField(max_length=12)
    title = models.CharField(max_length=255)
    content = models.JSONField()
    issuer = models.CharField(max_length=150)
    approver = models.CharField(max_length=150, blank=True)
    reason = models.TextField(blank=True)
    issued_at = models.DateTimeField(default=timezone.now)
    leaves_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    embargo_until = models.DateTimeField(null=True)
    granted = models.JSONField(
        default=list, help_text="subscribers who alone get it under embargo; none: all granted"
    )
    erased_at = models.DateTimeField(null=True)
    taken_back_at = models.DateTimeField(null=True)
    fanned_out_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    paused_for = models.CharField(
        max_length=24,
        default="",
        db_default="",
        blank=True,
        help_text="why receivers refused it; empty: a person paused it",
    )
    paused_reply = models.CharField(
        max_length=500, default="", db_default="", blank=True, help_text="their words, then"
    )
    pause_holds_since = models.DateTimeField(
        null=True, help_text="a person's pause: nobody gets it, or what is issued later, in turn"
    )
    cancelled_at = models.DateTimeField(null=True)
    channels = models.JSONField(default=list, help_text="those it goes out by")
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["release_id", "number"], name="one_number_per_release"),
            models.UniqueConstraint(
                fields=["release_id", "revision"], name="one_edition_per_revision"
            ),
        ]
        indexes = [
            models.Index(
                fields=["leaves_at"], condition=Q(fanned_out_at=None), name="edition_not_fanned_out"
            ),
            models.Index(fields=["published_at"], name="edition_published"),
            models.Index(
                Coalesce("published_at", "embargo_until").desc(),
                "release_id",
                name="edition_public_at",
            ),
            models.Index(fields=["leaves_at"], name="edition_left"),
            models.Index(
                fields=["release_id"],
                condition=Q(erased_at__isnull=False),
                name="edition_erased",
            ),
            models.Index(
                fields=["embargo_until"],
                condition=Q(published_at=None, embargo_until__isnull=False),
                name="edition_under_embargo",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} edition {self.number}"

    @property
    def release(self) -> Release:
        """The frozen words and facts.

        Of an edition got as public whose embargo has run out they are those of the lift, which the
        clock may not have issued yet.
        """
        words = Release.from_dict(self.content)
        public_at: datetime | None = getattr(self, "public_at", None)
        if public_at is None or self.published_at is not None:
            return words
        return lifted(words, public_at)


def lifted(words: Release, at: datetime) -> Release:
    """``words`` under embargo as they become public when it is lifted ``at``."""
    return replace(
        words,
        act="release.published",
        published_at=at,
        updated_at=at,
        embargo_until=None,
        correction=None,
        reason="",
    )


class EditionTopic(models.Model):
    """A topic of an edition, by its slug, as it stood then."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="topics")
    slug = models.SlugField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug", "edition"], name="one_topic_per_edition")
        ]

    def __str__(self) -> str:
        return self.slug


class EditionFile(models.Model):
    """A picture or document of an edition: public, under its SHA-256, while an edition shows it.

    ``path`` is the file's name in the storage that keeps it.
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="files")
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sha256", "edition"], name="one_file_per_edition")
        ]

    def __str__(self) -> str:
        return self.sha256


class Composition(models.Model):
    """The finished bytes of an edition in one form: a mail of a segment, a webhook body."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="compositions")
    channel = models.CharField(max_length=8)
    form = models.CharField(max_length=24, help_text="segment, or format")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "channel", "form"], name="one_composition_per_form"
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.channel} {self.form}"


class Feed(models.Model):
    """A public list: ``all``, ``sv/all``, ``sv/digitalisering``; one builder at a time."""

    name = models.CharField(max_length=80, unique=True)
    language = models.CharField(max_length=12, blank=True)
    topic = models.ForeignKey("audience.Topic", null=True, on_delete=models.PROTECT)
    tag = models.CharField(max_length=200, help_text="its id for ever, a tag: URI (RFC 4151)")
    born_at = models.DateTimeField(default=timezone.now)
    built_at = models.DateTimeField(null=True, help_text="as of when its files are true")
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Batch(models.Model):
    """Some hundreds of deliveries of one edition that one worker takes at a time.

    Its deliveries are those of its edition, channel and lane whose ``recipient`` lies between
    ``first`` and ``last``. The counters are true after every recorded round, and stay when old
    deliveries go: then ``receivers`` has the ids of who had the edition. ``due_at`` is when
    something in it is owed next, None when nothing is. A claim is a lease: ``holder`` until
    ``lease_until``.
    """

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="batches", db_index=False
    )
    channel = models.CharField(max_length=8)
    urgent = models.BooleanField(default=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    total = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    superseded = models.PositiveIntegerField(default=0)
    receivers = models.BinaryField(
        null=True, help_text="once its deliveries are gone: packed ids of who had it"
    )
    due_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "channel", "urgent", "first"], name="one_batch_per_range"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="batch_due")
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Delivery(models.Model):
    """One edition to one address by one channel.

    ``recipient`` is the id of a subscriber, feed or endpoint. ``first_number`` is the edition
    by which that reader was first told of the release; ``since`` is when it first fell due.
    ``done_at`` and ``reply`` tell of the try that succeeded: when it was recorded, and what the
    other side said, word for word. The tries before it are :class:`Attempt` rows.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENDING = "sending"
        DELIVERED = "delivered"
        FAILED = "failed"

    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="deliveries", db_index=False
    )
    channel = models.CharField(max_length=8)
    recipient = models.BigIntegerField()
    urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=24, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField()
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    reply = models.CharField(max_length=500, default="", db_default="", blank=True)
    first_number = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "channel", "recipient"], name="one_delivery_per_address"
            )
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class Attempt(models.Model):
    """One try of a delivery that failed; ``reply`` is the other side's, word for word.

    A try that succeeds leaves its trace on the delivery: of a million of them no second row.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts_made")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, help_text="refused or unavailable")
    reason = models.CharField(max_length=24, blank=True)
    reply = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="attempt_at")]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.at:%Y-%m-%d %H:%M:%S}"


class MailGroup(models.Model):
    """What is known of the receivers that have an MX group in common, where there is anything.

    Nothing goes to it before ``stopped_until`` nor while ``paused_at`` is set. ``lanes`` is how
    many messages at once it could take at ``clean_since``, the last time it complained. While the
    sender's addresses are new, ``used`` of the ``cap`` mails of ``day`` (UTC) are spent.
    """

    name = models.CharField(max_length=255, unique=True)
    stopped_until = models.DateTimeField(null=True)
    stop_seconds = models.PositiveIntegerField(default=0, help_text="how long the last stop is")
    lanes = models.PositiveIntegerField(default=0)
    clean_since = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=24, blank=True, help_text="of the stop or pause")
    reply = models.CharField(max_length=500, blank=True, help_text="its own words, then")
    day = models.DateField(null=True)
    cap = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    untroubled = models.BooleanField(default=True, help_text="no stop and no pause on that day")

    def __str__(self) -> str:
        return self.name


class MailDomain(models.Model):
    """The MX group of a domain that readers have. ``due_at`` is when DNS is asked of it next."""

    domain = models.CharField(max_length=254, unique=True)
    mail_group = models.CharField(max_length=255, blank=True)
    found_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="mail_domain_due"
            )
        ]

    def __str__(self) -> str:
        return self.domain
