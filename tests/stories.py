"""Releases that live through every row of the event table, and what each channel then holds.

Stories in Swedish and English run side by side: a press release to its withdrawal and erasure, an
invitation to its cancellation, a release under embargo to its lift, and one that is erased by
order. After each step the mails, feed files, webhooks and pages are kept as their receivers have
them.
"""

from __future__ import annotations

import email
import email.policy
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from django.utils import timezone

from distributor.audience import endpoints, grants, guarding
from distributor.audience.models import Endpoint, Subscriber, Subscription
from distributor.dispatch import by_email, delivering, fanout, feeds, pace
from distributor.dispatch.models import Batch, Edition
from distributor.newsroom import drafting, lifecycle
from distributor.newsroom.importing import Draft, FoundEvent
from distributor.newsroom.models import ReleasePage
from distributor.release import Correction, Paragraph, Quote, rfc3339
from tests.listeners.http import Listener, Received, answer
from tests.listeners.mailbox import Mailbox, mailbox
from tests.newsroom import draft, page_of, topic

FORMATS = ("standard", "cloudevents", "ninjs", "slack")
TRUSTED = ("standard", "cloudevents", "ninjs")
FEEDS = ("rss", "atom", "json")
LANGUAGES = ("sv", "en")
CORRECTIONS = {
    "sv": {
        "language": ("Ett stavfel är rättat.", "", ""),
        "update": ("Vi har bytt dag och sal.", "", ""),
        "fact": ("Åldern var fel.", "från 16 år", "från 18 år"),
    },
    "en": {
        "language": ("A typo is mended.", "", ""),
        "update": ("We have changed day and room.", "", ""),
        "fact": ("The age was wrong.", "from 16 years", "from 18 years"),
    },
}
LEADS = {
    "sv": {
        "first": "Från den 1 december är biblioteket öppet helt dygnet.",
        "language": "Från den 1 december är biblioteket öppet hela dygnet.",
        "update": "Från den 2 december är biblioteket öppet hela dygnet.",
        "fact": "Från 18 år är biblioteket öppet hela dygnet.",
    },
    "en": {
        "first": "From 1 December the library is open round teh clock.",
        "language": "From 1 December the library is open round the clock.",
        "update": "From 2 December the library is open round the clock.",
        "fact": "From 18 years on the library is open round the clock.",
    },
}
BODY = {"sv": ("nyckel", "Nu är huset allas"), "en": ("a key", "Now the house is everyone’s")}
"""Words of every edition's text, which nobody is told while it is held or once it is withdrawn."""
OFFICE = lifecycle.Actor("kim")
REASONS = {"sv": "Siffrorna är fel.", "en": "The figures are wrong."}
BACK = {"sv": "Siffrorna stämmer.", "en": "The figures are right."}


@dataclass(frozen=True)
class Held:
    """What everybody holds of a release after a step; ``number`` is that of its newest edition.

    ``title`` is empty once it is erased, ``issued_as`` the title that it had at first.
    ``mails`` and ``hooks`` are those that the step sent, ``feeds`` the documents of its language.
    """

    number: int
    issued_as: str
    title: str
    uri: str
    url: str
    published: str
    mails: tuple[EmailMessage, ...]
    hooks: dict[str, tuple[Received, ...]]
    feeds: dict[str, bytes]
    ninjs: tuple[int, dict[str, Any]]
    page: tuple[int, str]

    def mail(self, reader: str) -> EmailMessage:
        """The one mail of the step to ``reader``."""
        (only,) = (mail for mail in self.mails if mail["To"] == f"{reader}@readers.example")
        return only

    @property
    def items(self) -> dict[str, dict[str, Any]]:
        """What the JSON feed holds of the release, by id."""
        items = json.loads(self.feeds["json"])["items"]
        return {each["id"]: each for each in items if each["id"].startswith(self.uri)}

    def body(self, format: str) -> dict[str, Any]:
        """The document that the endpoint of a format was sent."""
        (only,) = self.hooks[format]
        document: dict[str, Any] = json.loads(only.body)
        return document


