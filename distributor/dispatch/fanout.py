"""From one edition to a delivery for each address: bulk inserts, cut into batches.

Readers pass by the million, so they never pass through Python: a chunk of ids is matched, inserted
and cut by three statements in one transaction. A fan-out that was killed goes on after the last
chunk that it finished.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from distributor.audience import matching
from distributor.dispatch import bell, feeds, leases, rounds
from distributor.dispatch.models import Batch, Delivery, Edition

CHUNK = 50_000
SIZES = {"email": 500, "webhook": 200, "feed": 50}
"""How many deliveries a batch of a channel holds."""
TOLD_AT_ONCE = {
    "release.corrected",
    "release.withheld",
    "release.resumed",
    "release.withdrawn",
}


def fan_out(edition_id: int) -> None:
    """Write the deliveries of an edition that has left, once, and ring for them."""
    edition = Edition.objects.filter(
        pk=edition_id, fanned_out_at=None, taken_back_at=None, leaves_at__lte=timezone.now()
    ).first()
    if edition is None or not leases.claim(edition):
        return
    with leases.held(edition):
        _close_older(edition)
        for channel in edition.channels:
            _FAN_OUTS[channel](edition)
            bell.ring_batches(edition.pk, channel)
        Edition.objects.filter(pk=edition.pk).update(fanned_out_at=timezone.now())


def audience_size(edition: Edition) -> dict[str, int]:
    """For each channel how many deliveries a fan-out would write now."""
    slugs = list(edition.topics.values_list("slug", flat=True))
    sizes = {
        "email": matching.count_readers(slugs, edition.language),
        "feed": len(feeds.touched(edition)),
        "webhook": len(matching.endpoints(slugs, edition.language, edition.act, embargoed=False)),
    }
    return {channel: sizes[channel] for channel in edition.channels}


def _close_older(edition: Edition) -> None:
    """Nobody is sent an older edition any more: they get this one, or nothing."""
    older = Batch.objects.filter(
        edition__release_id=edition.release_id, edition__number__lt=edition.number
    ).exclude(due_at=None)
    for batch in older:
        with transaction.atomic():
            pending = Delivery.objects.filter(**rounds.members(batch), state="pending")
            pending.update(state="failed", reason="superseded")
            rounds.recount(batch)
            rounds.close(batch)


def _to_readers(edition: Edition) -> None:
    """Followers of the topics; and at once whoever was sent an earlier edition, if need be.

    Nobody follows what is under embargo: that goes to granted readers alone.
    """
    if edition.published_at is None:
        return
    if edition.act in TOLD_AT_ONCE:
        _insert_readers(edition, urgent=True)
    if edition.status == Edition.Status.USABLE:
        _insert_readers(edition, urgent=False)


def _insert_readers(edition: Edition, *, urgent: bool) -> None:
    slugs = list(edition.topics.values_list("slug", flat=True))
    highest = matching.highest_subscriber()
    done = Batch.objects.filter(edition=edition, channel="email", urgent=urgent)
    low = (done.aggregate(last=Max("last"))["last"] or 0) + 1
    while low <= highest:
        high = low + CHUNK - 1
        if urgent:
            chosen = _receivers(edition, low, high)
        else:
            chosen = matching.readers(slugs, edition.language, low=low, high=high)
        with transaction.atomic():
            _insert(edition, chosen, urgent=urgent)
            cut(edition, "email", urgent=urgent, low=low, high=high)
        low = high + 1


def _receivers(edition: Edition, low: int, high: int) -> matching.Query:
    """Every reader to whom an earlier edition was, or may have been, handed over."""
    earlier = _earlier(edition)
    marks = ", ".join(["%s"] * len(earlier)) or "NULL"
    sql = f"""SELECT DISTINCT recipient AS id FROM dispatch_delivery
              WHERE edition_id IN ({marks}) AND channel = 'email'
                AND recipient BETWEEN %s AND %s AND state IN ('delivered', 'sending')"""
    return sql, [*earlier, low, high]


def _earlier(edition: Edition) -> list[Any]:
    earlier = Edition.objects.filter(
        release_id=edition.release_id, number__lt=edition.number, taken_back_at=None
    )
    return list(earlier.values_list("pk", flat=True))


def _insert(edition: Edition, chosen: matching.Query, *, urgent: bool) -> None:
    sql, parameters = chosen
    earlier = _earlier(edition)
    first: list[Any] = []
    told = "NULL"
    if earlier:
        told = f"""(SELECT MIN(e.number) FROM dispatch_delivery d
                    JOIN dispatch_edition e ON e.id = d.edition_id
                    WHERE d.edition_id IN ({", ".join(["%s"] * len(earlier))})
                      AND d.channel = 'email' AND d.recipient = chosen.id
                      AND d.state IN ('delivered', 'sending'))"""
        first = earlier
    leaves_at = rounds.stored(edition.leaves_at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO dispatch_delivery (edition_id, channel, recipient, urgent, state,
                    reason, attempts, since, due_at, first_number)
                SELECT %s, 'email', chosen.id, %s, 'pending', '', 0, %s, %s, {told}
                FROM ({sql}) AS chosen WHERE 1 = 1 ORDER BY chosen.id
                ON CONFLICT DO NOTHING""",
            [edition.pk, urgent, leaves_at, leaves_at, *first, *parameters],
        )


