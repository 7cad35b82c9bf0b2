"""What readers choose for themselves."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from distributor.audience import unsubscribing
from distributor.audience.models import Consent, Subscriber, Subscription, Topic
from distributor.audience.subscribing import READER, spaced
from distributor.audience.topics import followable

MIXED = ""
"""A pace that differs from topic to topic, and is left so."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The topics (slugs) and languages of a reader, and the pace of all of them or ``MIXED``."""

    topics: tuple[str, ...]
    languages: tuple[str, ...]
    pace: str


def chosen(person: Subscriber) -> Choice:
    """What the person has chosen as it stands; of the topics those that have not ended."""
    live = list(
        person.subscriptions.filter(ended_at=None, topic__ended_at=None)
        .order_by("topic__slug")
        .values_list("topic__slug", "pace")
    )
    paces = {pace for _, pace in live}
    pace = MIXED if len(paces) > 1 else next(iter(paces), Subscription.Pace.IMMEDIATE)
    return Choice(tuple(slug for slug, _ in live), tuple(person.languages.split()), pace)


def choose(person: Subscriber, choice: Choice) -> bool:
    """Make ``choice`` true and put it on record as the reader's own; whether it changed anything.

    Without topics everything ends. What is suppressed stays so, and nobody is confirmed by this.
    ``choice.topics`` that do not exist or have ended are passed over.
    """
    with transaction.atomic():
        # The row is written first, so that two choices at once follow each other.
        before_languages, person.languages = person.languages, spaced(choice.languages)
        Subscriber.objects.filter(pk=person.pk).update(languages=person.languages)
        before = chosen(person)
        if not choice.topics:
            return bool(unsubscribing.end(person.pk, unsubscribing.PREFERENCES))
        if (
            set(choice.topics) == set(before.topics)
            and set(choice.languages) == set(before_languages.split())
            and choice.pace == before.pace
        ):
            return False
        for slug in set(before.topics) - set(choice.topics):
            unsubscribing.end(person.pk, unsubscribing.PREFERENCES, topic=slug)
        for topic in followable().filter(slug__in=set(choice.topics) - set(before.topics)):
            _follow(person, topic)
        if choice.pace != MIXED:
            person.subscriptions.filter(ended_at=None).update(pace=choice.pace)
        now = timezone.now()
        Consent.objects.create(
            subscriber=person,
            basis="consent",
            source=unsubscribing.PREFERENCES,
            text=(
                f"topics: {', '.join(choice.topics)}; languages: {', '.join(choice.languages)}; "
                f"pace: {choice.pace or 'as before'}"
            ),
            recorded_by=READER,
            given_at=now,
            recorded_at=now,
        )
        return True


def _follow(person: Subscriber, topic: Topic) -> None:
    Subscription.objects.update_or_create(
        subscriber=person,
        topic=topic,
        defaults={
            "ended_at": None,
            "ended_reason": "",
            "pace": Subscription.Pace.IMMEDIATE,
        },
    )