@dataclass(eq=False)
class Story:
    """One release in one language, and what its office does with it."""

    language: str
    words: Draft
    page: ReleasePage = field(init=False)

    def __post_init__(self) -> None:
        self.page = page_of(self.words)

    def publish(self) -> None:
        lifecycle.publish(self.page, by=OFFICE)

    def correct(self, kind: str, event: str = "") -> None:
        """Issue a correction of ``kind``, with the words of this module for it."""
        note, wrong, right = CORRECTIONS[self.language][kind]
        said = Correction(kind=kind, note=note, wrong=wrong or None, right=right or None)
        words = replace(self.words, lead=LEADS[self.language][kind])
        if event:
            assert words.event is not None
            words = replace(words, event=replace(words.event, status=event, place="Sal 2"))
        with drafting.whole() as names:
            corrected = drafting.correct(self.page, words, names)
        lifecycle.correct(corrected, by=OFFICE, correction=said)
        self.page.refresh_from_db()

    def withhold(self) -> None:
        lifecycle.withhold(self.page, by=OFFICE, reason=REASONS[self.language])

    def resume(self) -> None:
        lifecycle.resume(self.page, by=OFFICE, reason=BACK[self.language])

    def withdraw(self) -> None:
        lifecycle.withdraw(self.page, by=OFFICE, reason=REASONS[self.language])

    def erase(self) -> None:
        lifecycle.erase(self.page, by=OFFICE, reason=REASONS[self.language])

    def lift(self) -> None:
        lifecycle.lift(self.page, by=OFFICE)

    @property
    def newest(self) -> Edition:
        return Edition.objects.filter(release_id=self.page.release_id).latest("number")


@dataclass
class Newsroom:
    """Its listeners: a mail server and an endpoint of each format."""

    box: Mailbox
    hook: Listener
    client: Client = field(default_factory=Client)

    def deliver(self) -> None:
        """Hand over all that is owed."""
        for edition in Edition.objects.filter(fanned_out_at=None, leaves_at__lte=timezone.now()):
            fanout.fan_out(edition.pk)
        for batch in Batch.objects.exclude(due_at=None).order_by("-urgent", "pk"):
            delivering.deliver(batch.pk)

    def tell(self, stories: Sequence[Story]) -> dict[Story, Held]:
        """Hand over what ``stories`` owe, and what everybody holds of each then."""
        mails, requests = len(self.box.mails), len(self.hook.requests)
        self.deliver()
        sent = [parsed(raw) for _, raw in self.box.mails[mails:]]
        return {story: self._held(story, sent, self.hook.requests[requests:]) for story in stories}

    def _held(self, story: Story, mails: list[EmailMessage], asked: list[Received]) -> Held:
        newest = story.newest
        ident, url = str(newest.release_id), newest.content["url"]
        ninjs = self.client.get(f"/releases/{ident}.json")
        page = self.client.get(urlsplit(url).path)
        public = settings.DISTRIBUTOR.site.data_dir / "public" / "feeds" / newest.language
        about = [each for each in asked if ident in each.body.decode() or url in each.body.decode()]
        return Held(
            number=newest.number,
            issued_as=story.words.title,
            title=newest.title,
            uri=newest.content["uri"],
            url=url,
            published=rfc3339(newest.published_at) if newest.published_at else "",
            mails=tuple(mail for mail in mails if mail["Release-Id"] == ident),
            hooks={
                name: tuple(each for each in about if each.target == f"/{name}")
                for name in (*FORMATS, *(f"trusted/{format}" for format in TRUSTED))
            },
            feeds={format: (public / f"all.{format}").read_bytes() for format in FEEDS},
            ninjs=(ninjs.status_code, ninjs.json() if ninjs.status_code == 200 else {}),
            page=(page.status_code, page.content.decode()),
        )