def cut(edition: Edition, channel: str, *, urgent: bool, low: int, high: int) -> None:
    """Cut the deliveries to recipients between ``low`` and ``high`` into batches, all due."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO dispatch_batch (edition_id, channel, urgent, first, last, total,
                   delivered, failed, superseded, due_at, holder)
               SELECT %s, %s, %s, MIN(recipient), MAX(recipient), COUNT(*), 0, 0, 0, %s, ''
               FROM (SELECT recipient, (ROW_NUMBER() OVER (ORDER BY recipient) - 1) / %s AS part
                     FROM dispatch_delivery WHERE edition_id = %s AND channel = %s
                       AND urgent = %s AND recipient BETWEEN %s AND %s) AS numbered
               WHERE 1 = 1 GROUP BY part ORDER BY part ON CONFLICT DO NOTHING""",
            [edition.pk, channel, urgent, rounds.stored(edition.leaves_at), SIZES[channel]]
            + [edition.pk, channel, urgent, low, high],
        )


def _to_feeds(edition: Edition) -> None:
    _insert_few(edition, "feed", [(feed.pk, True) for feed in feeds.touched(edition)])


def _to_endpoints(edition: Edition) -> None:
    slugs = list(edition.topics.values_list("slug", flat=True))
    embargoed = edition.published_at is None
    matched = matching.endpoints(slugs, edition.language, edition.act, embargoed=embargoed)
    _insert_few(edition, "webhook", matched)


def _insert_few(edition: Edition, channel: str, recipients: list[tuple[int, bool]]) -> None:
    """Deliveries to ``recipients`` (id, able); who is not able has failed already, as disabled."""
    if not recipients:
        return
    now = timezone.now()
    with transaction.atomic():
        Delivery.objects.bulk_create(
            (
                Delivery(
                    edition=edition,
                    channel=channel,
                    recipient=recipient,
                    state="pending" if able else "failed",
                    reason="" if able else "disabled",
                    since=now,
                    due_at=now,
                )
                for recipient, able in recipients
            ),
            ignore_conflicts=True,
            batch_size=1000,
        )
        ids = [recipient for recipient, _ in recipients]
        cut(edition, channel, urgent=False, low=min(ids), high=max(ids))
        if not all(able for _, able in recipients):
            for batch in Batch.objects.filter(edition=edition, channel=channel):
                rounds.recount(batch)
                rounds.close(batch)


_FAN_OUTS: dict[str, Callable[[Edition], None]] = {
    "feed": _to_feeds,
    "webhook": _to_endpoints,
    "email": _to_readers,
}
