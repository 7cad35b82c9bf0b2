"""Readers to a CSV file that an import takes back as it is."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from typing import Any, TextIO

from django.db.models import Exists, OuterRef, Prefetch

from distributor.audience.columns import Rules
from distributor.audience.models import Consent, Subscriber, Subscription
from distributor.audience.sheets import guarded


def export_csv(target: TextIO) -> int:
    """Write everybody who gets releases or waits to confirm, and return how many people they are.

    A row for each pace a person has, with the columns of an import; every cell is quoted, and none
    is a formula to a spreadsheet. Who is suppressed or has ended everything is left out. Memory
    does not grow with the number of people.
    """
    writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(Rules.columns)
    live = Subscription.objects.filter(ended_at=None, topic__ended_at=None).select_related("topic")
    people = (
        Subscriber.objects.filter(Exists(live.filter(subscriber=OuterRef("pk"))), suppressed="")
        .order_by("pk")
        .prefetch_related(
            Prefetch("subscriptions", live.order_by("pace", "topic__slug"), to_attr="live"),
            Prefetch("consents", Consent.objects.order_by("-recorded_at", "-pk")),
        )
    )
    count = 0
    for person in people.iterator(chunk_size=1000):
        count += 1
        for row in _rows(person):
            writer.writerow([guarded(row.get(column, "")) for column in Rules.columns])
    return count


def _rows(person: Any) -> Iterator[dict[str, str]]:
    row = {
        "email": person.address,
        "language": ";".join(person.languages.split()),
        "name": person.name,
        "outlet": person.outlet,
        "beat": person.beat,
    }
    consent = next(iter(person.consents.all()), None)
    if consent and person.confirmed_at:
        row |= {
            "legal_basis": consent.basis,
            "source": consent.source,
            "consent_at": (consent.given_at or consent.recorded_at).isoformat(timespec="seconds"),
            "consent_text": consent.text,
        }
    for pace, subscriptions in itertools.groupby(person.live, key=lambda each: each.pace):
        topics = ";".join(each.topic.slug for each in subscriptions)
        yield row | {"topics": topics, "pace": pace}
