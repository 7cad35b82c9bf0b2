"""What a granted reader's personal link leads to, asked of the clock and the grant each time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from distributor.audience import grants
from distributor.audience.keys import keys
from distributor.dispatch import editions
from distributor.dispatch.models import Delivery, Edition
from distributor.sealing import seal, unseal

PURPOSE = "embargo"


class Way(Enum):
    """``PUBLIC``: to the page, since all may read it. ``OPEN``: to the words, for this reader.

    ``STOPPED``: to the notice that the release is withheld or withdrawn. ``CLOSED``: nowhere, the
    reader has no grant any more.
    """

    PUBLIC = auto()
    OPEN = auto()
    STOPPED = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Link:
    """Where it leads at this moment; ``edition`` is the release's newest that has left."""

    delivery: int
    way: Way
    edition: Edition


def token(delivery: int) -> str:
    """The token of the personal link in the mail that is ``delivery``."""
    return seal(keys(), PURPOSE, delivery)


def link(token: str) -> Link | None:
    """What the link with ``token`` leads to; None if no mail under embargo ever held it."""
    delivery = unseal(keys(), PURPOSE, token)
    return None if delivery is None else of(delivery)


def of(delivery_id: int) -> Link | None:
    """Like :func:`link`, for the delivery that the token stands for."""
    found = Delivery.objects.filter(pk=delivery_id, channel="email").select_related("edition")
    delivery = found.first()
    if delivery is None or delivery.edition.embargo_until is None:
        return None
    release_id = delivery.edition.release_id
    if public := editions.current().filter(release_id=release_id).first():
        return Link(delivery_id, Way.PUBLIC, public)
    newest = editions.newest(release_id)
    if newest is None:
        return None
    return Link(delivery_id, _way(newest, delivery.recipient), newest)


def _way(newest: Edition, reader: int) -> Way:
    named = not newest.granted or reader in newest.granted
    if newest.status == Edition.Status.CANCELED:
        return Way.STOPPED
    if not (named and grants.holds(reader)):
        return Way.CLOSED
    return Way.OPEN if newest.status == Edition.Status.USABLE else Way.STOPPED
