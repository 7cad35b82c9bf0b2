"""Who is in the audience of a release: set-based, since a million rows pass through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Max

from distributor.audience.models import Endpoint, Subscriber, Topic

Query = tuple[str, list[Any]]


def readers(topics: Sequence[str], language: str, *, low: int, high: int) -> Query:
    """A SELECT of the ids, between ``low`` and ``high``, of the subscribers who follow at once.

    They follow one of ``topics`` (slugs) at the pace ``immediate``, read ``language``, have
    confirmed and are not suppressed. Returns SQL and its parameters; one column, ``id``.
    """
    ids = list(Topic.objects.filter(slug__in=topics).values_list("pk", flat=True))
    follow = "w.topic_id IN (" + ", ".join(["%s"] * len(ids)) + ")" if ids else "1 = 0"
    sql = f"""
        SELECT DISTINCT s.id AS id FROM audience_subscription w
        JOIN audience_subscriber s ON s.id = w.subscriber_id
        WHERE {follow} AND w.subscriber_id BETWEEN %s AND %s
          AND w.ended_at IS NULL AND w.pace = 'immediate'
          AND s.confirmed_at IS NOT NULL AND s.suppressed = '' AND s.languages LIKE %s"""
    return sql, [*ids, low, high, f"% {language} %"]


def count_readers(topics: Sequence[str], language: str) -> int:
    """How many subscribers :func:`readers` would give now."""
    sql, parameters = readers(topics, language, low=0, high=highest_subscriber())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS matched", parameters)
        return int(cursor.fetchone()[0])


def highest_subscriber() -> int:
    """The highest id of a subscriber, 0 if there is none."""
    return Subscriber.objects.aggregate(highest=Max("pk"))["highest"] or 0


def still_wanted(recipients: Sequence[int]) -> dict[int, str]:
    """Id and address of those of ``recipients`` who may still be mailed, asked at this moment.

    Who has ended every subscription, or was suppressed or erased since, is not among them.
    """
    marks = ", ".join(["%s"] * len(recipients))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.id, s.address FROM audience_subscriber s
                WHERE s.id IN ({marks}) AND s.suppressed = '' AND EXISTS (
                    SELECT 1 FROM audience_subscription w
                    WHERE w.subscriber_id = s.id AND w.ended_at IS NULL)""",
            list(recipients),
        )
        return dict(cursor.fetchall())


def endpoints(
    topics: Sequence[str], language: str, act: str, *, embargoed: bool
) -> list[tuple[int, bool]]:
    """The endpoints that match an edition, as (id, able): able is False for a disabled one.

    An empty list of topics or languages means all. Under embargo only trusted ones match.
    """
    matched = []
    wanted = set(topics)
    for endpoint in Endpoint.objects.filter(deleted_at=None).prefetch_related("topics"):
        own = {topic.slug for topic in endpoint.topics.all()}
        if (
            (not own or own & wanted)
            and (not endpoint.languages.strip() or f" {language} " in endpoint.languages)
            and (endpoint.updates or act != "release.updated")
            and (endpoint.trusted or not embargoed)
        ):
            matched.append((endpoint.pk, endpoint.state != Endpoint.State.DISABLED))
    return matched
