"""Who is in the audience of a release: set-based, since a million rows pass through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max

from distributor.audience import grants
from distributor.audience.models import Endpoint, Subscriber, Topic

Query = tuple[str, list[Any]]

REACHABLE = """s.suppressed = '' AND (
    (SELECT 1 FROM audience_subscription w
     WHERE w.subscriber_id = s.id AND w.ended_at IS NULL LIMIT 1) IS NOT NULL
    OR (SELECT 1 FROM audience_grant g
        WHERE g.subscriber_id = s.id AND g.revoked_at IS NULL LIMIT 1) IS NOT NULL
    OR (SELECT 1 FROM audience_subscription w WHERE w.subscriber_id = s.id LIMIT 1) IS NULL
       AND (SELECT 1 FROM audience_grant g
            WHERE g.subscriber_id = s.id AND g.revoked_reason = 'unsubscribed' LIMIT 1) IS NULL)"""
"""SQL that is true of a subscriber ``s`` who may still be told of what they were sent.

Not of who was suppressed, or has ended all that they followed. Whoever was mailed as accredited
and never followed anything may be told too. Asked with a limit, PostgreSQL looks each person up: of
EXISTS among alternatives it makes a table of everybody, anew for each round.
"""


class Listener(NamedTuple):
    """An endpoint that an edition may be sent to.

    ``able`` is False for a disabled one; ``matches`` says that its filters let the edition
    through.
    """

    id: int
    able: bool
    matches: bool
    format: str


def readers(topics: Sequence[str], language: str, *, low: int, high: int) -> Query:
    """A SELECT of the ids, between ``low`` and ``high``, of the subscribers who follow at once.

    They follow one of ``topics`` (slugs) at the pace ``immediate``, read ``language``, have
    confirmed and are not suppressed. Returns SQL and its parameters; one column, ``id``.
    """
    # Of one topic nobody is found twice, and they come in order: no sorting, at half the price.
    ids = list(Topic.objects.filter(slug__in=topics).values_list("pk", flat=True))
    follow = "w.topic_id IN (" + ", ".join(["%s"] * len(ids)) + ")" if ids else "1 = 0"
    once = "DISTINCT" if len(ids) > 1 else ""
    sql = f"""
        SELECT {once} w.subscriber_id AS id FROM audience_subscription w
        JOIN audience_subscriber s ON s.id = w.subscriber_id
        WHERE {follow} AND w.subscriber_id BETWEEN %s AND %s
          AND w.ended_at IS NULL AND w.pace = 'immediate'
          AND s.confirmed_at IS NOT NULL AND s.suppressed = '' AND s.languages LIKE %s"""
    return sql, [*ids, low, high, f"% {language} %"]


def granted(named: Sequence[int], *, low: int, high: int) -> Query:
    """A SELECT of the ids, between ``low`` and ``high``, of the granted readers, or of the named
    ones among them. As :func:`readers`."""
    condition, parameters = grants.condition("s.id", named)
    sql = f"""
        SELECT s.id AS id FROM audience_subscriber s
        WHERE s.id BETWEEN %s AND %s AND s.suppressed = '' AND {condition}"""
    return sql, [low, high, *parameters]


def count_readers(topics: Sequence[str], language: str) -> int:
    """How many subscribers :func:`readers` would give now."""
    sql, parameters = readers(topics, language, low=0, high=highest_subscriber())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS matched", parameters)
        return int(cursor.fetchone()[0])


def highest_subscriber() -> int:
    """The highest id of a subscriber, 0 if there is none."""
    return Subscriber.objects.aggregate(highest=Max("pk"))["highest"] or 0


def still_wanted(recipients: Sequence[int], *, embargoed: bool = False) -> dict[int, str]:
    """Id and address of those of ``recipients`` who may still be mailed, asked at this moment.

    Who has ended every subscription, or was suppressed or erased since, is not among them; who
    changed topics or pace is: they are sent it as receivers, or were in the audience when it left.
    Of what is still ``embargoed`` those whose grant does not hold any more are not among them.
    """
    # As one array PostgreSQL takes them in a fifth of the time.
    chosen, ids = "= ANY(%s)", list[Any]([list(recipients)])
    if connection.vendor == "sqlite":
        chosen, ids = f"IN ({', '.join(['%s'] * len(recipients))})", list(recipients)
    condition, parameters = grants.condition("s.id") if embargoed else ("1 = 1", [])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.id, s.address FROM audience_subscriber s
                WHERE s.id {chosen} AND {REACHABLE} AND {condition}""",
            [*ids, *parameters],
        )
        return dict(cursor.fetchall())


def endpoints(topics: Sequence[str], language: str, act: str, *, embargoed: bool) -> list[Listener]:
    """Every endpoint that may be told of an edition at all, and whether its filters match.

    An empty list of topics or languages means all. Under embargo only trusted ones may be told.
    """
    found = []
    wanted = set(topics)
    there = Endpoint.objects.filter(deleted_at=None, **({"trusted": True} if embargoed else {}))
    for endpoint in there.order_by("pk").prefetch_related("topics"):
        own = {topic.slug for topic in endpoint.topics.all()}
        matches = (
            (not own or bool(own & wanted))
            and (not endpoint.languages.strip() or f" {language} " in endpoint.languages)
            and (endpoint.updates or act != "release.updated")
        )
        able = endpoint.state != Endpoint.State.DISABLED
        found.append(Listener(endpoint.pk, able, matches, endpoint.format))
    return found
