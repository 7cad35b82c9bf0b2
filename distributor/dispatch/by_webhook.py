"""The webhook desk: one signed request to each endpoint of the round, several at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cache

from django.conf import settings

from distributor.adapters.http import Blocked
from distributor.audience import endpoints
from distributor.audience.guarding import guard
from distributor.audience.models import Endpoint
from distributor.channels import webhooks
from distributor.dispatch import compositions, editions, stopping
from distributor.dispatch.journal import Journal, Outcome
from distributor.dispatch.models import Edition
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable

ROUND = 200
RECORDED_EVERY = 0.5
LAST_WORDS = 8.0
"""Seconds that requests on the wire get once the process is to stop; then they are due again."""


def deliver(edition: Edition, round_: list[Due], journal: Journal) -> Iterator[list[Outcome]]:
    """Post the edition to each endpoint of the round; yield the answers as they come."""
    able = Endpoint.objects.filter(pk__in=[due.recipient for due in round_], deleted_at=None)
    known = {endpoint.pk: endpoint for endpoint in able.exclude(state="disabled")}
    newest = editions.newest(edition.release_id)
    superseded = newest is not None and newest.pk != edition.pk
    running: dict[Future[Outcome | None], Due] = {}
    for due in round_:
        endpoint = known.get(due.recipient)
        if superseded or endpoint is None:
            reason = "superseded" if superseded else "disabled"
            yield [Outcome(due.id, Refused(reason), "", time.time())]
            continue
        try:
            body = compositions.webhook(edition, endpoint.format)
            target = endpoints.target(endpoint)
        except DeliveryError as error:
            yield [Outcome(due.id, error, error.reply, time.time())]
            continue
        except ValueError as error:
            yield [Outcome(due.id, Unavailable("sealed", str(error)), "", time.time())]
            continue
        ident = compositions.webhook_id(edition)
        running[_slots().submit(_post, due, target, body, ident, journal)] = due
    patience = LAST_WORDS
    while running and patience > 0:
        done, _ = wait(running, timeout=RECORDED_EVERY, return_when=FIRST_COMPLETED)
        if stopping.requested():
            patience -= RECORDED_EVERY
        outcomes = [outcome for future in done if (outcome := future.result())]
        for outcome in outcomes:
            _learn(running, outcome)
        for future in done:
            del running[future]
        yield outcomes


def _post(
    due: Due, target: webhooks.Target, body: webhooks.Body, ident: str, journal: Journal
) -> Outcome | None:
    """One request, in a thread of its own; None if it was not begun since we are to stop."""
    if stopping.requested():
        return None
    error: DeliveryError | None = None
    reply = ""
    try:
        answer = webhooks.post(guard(), target, body, webhook_id=ident, timestamp=int(time.time()))
        reply = f"{answer.status}"
    except DeliveryError as problem:
        error, reply = problem, problem.reply
    outcome = Outcome(due.id, error, reply, time.time())
    journal.write(outcome)
    return outcome


def _learn(running: dict[Future[Outcome | None], Due], outcome: Outcome) -> None:
    """Disable an endpoint that is gone, or that the guard refuses."""
    if not isinstance(outcome.error, Refused):
        return
    reason = "blocked" if isinstance(outcome.error, Blocked) else outcome.error.reason
    if reason not in ("gone", "blocked", "target"):
        return
    recipient = next(due.recipient for due in running.values() if due.id == outcome.delivery)
    Endpoint.objects.filter(pk=recipient).update(state="disabled", reason=reason)


@cache
def _slots() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.DISTRIBUTOR.webhooks.slots, thread_name_prefix="webhook")
