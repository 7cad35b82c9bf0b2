"""Whom an edition goes to: followers, whoever had an earlier one, whoever still waits for one.

Everything is asked of the rows of the earlier editions, so that it may be asked before an edition
is issued, and again after a crash. Readers come as SQL, some tens of thousands of ids at a time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from distributor.audience import grants, matching
from distributor.audience.matching import Query
from distributor.channels import webhooks
from distributor.dispatch import packed
from distributor.dispatch.models import Batch, Edition
from distributor.errors import UNCERTAIN
from distributor.release import Release

CORRECTED_AT_ONCE = ("changed", "cancelled")
"""What of an event its receivers are told at once."""


HAD = Q(state__in=("delivered", "sending")) | Q(attempts_made__reason__in=UNCERTAIN)
"""The deliveries whose recipients have the edition, or may have it. One may be found twice."""


class Told(NamedTuple):
    """An endpoint that an edition is sent to, at once or in its turn."""

    id: int
    urgent: bool
    first_number: int | None
    able: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What of an edition decides whom it goes to; see :func:`rule`.

    ``at_once``: whoever had an earlier edition is told at once, whatever they follow now.
    ``followers``: it goes to the followers too; ``quiet``: not by mail. ``usable``: whoever still
    waits for an earlier one gets it. ``embargoed``: granted readers and trusted endpoints only, of
    the readers those ``named`` if any are. ``lift``: not to readers who hold these very words.
    """

    edition: Edition
    earlier: tuple[Edition, ...]
    at_once: bool
    followers: bool
    quiet: bool
    usable: bool
    embargoed: bool
    lift: bool
    named: tuple[int, ...]
    topics: tuple[str, ...]


def rule(edition: Edition, *, followers: bool = True) -> Rule:
    """Whom ``edition`` goes to; it need not be saved, nor have a number.

    One that has no ``published_at`` is under embargo. Without ``followers`` it goes to those alone
    who had, or wait for, an earlier one.
    """
    before = Edition.objects.filter(release_id=edition.release_id, taken_back_at=None)
    if edition.number:
        before = before.filter(number__lt=edition.number)
    earlier = tuple(before.order_by("number").defer("content"))
    words = edition.content
    correction = (words.get("correction") or {}).get("kind", "")
    event = (words.get("event") or {}).get("status", "")
    usable = edition.status == Edition.Status.USABLE
    resumed = bool(earlier) and earlier[-1].status == Edition.Status.WITHHELD
    changed = correction == "update" and event in CORRECTED_AT_ONCE
    return Rule(
        edition=edition,
        earlier=earlier,
        at_once=bool(earlier) and (not usable or resumed or changed or correction == "fact"),
        followers=followers and usable,
        quiet=bool(earlier) and correction == "language" and not resumed,
        usable=usable,
        embargoed=edition.published_at is None,
        lift=bool(earlier) and edition.act == "release.published",
        named=tuple(edition.granted),
        topics=tuple(topic["slug"] for topic in words.get("topics") or ()),
    )


def at_once(rule: Rule, low: int, high: int) -> Query:
    """A SELECT of ``id`` and ``first_number`` of the readers who are told at once."""
    told, parameters = _told(rule, "email", low, high)
    may, more = _may_be_told(rule)
    sql = f"""SELECT t.id AS id, t.first_number AS first_number FROM ({told}) AS t
              JOIN audience_subscriber s ON s.id = t.id
              WHERE t.at_once = 1 AND {may}"""
    return sql, [*parameters, *more]


def receivers(rule: Rule, low: int, high: int) -> Query:
    """A SELECT of the ids of all who ought to be told at once, within reach or not."""
    told, parameters = _told(rule, "email", low, high)
    return f"SELECT t.id AS id FROM ({told}) AS t WHERE t.at_once = 1", parameters


def in_turn(rule: Rule, low: int, high: int) -> Query:
    """A SELECT of ``id`` and ``first_number`` of the readers who get it as it comes to them.

    They follow, or wait for an earlier edition; nobody who is told at once is among them.
    """
    chosen, parameters = _followers(rule, low, high)
    if not rule.earlier:
        return (
            f"SELECT r.id AS id, CAST(NULL AS integer) AS first_number FROM ({chosen}) AS r",
            parameters,
        )
    told, those = _told(rule, "email", low, high)
    may, more = _may_be_told(rule)
    # Grouped and not joined: without statistics SQLite would look through all for each of them.
    sql = f"""SELECT id, MAX(first_number) AS first_number FROM (
                  SELECT f.id AS id, CAST(NULL AS integer) AS first_number, 1 AS chosen,
                      0 AS at_once, 0 AS holds FROM ({chosen}) AS f
                  UNION ALL
                  SELECT t.id, t.first_number, CASE WHEN t.waits = 1 AND {may} THEN 1 ELSE 0 END,
                      t.at_once, t.holds FROM ({told}) AS t
                  LEFT JOIN audience_subscriber s ON s.id = t.id) AS every
              GROUP BY id HAVING MAX(chosen) = 1 AND MAX(at_once) = 0 AND MAX(holds) = 0"""
    return sql, [*parameters, *more, *those]


