"""The feeds desk: each feed of the round is built anew, unless a build has it in already."""

from __future__ import annotations

import time

from distributor.dispatch import feeds, stopping
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Delivery
from distributor.dispatch.passing import Pass
from distributor.errors import DeliveryError

ROUND = 50
AT_A_TIME = 1


def size() -> int:
    """How many deliveries a round holds at most."""
    return ROUND


def connections() -> int:
    """How many are under way at a time."""
    return AT_A_TIME


def deliver(pass_: Pass) -> None:
    """Make each feed of the pass true as of now; a build that fails leaves the old files."""
    while round_ := pass_.take():
        written = Delivery.objects.in_bulk([due.id for due in round_])
        for due in round_:
            if stopping.requested():
                return
            error: DeliveryError | None = None
            try:
                feeds.build(due.recipient, since=written[due.id].since)
            except DeliveryError as problem:
                error = problem
            pass_.know(Outcome(due.id, error, error.reply if error else "", time.time()))
            pass_.record()
