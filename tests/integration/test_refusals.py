"""A mail that receivers refuse as such: the send pauses, says why, and can be resumed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from distributor.adapters.smtp import Postman, Relay
from distributor.audience.models import Subscriber
from distributor.dispatch import by_email, control, delivering
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.service.cli import distributor
from tests.fanning import hand_over, issue, readers
from tests.listeners.smtp import Listener, Session

pytestmark = pytest.mark.django_db

TOO_LARGE = b"552 5.3.4 message too large"
SYNTAX = b"501 5.5.4 cannot read that"


class Receivers:
    """Say ``reply`` to the final dot of mails for ``domains``, or for all."""

    def __init__(self, reply: bytes, domains: Sequence[str] = ()) -> None:
        self.reply, self.domains, self.well = reply, domains, False

    def __call__(self, session: Session, heard: bytes) -> list[bytes] | None:
        if heard != b"." or self.well:
            return None
        (recipient,) = session.recipients
        all_of_them = not self.domains or recipient.partition("@")[2] in self.domains
        return [self.reply] if all_of_them else None


@pytest.fixture
def relay(redis_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with Listener() as listener:
        host = Relay(host="127.0.0.1", port=listener.port, security="none")
        postman = Postman([host], connections=4)
        monkeypatch.setattr(by_email, "postman", lambda: postman)
        yield listener
        postman.close()


def people(count: int, *domains: str) -> list[int]:
    """So many readers, by turns of the domains."""
    made = readers(count)
    for number, ident in enumerate(made):
        address = f"r{number}@{domains[number % len(domains)]}"
        Subscriber.objects.filter(pk=ident).update(address=address, key=address)
    return made


def deliver(edition: Edition) -> None:
    for batch in Batch.objects.filter(edition=edition).order_by("-urgent"):
        delivering.deliver(batch.pk)


def states(edition: Edition) -> dict[str, int]:
    found = list(Delivery.objects.filter(edition=edition).values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_a_mail_that_three_domains_refuse_pauses_its_sending_until_it_is_resumed(
    relay: Listener,
) -> None:
    relay.answer = receivers = Receivers(TOO_LARGE)
    people(400, *(f"town-{number}.example" for number in range(400)))
    edition = issue()
    with capture_logs() as log:
        deliver(edition)
    counts = states(edition)
    # Two that were heard of, and on each connection at most the one heard of together with the
    # third, the next on the wire and what was laid ready behind that.
    assert 3 <= counts["failed"] <= 2 + 4 * 3
    assert counts["pending"] == 400 - counts["failed"]
    (said,) = [entry for entry in log if entry["log_level"] == "error"]
    assert said["event"] == "sending.paused"
    assert (said["reason"], said["reply"]) == ("too-large", TOO_LARGE.decode())
    assert f"distributor sending {edition.release_id} --resume" in said["remedy"]
    paused = Edition.objects.get(pk=edition.pk)
    assert paused.paused_at is not None
    assert (paused.paused_for, paused.paused_reply) == ("too-large", TOO_LARGE.decode())

    tried = len(relay.heard)
    deliver(edition)
    assert len(relay.heard) == tried
    receivers.well = True
    distributor.main(["sending", str(edition.release_id), "--resume"], standalone_mode=False)
    deliver(edition)
    assert states(edition) == {"failed": counts["failed"], "delivered": counts["pending"]}
    resumed = Edition.objects.get(pk=edition.pk)
    assert (resumed.paused_at, resumed.paused_for, resumed.paused_reply) == (None, "", "")


def test_two_domains_that_refuse_it_keep_nobody_from_it(relay: Listener) -> None:
    relay.answer = Receivers(b"550 5.6.1 no such media", ("a.example", "b.example"))
    people(40, "a.example", "b.example", "c.example", "d.example")
    edition = issue()
    deliver(edition)
    assert states(edition) == {"failed": 20, "delivered": 20}


def test_what_is_told_at_once_goes_on_and_warns(relay: Listener) -> None:
    recipients = people(40, "a.example", "b.example", "c.example", "d.example")
    first = issue()
    hand_over(first, recipients)
    relay.answer = Receivers(TOO_LARGE, ("a.example", "b.example", "c.example"))
    hold = issue(first, act="release.withheld", status="withheld", reason="En prövning.")
    with capture_logs() as log:
        deliver(hold)
    assert states(hold) == {"failed": 30, "delivered": 10}
    assert Edition.objects.get(pk=hold.pk).paused_at is None
    (said,) = [entry for entry in log if entry["event"] == "sending.refused"]
    assert said["log_level"] == "warning"
    assert said["reply"] == TOO_LARGE.decode()


@pytest.mark.parametrize("urgent", [False, True])
def test_five_refusals_in_a_row_of_how_we_speak_pause_everything(
    relay: Listener, urgent: bool
) -> None:
    recipients = people(60, "a.example")
    edition = issue()
    if urgent:
        hand_over(edition, recipients)
        edition = issue(edition, act="release.withheld", status="withheld", reason="En prövning.")
    relay.answer = Receivers(SYNTAX)
    deliver(edition)
    counts = states(edition)
    assert 5 <= counts["failed"] <= 5 + 2 * 4
    assert Edition.objects.get(pk=edition.pk).paused_for == "protocol"


def test_a_mail_taken_in_between_ends_the_row(relay: Listener) -> None:
    relay.answer = Receivers(SYNTAX, ("a.example",))
    people(56, "a.example", *["b.example"] * 7)
    edition = issue()
    deliver(edition)
    assert states(edition) == {"failed": 7, "delivered": 49}
    assert Edition.objects.get(pk=edition.pk).paused_at is None


def test_a_person_who_paused_first_is_not_overruled(relay: Listener) -> None:
    people(1, "a.example")
    edition = issue()
    control.pause(edition.release_id)
    before = timezone.now()
    control.pause_for(edition.pk, by_email.Refused("too-large", "552", about="message"))
    row = Edition.objects.get(pk=edition.pk)
    assert row.paused_at is not None
    assert row.paused_at < before
    assert row.paused_for == ""