def endpoints(rule: Rule) -> list[Told]:
    """The endpoints that it is sent to, disabled ones too."""
    edition = rule.edition
    there = matching.endpoints(rule.topics, edition.language, edition.act, embargoed=rule.embargoed)
    if not rule.earlier:
        return [Told(e.id, False, None, e.able) for e in there if rule.followers and e.matches]
    release = Release.from_dict(edition.content)
    sql, parameters = _told(rule, "webhook", 0, there[-1].id if there else 0)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, first_number, at_once, waits FROM ({sql}) AS t", parameters)
        standing = {row[0]: row[1:] for row in cursor.fetchall()}
    told = []
    for endpoint in there:
        first, urgent, waits = standing.get(endpoint.id, (None, 0, 0))
        if first is None:
            addressed = waits or (rule.followers and endpoint.matches)
        else:
            addressed = urgent or waits or webhooks.wanted(endpoint.format, release)
        if addressed:
            told.append(Told(endpoint.id, bool(urgent), first, endpoint.able))
    return told


def _followers(rule: Rule, low: int, high: int) -> Query:
    if not rule.followers or rule.quiet:
        return "SELECT s.id AS id FROM audience_subscriber s WHERE 1 = 0", []
    if rule.embargoed:
        return matching.granted(rule.named, low=low, high=high)
    return matching.readers(rule.topics, rule.edition.language, low=low, high=high)


def _may_be_told(rule: Rule) -> Query:
    if not rule.embargoed:
        return matching.REACHABLE, []
    condition, parameters = grants.condition("s.id", rule.named)
    return f"s.suppressed = '' AND {condition}", parameters


def _told(rule: Rule, channel: str, low: int, high: int) -> Query:
    """A SELECT of how each recipient stands to the earlier editions.

    ``first_number`` is that of the first one that they had, or may have had; ``at_once`` and
    ``waits`` say that they are to be told so of this edition, ``holds`` that they need not be.
    """
    rows, parameters = _rows(rule, channel, low, high)
    had = "state IN ('delivered', 'sending')"
    owed = "(state = 'pending' OR state = 'failed' AND reason = 'superseded')"
    uncertain = f"""(attempts > 0 AND state <> 'delivered' AND EXISTS (
        SELECT 1 FROM dispatch_attempt a WHERE a.delivery_id = delivery
        AND a.reason IN ({", ".join(f"'{reason}'" for reason in UNCERTAIN)})))"""
    receiver = "first_number IS NOT NULL AND ended = 0" if rule.at_once else "1 = 0"
    waiting = "owed > had" if rule.usable else "1 = 0"
    hurried = "owed_at_once > had" if rule.usable else "1 = 0"
    holds = "same > 0 AND same = had" if rule.lift else "1 = 0"
    sql = f"""
        SELECT id, first_number,
            CASE WHEN {holds} THEN 1 ELSE 0 END AS holds,
            CASE WHEN NOT ({holds}) AND ({receiver} OR {hurried}) THEN 1 ELSE 0 END AS at_once,
            CASE WHEN {waiting} THEN 1 ELSE 0 END AS waits
        FROM (SELECT recipient AS id,
                MIN(CASE WHEN {had} OR {uncertain} THEN number END) AS first_number,
                MAX(CASE WHEN {had} THEN number ELSE 0 END) AS had,
                MAX(CASE WHEN {owed} THEN number ELSE 0 END) AS owed,
                MAX(CASE WHEN {owed} AND urgent THEN number ELSE 0 END) AS owed_at_once,
                MAX(CASE WHEN {had} THEN same * number ELSE 0 END) AS same,
                MAX(CASE WHEN {had} THEN ended ELSE 0 END) AS ended
              FROM ({rows}) AS earlier GROUP BY recipient) AS standing"""
    return sql, parameters


def _rows(rule: Rule, channel: str, low: int, high: int) -> Query:
    """Every delivery of an earlier edition, and a row for each receiver whose delivery is gone."""
    edition, gone = rule.edition, _receivers_of_pruned(rule, channel, low, high)
    parts: list[str] = []
    parameters: list[Any] = []
    value, listed = "value", "json_each(%s)"
    if connection.vendor == "postgresql":
        value, listed = "value::bigint", "jsonb_array_elements_text(%s::jsonb)"
    for earlier in rule.earlier:
        same = int(earlier.digest == edition.digest and earlier.status == "usable")
        ended = int(channel == "email" and earlier.status == "canceled")
        facts = f"{earlier.number} AS number, {same} AS same, {ended} AS ended"
        parts.append(
            f"""SELECT recipient, state, reason, urgent, attempts, id AS delivery, {facts}
                FROM dispatch_delivery
                WHERE edition_id = %s AND channel = %s AND recipient BETWEEN %s AND %s"""
        )
        parameters += [earlier.pk, channel, low, high]
        if ids := gone.get(earlier.pk):
            parts.append(
                f"""SELECT {value}, 'delivered', '', FALSE, 0, 0, {facts}
                    FROM {listed}"""
            )
            parameters.append(json.dumps(ids))
    return " UNION ALL ".join(parts), parameters


def _receivers_of_pruned(rule: Rule, channel: str, low: int, high: int) -> dict[int, list[int]]:
    """By edition the ids of those who had it and whose deliveries are gone."""
    pruned = Batch.objects.filter(
        edition__in=[earlier.pk for earlier in rule.earlier],
        channel=channel,
        first__lte=high,
        last__gte=low,
    )
    gone: dict[int, list[int]] = {}
    for edition, receivers in pruned.exclude(receivers=None).values_list("edition_id", "receivers"):
        ids = (ident for ident in packed.unpack(receivers or b"") if low <= ident <= high)
        gone.setdefault(edition, []).extend(ids)
    return gone
