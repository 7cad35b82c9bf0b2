"""The email desk: a composition filled for each reader, handed to the relay."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import format_datetime, parseaddr
from functools import cache, lru_cache

from django.conf import settings
from django.utils import timezone

from distributor.adapters.smtp import Parcel, Postman, Relay, Result
from distributor.audience import matching
from distributor.audience.keys import keys
from distributor.channels import email
from distributor.dispatch import compositions, stopping
from distributor.dispatch.journal import Journal, Outcome
from distributor.dispatch.models import Edition
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable
from distributor.sealing import Sealer, person

ROUND = 50
PORT = 25


def deliver(edition: Edition, round_: list[Due], journal: Journal) -> Iterator[list[Outcome]]:
    """Fill and send a mail to each reader of the round who still wants it."""
    postman = _postman()
    if postman is None:
        yield [_away(due) for due in round_]
        return
    addresses = matching.still_wanted([due.recipient for due in round_])
    gone = [due for due in round_ if due.recipient not in addresses]
    yield [Outcome(due.id, Refused("unsubscribed"), "", time.time()) for due in gone]
    for first in (True, False):
        wanted = [
            due
            for due in round_
            if due.recipient in addresses and (due.first_number is None) == first
        ]
        if wanted:
            yield _send(postman, edition, wanted, addresses, journal, first=first)


def _send(
    postman: Postman,
    edition: Edition,
    wanted: list[Due],
    addresses: dict[int, str],
    journal: Journal,
    *,
    first: bool,
) -> list[Outcome]:
    try:
        composition = _composition(edition.pk, first)
    except DeliveryError as error:
        return [Outcome(due.id, error, error.reply, time.time()) for due in wanted]
    date = format_datetime(timezone.now())
    release_id = str(edition.release_id)

    def parcels() -> Iterator[Parcel]:
        for due in wanted:
            reader = email.Reader(
                delivery=due.id,
                address=addresses[due.recipient],
                person=person(keys(), release_id, due.recipient),
                unsubscribe=_sealer("unsubscribe").seal(due.recipient),
                preferences=_sealer("preferences").seal(due.recipient),
                first_number=due.first_number,
            )
            message = email.fill(composition, reader, date)
            yield Parcel(
                key=due.id, sender=_return_path(), recipient=reader.address, message=message
            )

    def written(result: Result) -> None:
        journal.write(_outcome(result))

    sent = postman.send(parcels(), journal=written, stop=stopping.requested)
    return [_outcome(result) for result in sent]


def _outcome(result: Result) -> Outcome:
    return Outcome(result.key, result.error, result.reply, time.time())


def _away(due: Due) -> Outcome:
    error = Unavailable("no-relay", "email.smtp_host is not set", about="relay")
    return Outcome(due.id, error, "", time.time())


@lru_cache(maxsize=8)
def _composition(edition_id: int, first: bool) -> email.Composition:
    return compositions.mail(Edition.objects.get(pk=edition_id), first=first)


@cache
def _sealer(purpose: str) -> Sealer:
    return Sealer(keys(), purpose)


@cache
def _return_path() -> str:
    return parseaddr(settings.DISTRIBUTOR.email.from_)[1]


@cache
def _postman() -> Postman | None:
    options = settings.DISTRIBUTOR.email
    relays = [
        Relay(
            host=server.host,
            port=server.port or PORT,
            security=server.security or "starttls",
            username=server.username or "",
            password=server.password or "",
        )
        for server in options.servers
    ]
    return Postman(relays, connections=options.connections) if relays else None
