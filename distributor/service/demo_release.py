"""The demo's audience, releases and table. Imported once Django is set up for the demo's folder."""

from __future__ import annotations

import email
import email.policy
import getpass
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distributor.audience import endpoints, subscribing, topics
from distributor.audience.addresses import normal
from distributor.audience.models import Subscriber
from distributor.dispatch import standing
from distributor.dispatch.models import Delivery, Edition, Feed
from distributor.newsroom import drafting, importing, lifecycle
from distributor.newsroom.models import ReleasePage
from distributor.service.demo import NotArrived
from distributor.service.receiver import Receiver

SAMPLES = Path(__file__).parent / "samples"
READERS = (
    ("redaktionen@tidningen.example", ("sv",)),
    ("anna@lasare.example", ("sv",)),
    ("newsdesk@wire.example", ("sv", "en")),
    ("reader@abroad.example", ("en",)),
)
HOOKS = ("/intranet", "/newsroom")
"""Paths of the receiver; the second fails once."""
_TOPIC = "kultur"
_ARRIVED = 60.0


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one delivery: ``seconds`` from Publish to its arrival."""

    channel: str
    address: str
    result: str
    seconds: float | None
    look: str

    @property
    def arrived(self) -> bool:
        """Whether it was delivered, and found where it should be, and genuine."""
        return self.result.startswith("delivered") and not self.look.endswith(("FOUND", "WRONG"))


def run(receiver: Receiver) -> tuple[list[Row], float]:
    """Found an audience, publish the samples, wait for all to arrive.

    Returns what became of each delivery, and the seconds from Publish to the last arrival.

    Raises:
        NotArrived: something is still owed after a minute.
    """
    paths = _found_audience(receiver)
    began = time.time()
    releases = _publish_both(SAMPLES / "biblioteket.sv.md", SAMPLES / "biblioteket.en.md")
    while owed := sum(standing.owed(release) for release in releases):
        if time.time() > began + _ARRIVED:
            raise NotArrived(f"{owed} deliveries are still owed after {_ARRIVED:.0f} seconds")
        time.sleep(0.1)
    took = time.time() - began
    return _rows(releases, paths, receiver, began), took


def _found_audience(receiver: Receiver) -> dict[int, str]:
    """A topic, its readers, and an endpoint for each path; the last one fails once.

    Returns the paths by the endpoints' ids.
    """
    topics.add(_TOPIC, {"sv": "Kultur", "en": "Culture"})
    agreed = subscribing.Agreement(basis="consent", source="the demo")
    wishes = [
        subscribing.Wish(
            address=normal(address),
            paces={_TOPIC: "immediate"},
            languages=languages,
            agreement=agreed,
        )
        for address, languages in READERS
    ]
    subscribing.record(wishes, by=getpass.getuser())
    paths = {}
    for path in HOOKS:
        added = endpoints.add(
            f"{receiver.url}{path}", format="standard", name=path.strip("/"), topics=[_TOPIC]
        )
        receiver.secrets[path] = added.secret or ""
        paths[added.endpoint.pk] = path
    receiver.failures[HOOKS[-1]] = 1
    return paths


def _publish_both(original: Path, translation: Path) -> list[str]:
    """Publish a release and its translation, as an editor would who links the two; their ids."""
    with drafting.whole() as names:
        first, second = (_draft(path, names) for path in (original, translation))
        second.translation_key = first.translation_key
        second.save()
        second.save_revision(clean=False)
    by = lifecycle.Actor(getpass.getuser())
    editions = [lifecycle.publish(page, by=by) for page in (first, second)]
    return [str(edition.release_id) for edition in editions]


def _draft(path: Path, names: list[str]) -> ReleasePage:
    site = settings.DISTRIBUTOR.site
    draft = importing.read(
        path.name,
        path.read_bytes(),
        language=None,
        languages=site.languages,
        sender=site.name,
        media_folder=path.parent,
    )
    return drafting.create(draft, names)


def _rows(
    releases: list[str], paths: dict[int, str], receiver: Receiver, began: float
) -> list[Row]:
    """A row for each delivery of ``releases``, with where to look at what arrived."""
    data_dir: Path = settings.DISTRIBUTOR.site.data_dir
    caught = _mails(data_dir / "mail")
    made = []
    for edition in Edition.objects.filter(release_id__in=releases).order_by("pk"):
        for delivery in edition.deliveries.order_by("channel", "recipient"):
            address, look = _seen(delivery, edition, caught, paths, receiver, data_dir)
            seconds = delivery.done_at.timestamp() - began if delivery.done_at else None
            tries = f", attempt {delivery.attempts}" if delivery.attempts > 1 else ""
            result = f"{delivery.state}{tries}"
            made.append(Row(delivery.channel, address, result, seconds, look))
    return made


def _seen(
    delivery: Delivery,
    edition: Edition,
    caught: dict[tuple[str, str], Path],
    paths: dict[int, str],
    receiver: Receiver,
    data_dir: Path,
) -> tuple[str, str]:
    """The address of a delivery, and the file that shows what arrived there."""
    if delivery.channel == "feed":
        name = Feed.objects.get(pk=delivery.recipient).name
        return f"/feeds/{name}", f"public/feeds/{name}.rss .atom .json"
    if delivery.channel == "webhook":
        path = paths[delivery.recipient]
        return path, _received(receiver, path, str(edition.release_id), data_dir)
    address = Subscriber.objects.get(pk=delivery.recipient).address
    kept = caught.get((address, str(edition.release_id)))
    return address, str(kept.relative_to(data_dir)) if kept else "NOT FOUND"


def _received(receiver: Receiver, path: str, release_id: str, data_dir: Path) -> str:
    for got in reversed(receiver.received):
        if got.path == path and release_id in got.kept.read_text("utf-8"):
            genuine = "signature verified" if got.verified else "SIGNATURE WRONG"
            return f"{got.kept.relative_to(data_dir)}: {genuine}"
    return "NOT FOUND"


def _mails(folder: Path) -> dict[tuple[str, str], Path]:
    """The caught mails by recipient and release id."""
    found = {}
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found[str(message["To"]), str(message["Release-Id"])] = path
    return found
