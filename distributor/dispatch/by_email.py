"""The email desk: a composition filled for each reader, handed to the relay."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from datetime import datetime, timedelta
from email.utils import format_datetime, parseaddr
from functools import cache, lru_cache

from django.conf import settings
from django.utils import timezone

from distributor.adapters.smtp import SILENT, Parcel, Postman, Relay, Result
from distributor.audience import grants, matching
from distributor.audience.keys import keys
from distributor.channels import email
from distributor.dispatch import compositions, late, rounds, stopping
from distributor.dispatch.journal import Outcome
from distributor.dispatch.models import Edition
from distributor.dispatch.pace import Pace, Unpaced, pacing
from distributor.dispatch.passing import Pass
from distributor.dispatch.refusals import refusals
from distributor.dispatch.relay_outage import RelayWatch
from distributor.dispatch.rounds import Due
from distributor.errors import DeliveryError, Refused, Unavailable
from distributor.sealing import Persons, Sealer

PER_CONNECTION = 50
"""How many messages of a round one connection gets."""
LONGEST = 1.0
"""Seconds after which a round ends: then pauses, unsubscribing and new editions are seen again."""
MARGIN = timedelta(seconds=15)
"""For how much longer than an answer may take a delivery stays claimed that waits for one."""
PORT = 25
READER = "reader"
"""The segment of those who follow a topic."""


def size() -> int:
    """How many deliveries a round holds at most."""
    return PER_CONNECTION * connections()


def connections() -> int:
    """How many messages may be on the wire at a time."""
    count: int = settings.DISTRIBUTOR.email.connections
    return count


def deliver(pass_: Pass) -> None:
    """Fill and send a mail to each reader of the pass who still wants it."""
    sending = postman()
    if sending is None:
        error = no_relay()
        for due in pass_.take():
            pass_.know(Outcome(due.id, error, "", time.time()))
        return
    pace = pacing(pass_.edition.pk)

    def written(result: Result) -> None:
        key, error, reply = result
        pass_.know(Outcome(key, pace.done(key, error), reply, time.time()))

    def left(key: int, seconds: float) -> Callable[[Result], None]:
        pace.done(key, Unavailable(SILENT, about="relay"))
        until = timezone.now() + timedelta(seconds=seconds) + MARGIN
        pass_.leave(pass_.taken(key), until)
        return _recording(pass_.batch_id, until)

    refused, stop = refusals(pass_.edition), stopping.requested
    parcels = _parcels(pass_, pace)
    results = sending.send(parcels, journal=written, begins=pass_.begin, stop=stop, leave=left)
    for key, failure, _ in results:
        if failure is not None:
            if refused.heard(key, failure):
                pass_.hand_back(pace.drop())
        elif refused.in_a_row:
            refused.in_a_row = 0


def _recording(batch: int, until: datetime) -> Callable[[Result], None]:
    """Records what came of a delivery of ``batch`` that stays claimed until then."""

    def told(result: Result) -> None:
        outcome = Outcome(result.key, result.error, result.reply, time.time())
        late.record(
            lambda: rounds.record_late(batch, outcome, claimed_until=until), delivery=result.key
        )

    return told


def _parcels(pass_: Pass, pace: Pace | Unpaced) -> Generator[Parcel | None, int | None]:
    """Round after round, each with its own look at who still wants mail, and at who waits."""
    fill, embargoed = _filler(pass_.edition), pass_.edition.published_at is None
    segments: dict[int, str] = {}
    behind: int | None = None
    most = size()
    while not pass_.over() and (round_ := pass_.take(most)):
        ends, begun = time.monotonic() + LONGEST, 0
        addresses = matching.still_wanted([due.recipient for due in round_], embargoed=embargoed)
        if embargoed:
            segments = _segments(addresses)
        date = format_datetime(timezone.now())
        _leave_out(pass_, round_, addresses)
        pace.add([due for due in round_ if due.recipient in addresses], addresses)
        while pace.waiting:
            if begun and time.monotonic() > ends:
                pass_.hand_back(pace.drop())
                most = max(begun, connections())
                break
            due = pace.take(behind)
            if due is None:
                behind = yield None
                continue
            begun += 1
            try:
                segment = segments.get(due.recipient, READER)
                parcel = fill(due, addresses[due.recipient], date, segment)
            except DeliveryError as error:
                pace.done(due.id, error)
                pass_.know(Outcome(due.id, error, error.reply, time.time()))
            else:
                behind = yield parcel
        else:
            most = min(2 * most, size())
        for due, resting in pace.left():
            pass_.know(Outcome(due.id, resting, "", time.time()))


def _leave_out(pass_: Pass, round_: list[Due], addresses: dict[int, str]) -> None:
    for due in round_:
        if due.recipient not in addresses:
            pass_.know(Outcome(due.id, Refused("unsubscribed"), "", time.time()))


def _segments(readers: Iterable[int]) -> dict[int, str]:
    """What each granted reader gets under embargo: the text, or only the way to it."""
    sparing = grants.link_only(readers)
    return {reader: "link-only" if reader in sparing else "granted" for reader in readers}


def _filler(edition: Edition) -> Callable[[Due, str, str, str], Parcel]:
    """Makes the mail of one reader, at their address, from what is the same for their segment.

    It raises DeliveryError where none can be made.
    """
    edition_id = edition.pk
    person = Persons(keys(), str(edition.release_id)).person
    unsubscribe, preferences = (
        Sealer(keys(), "unsubscribe").seal,
        Sealer(keys(), "preferences").seal,
    )
    personal = Sealer(keys(), "embargo").seal
    path = return_path()

    def fill(due: Due, address: str, date: str, segment: str) -> Parcel:
        ident, recipient, _, first = due
        composition = _composition(edition_id, first is None, segment)
        own = "" if segment == READER else personal(ident)
        tokens = person(recipient), unsubscribe(recipient), preferences(recipient), own
        message = email.fill(composition, email.Reader(ident, address, *tokens, first), date)
        return Parcel(ident, path, address, message, "", composition.clean)

    return fill


@lru_cache(maxsize=8)
def _composition(edition: int, first: bool, segment: str) -> email.Composition:
    return compositions.mail(Edition.objects.get(pk=edition), first=first, segment=segment)


def no_relay() -> Unavailable:
    """Why nothing leaves while there is no mail server."""
    return Unavailable("no-relay", "email.smtp_host is not set", about="relay")


@cache
def return_path() -> str:
    """Where mails that cannot be delivered go."""
    return parseaddr(settings.DISTRIBUTOR.email.from_)[1]


@cache
def postman() -> Postman | None:
    """The sender of this process; None while no mail server is named."""
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
    if not relays:
        return None
    made = Postman(relays, connections=options.connections, watch=RelayWatch())
    stopping.await_too(made.last_words)
    return made
