"""Fan-out, rounds and settling, on a real database: who is owed what, and what a kill leaves."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from django.utils import timezone

from distributor.audience.models import Subscriber, Subscription, Topic
from distributor.dispatch import (
    control,
    delivering,
    editions,
    fanout,
    journal,
    leases,
    rounds,
    standing,
)
from distributor.dispatch.journal import Journal
from distributor.dispatch.models import Attempt, Batch, Delivery, Edition
from distributor.errors import Refused, Unavailable
from distributor.release import Release
from distributor.release import Topic as ReleaseTopic
from tests.fanning import held, outcome

pytestmark = pytest.mark.django_db

RELEASE = Release(
    id="",
    uri="tag:press.example.se,2026:release/1",
    url="https://press.example.se/bron/",
    type="press",
    language="sv",
    title="Bron öppnar",
    topics=(ReleaseTopic(slug="trafik", name="Trafik"),),
)


def _readers(count: int, topic: str = "trafik", languages: str = " sv ") -> list[int]:
    followed, _ = Topic.objects.get_or_create(slug=topic, defaults={"names": {"sv": topic}})
    start = Subscriber.objects.count()
    made = Subscriber.objects.bulk_create(
        Subscriber(
            address=f"r{n}@readers.example",
            key=f"r{n}@readers.example",
            languages=languages,
            confirmed_at=timezone.now(),
        )
        for n in range(start, start + count)
    )
    Subscription.objects.bulk_create(
        Subscription(subscriber=reader, topic=followed) for reader in made
    )
    return [reader.pk for reader in made]


def _issue(release: Release | None = None, revision: str = "1", **changes: object) -> Edition:
    release = release or replace(RELEASE, id=str(uuid.uuid4()))
    return editions.issue(
        replace(release, **changes),
        revision=revision,
        leaves_at=timezone.now() - timedelta(seconds=1),
        issuer="kim",
        channels=["email"],
    )


def _under_way(readers: int) -> tuple[Edition, Batch]:
    """An edition to so many readers, fanned out, and its batch, claimed."""
    _readers(readers)
    edition = _issue()
    fanout.fan_out(edition.pk)
    return edition, held(edition)


def test_everybody_who_follows_gets_one_delivery_and_nobody_else() -> None:
    wanted = _readers(1203)
    _readers(5, topic="skola")
    _readers(5, languages=" en ")
    unconfirmed, suppressed, ended, paused = _readers(4)
    Subscriber.objects.filter(pk=unconfirmed).update(confirmed_at=None)
    Subscriber.objects.filter(pk=suppressed).update(suppressed="complaint")
    Subscription.objects.filter(subscriber=ended).update(ended_at=timezone.now())
    Subscription.objects.filter(subscriber=paused).update(pace="paused")
    edition = _issue()
    assert standing.counts([edition])["email"]["owed"] == len(wanted)
    fanout.fan_out(edition.pk)
    fanout.fan_out(edition.pk)
    recipients = Delivery.objects.order_by("recipient").values_list("recipient", flat=True)
    assert list(recipients) == wanted
    assert [batch.total for batch in Batch.objects.order_by("pk")] == [1000, 203]
    assert standing.counts([edition])["email"]["owed"] == len(wanted)


def test_a_reader_of_two_topics_of_a_release_has_one_delivery() -> None:
    (reader,) = _readers(1)
    other = Topic.objects.create(slug="skola", names={"sv": "Skola"})
    Subscription.objects.create(subscriber_id=reader, topic=other)
    topics = (*RELEASE.topics, ReleaseTopic(slug="skola", name="Skola"))
    edition = _issue(topics=topics)
    fanout.fan_out(edition.pk)
    assert Delivery.objects.count() == 1


def test_a_fan_out_that_was_killed_goes_on_after_its_last_chunk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fanout, "CHUNK", 100)
    wanted = _readers(350)
    edition = _issue()
    cut = fanout._cut

    def killed(*args: object, **kwargs: object) -> None:
        if Batch.objects.exists():
            raise KeyboardInterrupt
        cut(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(fanout, "_cut", killed)
    with pytest.raises(KeyboardInterrupt):
        fanout.fan_out(edition.pk)
    assert 0 < Delivery.objects.count() <= 100
    monkeypatch.setattr(fanout, "_cut", cut)
    fanout.fan_out(edition.pk)
    assert Delivery.objects.count() == len(wanted)
    assert sum(batch.total for batch in Batch.objects.all()) == len(wanted)


def test_nothing_leaves_before_its_time() -> None:
    _readers(3)
    edition = _issue()
    Edition.objects.update(leaves_at=timezone.now() + timedelta(minutes=1))
    fanout.fan_out(edition.pk)
    assert Delivery.objects.count() == 0
    assert not editions.public().exists()


def test_a_lease_is_taken_once() -> None:
    _readers(3)
    fanout.fan_out(_issue().pk)
    batch = Batch.objects.get()
    assert leases.claim(batch)
    assert not leases.claim(batch)
    leases.release(batch)
    assert leases.claim(batch)


def test_the_lease_of_a_dead_process_of_this_machine_ends_at_once() -> None:
    _readers(3)
    fanout.fan_out(_issue().pk)
    batch = Batch.objects.get()
    assert leases.claim(batch)
    assert leases.end_those_of_the_dead(Batch) == 0
    mine = leases.holder()
    Batch.objects.update(holder=mine.rpartition("/")[0] + "/1")
    assert leases.end_those_of_the_dead(Batch) == 1
    assert leases.claim(batch)


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere a process knows when it was born")
def test_who_lives_keeps_the_lease_when_the_clock_of_the_machine_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, batch = _under_way(3)
    booted = int(psutil.boot_time())
    told = Path("/proc/stat").read_text().replace(f"btime {booted}", f"btime {booted - 2}")
    (tmp_path / "stat").write_text(told)
    (tmp_path / str(os.getpid())).symlink_to(f"/proc/{os.getpid()}")
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    assert psutil.boot_time() == booted - 2
    assert leases.end_those_of_the_dead(Batch) == 0
    assert not leases.claim(batch)


def test_counters_are_true_after_each_round_and_what_failed_is_due_later() -> None:
    edition, batch = _under_way(6)
    first = rounds.begin(batch, 4, after=0)
    assert len(first) == 4
    rounds.record(
        batch,
        [
            outcome(first[0]),
            outcome(first[1], Refused("no-such-address", "550 5.1.1 who?")),
            outcome(first[2], Unavailable("busy", "451 later")),
        ],
    )
    rounds.hand_back(batch, first[3:])
    counts = standing.counts([edition])["email"]
    assert (counts["owed"], counts["delivered"], counts["failed"]) == (4, 1, 1)
    second = rounds.begin(batch, 4, after=first[-1].recipient)
    assert [due.recipient for due in second] == [first[-1].recipient + 1, first[-1].recipient + 2]
    retried = Delivery.objects.get(pk=first[2].id)
    assert retried.state == "pending"
    assert retried.due_at > timezone.now() + timedelta(seconds=90)
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {"refused", "unavailable"}
    assert Delivery.objects.get(pk=first[0].id).reply == outcome(first[0]).reply
    rounds.record(batch, [outcome(due) for due in second])
    rounds.close(batch)
    assert Batch.objects.get().due_at <= timezone.now()


def test_a_relay_that_is_away_costs_no_attempt() -> None:
    edition, batch = _under_way(1)
    (due,) = rounds.begin(batch, 50, after=0)
    rounds.record(batch, [outcome(due, Unavailable("connect", about="relay"))])
    row = Delivery.objects.get()
    assert (row.state, row.attempts, Attempt.objects.count()) == ("pending", 0, 0)


def test_a_mail_that_waited_for_us_for_days_is_tried_for_as_long_as_any_other() -> None:
    edition, batch = _under_way(2)
    assert control.pause(edition.release_id)
    long_ago = timezone.now() - timedelta(days=3)
    Delivery.objects.update(since=long_ago, due_at=long_ago)
    assert control.resume(edition.release_id)
    greylisted = Unavailable("policy", "451 4.7.1 come back in a minute", about="ours")
    for due in rounds.begin(batch, 5, after=0):
        rounds.record(batch, [outcome(due, greylisted)])
    assert set(Delivery.objects.values_list("state", "attempts")) == {("pending", 1)}


def test_after_a_kill_the_journal_says_who_got_it_and_the_rest_is_due_again() -> None:
    edition, batch = _under_way(5)
    taken = rounds.begin(batch, 5, after=0)
    written = Journal(batch.pk, 50)
    written.write(outcome(taken[0]))
    written.write(outcome(taken[1], Refused("no-such-address", "550 5.1.1 who?")))
    path = journal._path(batch.pk)
    path.write_bytes(path.read_bytes().rstrip(b"\n") + b"\n[77,17")
    written.close(remove=False)
    rounds.settle(batch)
    assert sorted(Delivery.objects.values_list("state", flat=True)) == [
        "delivered",
        "failed",
        "pending",
        "pending",
        "pending",
    ]
    counts = standing.counts([edition])["email"]
    assert (counts["owed"], counts["delivered"], counts["failed"]) == (3, 1, 1)
    assert not path.exists()
    rounds.settle(batch)
    assert standing.counts([edition])["email"] == counts


def test_who_lost_the_lease_claims_nothing_more() -> None:
    edition, batch = _under_way(3)
    Batch.objects.update(holder="another")
    assert rounds.begin(batch, 50, after=0) == []


def test_who_lost_the_lease_takes_nothing_back_from_whoever_has_it() -> None:
    edition, batch = _under_way(3)
    taken = rounds.begin(batch, 50, after=0)
    Batch.objects.update(holder="another")
    busy, refused = Unavailable("busy", "451 later"), Refused("policy", "554 no")
    told = [
        outcome(taken[0], busy),
        outcome(taken[1], refused),
        outcome(taken[2]),
    ]
    rounds.record(batch, told[:1])
    assert rounds.record_and_begin(batch, told[1:], 50, after=0) == []
    rows = Delivery.objects.order_by("recipient").values_list("state", "attempts")
    assert list(rows) == [("sending", 0), ("sending", 0), ("delivered", 1)]
    assert not Attempt.objects.exists()


def test_a_paused_sending_claims_nothing_and_goes_on_when_resumed() -> None:
    edition, batch = _under_way(3)
    assert control.pause(edition.release_id) == 1
    assert rounds.begin(batch, 50, after=0) == []
    assert control.resume(edition.release_id) == 1
    assert len(rounds.begin(batch, 50, after=0)) == 3


def test_a_cancelled_sending_never_goes_on() -> None:
    edition, batch = _under_way(3)
    assert control.cancel(edition.release_id) == 3
    assert rounds.begin(batch, 50, after=0) == []
    assert standing.counts([edition])["email"]["failed"] == 3
    assert standing.owed(edition.release_id) == 0


def test_what_comes_back_after_a_cancel_is_never_claimed_again() -> None:
    edition, batch = _under_way(2)
    taken = rounds.begin(batch, 50, after=0)
    assert control.cancel(edition.release_id) == 0
    rounds.record(batch, [outcome(taken[0], Unavailable("busy", "451 later"))])
    rounds.hand_back(batch, taken[1:])
    leases.release(batch)
    delivering.deliver(batch.pk)
    assert set(Delivery.objects.values_list("state", "reason")) == {("failed", "cancelled")}
    assert control.redeliver(edition.release_id, "email", failed=True) == 2
    assert len(rounds.begin(held(edition), 50, after=0)) == 2


def test_an_edition_cancelled_before_its_fan_out_goes_to_nobody() -> None:
    _readers(2)
    edition = _issue()
    assert control.cancel(edition.release_id) == 0
    fanout.fan_out(edition.pk)
    delivering.deliver(Batch.objects.get().pk)
    assert set(Delivery.objects.values_list("state", "reason")) == {("failed", "cancelled")}


def test_redelivery_of_what_failed_is_a_persons_choice() -> None:
    edition, batch = _under_way(2)
    taken = rounds.begin(batch, 50, after=0)
    rounds.record(batch, [outcome(taken[0]), outcome(taken[1], Refused("policy", "554 no"))])
    rounds.close(batch)
    leases.release(batch)
    assert control.redeliver(edition.release_id, "email", failed=False) == 0
    assert control.redeliver(edition.release_id, "email", failed=True) == 1
    assert standing.owed(edition.release_id) == 1
    assert Delivery.objects.get(state="pending").attempts == 0


def test_one_revision_is_one_edition_and_the_same_words_are_no_new_one() -> None:
    edition = _issue()
    release = edition.release
    again = replace(RELEASE, id=release.id)
    assert _issue(again, "1").pk == edition.pk
    assert _issue(again, "2").pk == edition.pk
    changed = _issue(again, "3", title="Bron stänger")
    assert (changed.number, changed.act) == (2, "release.updated")
    assert changed.published_at == edition.published_at
    assert [row.pk for row in editions.public()] == [changed.pk]


def test_an_edition_that_was_taken_back_was_never_there_and_its_number_stays_unused() -> None:
    release = replace(RELEASE, id=str(uuid.uuid4()))
    later = timezone.now() + timedelta(minutes=1)
    edition = editions.issue(release, revision="1", leaves_at=later, issuer="kim")
    assert not editions.public().exists()
    assert editions.take_back(edition)
    assert not editions.take_back(edition)
    assert not editions.public(later + timedelta(hours=1)).exists()
    assert _issue(release, "2").number == 2


def test_who_waited_for_an_older_edition_gets_the_newest_only_as_a_first_mail() -> None:
    told, waiting = _readers(2)
    first = _issue()
    fanout.fan_out(first.pk)
    batch = held(first)
    taken = rounds.begin(batch, 1, after=0)
    rounds.record(batch, [outcome(taken[0])])
    leases.release(batch)
    again = replace(RELEASE, id=str(first.release_id))
    second = _issue(again, "2", title="Bron öppnar i maj")
    fanout.fan_out(second.pk)
    assert Delivery.objects.get(edition=first, recipient=waiting).reason == "superseded"
    assert Delivery.objects.get(edition=second, recipient=told).first_number == 1
    assert Delivery.objects.get(edition=second, recipient=waiting).first_number is None
    counts = standing.counts([first, second])["email"]
    assert (counts["owed"], counts["delivered"], counts["superseded"]) == (2, 1, 1)
