"""The feeds desk: each feed of the round is built anew, unless a build has it in already."""

from __future__ import annotations

import time
from collections.abc import Iterator

from distributor.dispatch import feeds
from distributor.dispatch.journal import Journal, Outcome
from distributor.dispatch.models import Delivery, Edition
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError

ROUND = 50


def deliver(edition: Edition, round_: list[Due], journal: Journal) -> Iterator[list[Outcome]]:
    """Make each feed of the round true as of now; a build that fails leaves the old files."""
    written = Delivery.objects.in_bulk([due.id for due in round_])
    for due in round_:
        error: DeliveryError | None = None
        try:
            feeds.build(due.recipient, since=written[due.id].since)
        except DeliveryError as problem:
            error = problem
        outcome = Outcome(due.id, error, error.reply if error else "", time.time())
        journal.write(outcome)
        yield [outcome]