def part(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail, or its HTML."""
    found = mail.get_body((kind,))
    assert found is not None
    content: str = found.get_content()
    return content.replace("\r\n", "\n")


def parsed(raw: bytes) -> EmailMessage:
    """A mail as it came over the wire."""
    return email.message_from_bytes(raw, policy=email.policy.default)


@contextmanager
def newsroom() -> Iterator[Newsroom]:
    """A newsroom with a reader and an endpoint of each format, on the database of the test."""
    with ExitStack() as stack:
        box = stack.enter_context(mailbox())
        consent = [("WebHook-Allowed-Origin", "*")]
        hook = stack.enter_context(Listener(answer(200, headers=consent)))
        stack.enter_context(_options(box.port))
        topic()
        for language in LANGUAGES:
            reader = Subscriber.objects.create(
                address=f"{language}@readers.example",
                key=f"{language}@readers.example",
                languages=f" {language} ",
                confirmed_at=timezone.now(),
            )
            Subscription.objects.create(subscriber=reader, topic=topic())
        for name in ("granted", "link-only"):
            reader = Subscriber.objects.create(
                address=f"{name}@readers.example",
                key=f"{name}@readers.example",
                languages=" sv en ",
                confirmed_at=timezone.now(),
            )
            grants.grant(
                reader.pk,
                terms_version="1",
                accepted_at=timezone.now(),
                link_only=name == "link-only",
            )
        for format in FORMATS:
            endpoints.add(hook.url(f"/{format}"), format=format)
        for format in TRUSTED:
            endpoints.add(hook.url(f"/trusted/{format}"), format=format, trusted=True)
        Endpoint.objects.update(max_per_minute=6000)
        feeds.found()
        yield Newsroom(box, hook)


@contextmanager
def _options(port: int) -> Iterator[None]:
    """Options by which mail goes to ``port`` and endpoints may be on this machine."""
    before = settings.DISTRIBUTOR
    relay = {"smtp_host": "127.0.0.1", "smtp_port": port, "security": "none", "throttle": "relay"}
    settings.DISTRIBUTOR = before.model_copy(
        update={
            "email": before.email.model_copy(update=relay),
            "webhooks": before.webhooks.model_copy(update={"allow_networks": ("127.0.0.0/8",)}),
        }
    )
    _forget()
    try:
        yield
    finally:
        settings.DISTRIBUTOR = before
        _forget()


def _forget() -> None:
    """What a process keeps, some of it by the id of an edition, which another test has again."""
    for kept in (by_email.postman, by_email._composition, pace._pace, guarding.guard):
        kept.cache_clear()


def record(held: dict[tuple[str, str], Held]) -> None:
    """Have every story live; ``held`` gets what was held after each step, by step and language."""
    with newsroom() as house:
        told: dict[str, list[Story]] = {
            kind: [Story(language, words(language)) for language in LANGUAGES]
            for kind, words in DRAFTS.items()
        }
        for round_ in STEPS:
            steps = {}
            for kind, step, act in round_:
                for story in told[kind]:
                    act(story)
                    steps[story] = step
            for story, kept in house.tell(list(steps)).items():
                held[steps[story], story.language] = kept
            time.sleep(1.01 - time.time() % 1)


def _press(language: str) -> Draft:
    words = draft(topics=("digitalisering",), lead=LEADS[language]["first"])
    if language == "sv":
        return words
    return replace(
        words,
        title="Ekvik opens a library at night",
        language="en",
        body=(
            Paragraph(text="The card becomes <strong>a key</strong>."),
            Quote(text="Now the house is everyone’s.", name="Maja Lindqvist", title="librarian"),
        ),
    )


def _invitation(language: str) -> Draft:
    event = FoundEvent(
        start="2027-01-20T09:00", end="2027-01-20T10:00", place="Sal 1", registration="m@e.example"
    )
    title = "Välkommen till pressvisning" if language == "sv" else "Welcome to a press viewing"
    return replace(_press(language), title=title, type="invitation", event=event)


def _secret(language: str) -> Draft:
    title = "Ekvik får ett pris" if language == "sv" else "Ekvik wins a prize"
    return replace(_press(language), title=title, embargo=LIFT.isoformat())


def _ordered(language: str) -> Draft:
    title = "Ekvik namnger en elev" if language == "sv" else "Ekvik names a pupil"
    return replace(_press(language), title=title)


LIFT = timezone.now().replace(second=0, microsecond=0) + timedelta(days=30)
DRAFTS: dict[str, Callable[[str], Draft]] = {
    "press": _press,
    "invitation": _invitation,
    "secret": _secret,
    "ordered": _ordered,
}
STEPS: tuple[tuple[tuple[str, str, Callable[[Story], None]], ...], ...] = (
    (
        ("press", "first", Story.publish),
        ("invitation", "invitation", Story.publish),
        ("secret", "embargoed", Story.publish),
        ("ordered", "ordered", Story.publish),
    ),
    (
        ("press", "language", lambda story: story.correct("language")),
        ("invitation", "changed", lambda story: story.correct("update", "changed")),
        ("secret", "embargoed-fact", lambda story: story.correct("fact")),
        ("ordered", "erased at once", Story.erase),
    ),
    (
        ("press", "update", lambda story: story.correct("update")),
        ("invitation", "cancelled", lambda story: story.correct("update", "cancelled")),
        ("secret", "lift", Story.lift),
    ),
    (("press", "fact", lambda story: story.correct("fact")),),
    (("press", "withheld", Story.withhold),),
    (("press", "resumed", Story.resume),),
    (("press", "withdrawn", Story.withdraw),),
    (("press", "erased", Story.erase),),
)
