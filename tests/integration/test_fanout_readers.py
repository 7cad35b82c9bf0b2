"""Whom an edition is mailed to: every act, for every way in which a reader can stand to it."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from distributor.audience import grants, unsubscribing
from distributor.audience.models import Subscriber, Subscription
from distributor.dispatch import delivering, fanout, leases, recipients, rounds, standing
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.errors import Refused
from tests import fanning

pytestmark = pytest.mark.django_db

KINDS = (
    "new",
    "had",
    "weekly",
    "paused",
    "moved",
    "gone",
    "suppressed",
    "on the wire",
    "waiting",
    "bounced",
    "stranger",
)
AT_ONCE = {
    "new": "first",
    "had": "now",
    "weekly": "now",
    "paused": "now",
    "moved": "now",
    "on the wire": "now",
    "waiting": "first",
    "bounced": "first",
}
RECEIVERS_ONLY = {kind: how for kind, how in AT_ONCE.items() if how == "now"}
UPDATED = {
    "new": "first",
    "had": "follow-up",
    "on the wire": "follow-up",
    "waiting": "first",
    "bounced": "first",
}


def _cast() -> tuple[Edition, dict[str, int]]:
    """A first edition and a reader of each kind."""
    people = dict(zip(KINDS, fanning.readers(len(KINDS)), strict=True))
    Subscription.objects.filter(subscriber=people["new"]).delete()
    Subscription.objects.filter(subscriber=people["stranger"]).delete()
    first = fanning.issue()
    quiet = ("new", "stranger", "on the wire", "waiting", "bounced")
    fanning.hand_over(first, [people[kind] for kind in KINDS if kind not in quiet])
    fanning.hand_over(first, [people["bounced"]], Refused("no-such-address", "550 5.1.1 who?"))
    fanning.claim(first, [people["on the wire"]])
    topic = Subscription.objects.filter(subscriber=people["had"]).get().topic
    Subscription.objects.create(subscriber_id=people["new"], topic=topic)
    (elsewhere,) = fanning.readers(1, "skola")
    other = Subscription.objects.get(subscriber=elsewhere).topic
    Subscription.objects.create(subscriber_id=people["stranger"], topic=other)
    Subscription.objects.create(subscriber_id=people["moved"], topic=other)
    unsubscribing.end(people["moved"], "preferences page", topic="trafik")
    unsubscribing.end(people["gone"], "one-click")
    Subscriber.objects.filter(pk=people["suppressed"]).update(suppressed="complaint")
    for pace in ("weekly", "paused"):
        Subscription.objects.filter(subscriber=people[pace]).update(pace=pace)
    return first, people


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ({"kind": "update", "act": "release.updated"}, UPDATED),
        ({"kind": "language", "act": "release.updated"}, {"waiting": "first"}),
        ({"kind": "fact", "act": "release.corrected"}, AT_ONCE),
        ({"kind": "update", "act": "release.updated", "event": "changed"}, AT_ONCE),
        ({"kind": "update", "act": "release.updated", "event": "cancelled"}, AT_ONCE),
        ({"act": "release.withheld"}, RECEIVERS_ONLY),
        ({"act": "release.withdrawn"}, RECEIVERS_ONLY),
    ],
    ids=["update", "language", "fact", "changed", "cancelled", "withheld", "withdrawn"],
)
def test_who_is_told_of_what(act: dict[str, Any], expected: dict[str, str]) -> None:
    first, people = _cast()
    edition = fanning.issue(first, fan_out=False, lead="Ny ingress.", **act)
    unsaved = Edition.objects.get(pk=edition.pk)
    unsaved.pk, unsaved.number = None, None
    foreseen = fanout.reach(unsaved)["email"]
    fanout.fan_out(edition.pk)
    fanout.fan_out(edition.pk)
    heard = {kind: fanning.told(edition, reader) for kind, reader in people.items()}
    assert {kind: how for kind, how in heard.items() if how} == expected
    rows = Delivery.objects.filter(edition=edition)
    assert foreseen.receivers == rows.filter(urgent=True).count()
    assert foreseen.audience == rows.filter(urgent=False).count()
    assert foreseen.out_of_reach == (2 if "weekly" in expected else 0)
    assert standing.counts([edition])["email"]["owed"] == rows.count()
    left = Delivery.objects.filter(edition=first, state="pending")
    assert not left.exists()


@pytest.mark.parametrize("act", ["release.resumed", "language", "fact"])
def test_whatever_ends_a_hold_tells_all_who_were_told_of_it(act: str) -> None:
    first, people = _cast()
    held = fanning.issue(first, act="release.withheld")
    assert fanning.told(held, people["waiting"]) == ""
    told_of = {kind: fanning.told(held, reader) for kind, reader in people.items()}
    fanning.hand_over(held, [people[kind] for kind, how in told_of.items() if how])
    changes: dict[str, Any] = {"act": "release.resumed"}
    if act != "release.resumed":
        name = {"language": "release.updated", "fact": "release.corrected"}[act]
        changes = {"act": name, "kind": act, "lead": "Ny ingress."}
    back = fanning.issue(held, **changes)
    heard = {kind: fanning.told(back, reader) for kind, reader in people.items()}
    assert {kind: how for kind, how in heard.items() if how} == AT_ONCE


@pytest.mark.parametrize("kind", ["language", "update"])
def test_who_still_waits_to_be_told_at_once_is_told_so_by_the_next_edition(kind: str) -> None:
    early, weekly, late = fanning.readers(3)
    first = fanning.issue()
    fanning.hand_over(first, [early, weekly])
    Subscription.objects.filter(subscriber=weekly).update(pace="weekly")
    corrected = fanning.issue(first, act="release.corrected", kind="fact", lead="Rätt dag.")
    fanning.hand_over(corrected, [early])
    newest = fanning.issue(corrected, act="release.updated", kind=kind, lead="Rätt dag!")
    assert fanning.told(newest, weekly) == "now"
    assert Delivery.objects.get(edition=newest, recipient=weekly).first_number == 1
    assert fanning.told(newest, late) == "first"
    assert fanning.told(newest, early) == ("" if kind == "language" else "follow-up")
    again = fanning.issue(newest, act="release.updated", kind="language", lead="Rätt dag?")
    assert fanning.told(again, weekly) == "now"
    assert fanning.told(again, early) == ("" if kind == "language" else "follow-up")


def test_a_withdrawal_is_told_once_and_an_erasure_to_those_who_were_not_told() -> None:
    told, untold = fanning.readers(2)
    first = fanning.issue()
    fanning.hand_over(first, [told, untold])
    withdrawn = fanning.issue(first, act="release.withdrawn")
    fanning.hand_over(withdrawn, [told])
    erased = fanning.issue(
        withdrawn, act="release.withdrawn", title="", body=(), options={"erased": True}
    )
    assert fanning.told(erased, told) == ""
    assert fanning.told(erased, untold) == "now"


def test_under_embargo_only_granted_readers_and_at_the_lift_those_who_lack_the_words() -> None:
    follower, named, other, revoked, waiting, alone = fanning.readers(6)
    for reader in (named, other, revoked, waiting, alone):
        grants.grant(reader, terms_version="1", accepted_at=timezone.now())
    Subscription.objects.filter(subscriber=alone).delete()
    until = timezone.now() + timedelta(hours=1)
    options = {"embargo_until": until, "granted": [named, revoked, waiting, alone]}
    first = fanning.issue(act="release.embargoed", options=options)
    expected = {named: "first", revoked: "first", waiting: "first", alone: "first"}
    everybody = (follower, named, other, revoked, waiting, alone)
    assert {r: how for r in everybody if (how := fanning.told(first, r))} == expected
    fanning.hand_over(first, [named, revoked, alone])
    assert grants.revoke(revoked) == 1
    assert not grants.holds(revoked)
    held = fanning.issue(first, act="release.withheld", options={"embargo_until": until})
    assert {r for r in everybody if fanning.told(held, r)} == {named, alone}
    resumed = fanning.issue(held, act="release.resumed", options=options)
    assert fanning.told(resumed, waiting) == "first"
    assert fanning.told(resumed, named) == "now"
    fanning.hand_over(resumed, [named, alone])
    lift = fanning.issue(resumed, options={"public_at": timezone.now()})
    assert lift.published_at is not None
    expected = {follower: "first", other: "first", waiting: "first"}
    assert {r: how for r in everybody if (how := fanning.told(lift, r))} == expected


def test_who_was_on_the_wire_and_got_nothing_is_added_to_the_newer_edition() -> None:
    before, flying, behind = fanning.readers(3)
    first = fanning.issue()
    (due,) = fanning.claim(first, [flying])
    newest = fanning.issue(first, act="release.updated", kind="language", lead="Ny ingress.")
    assert [fanning.told(newest, r) for r in (before, flying, behind)] == ["first", "", "first"]
    batch = Batch.objects.select_related("edition").get(edition=first)
    assert leases.claim(batch)
    rounds.hand_back(batch, [due])
    rounds.close(batch, release=True)
    assert fanning.claim(first, [flying]) == []
    delivering.deliver(batch.pk)
    assert fanning.told(newest, flying) == "first"
    assert Delivery.objects.get(edition=first, recipient=flying).reason == "superseded"
    counts = standing.counts([first, newest])["email"]
    assert (counts["owed"], counts["superseded"]) == (3, 3)
    assert Batch.objects.get(edition=first).due_at is None
    fanning.hand_over(newest, [before, flying, behind])
    assert standing.owed(first.release_id) == 0


def test_those_added_to_a_newer_edition_have_batches_of_their_own_where_none_spans_them() -> None:
    everybody = fanning.readers(9)
    flying = [*everybody[:2], everybody[4], *everybody[7:]]
    first = fanning.issue()
    claimed = fanning.claim(first, flying)
    newest = fanning.issue(first, act="release.updated", kind="language", lead="Ny ingress.")
    batch = Batch.objects.select_related("edition").get(edition=first)
    assert leases.claim(batch)
    rounds.hand_back(batch, claimed)
    rounds.close(batch, release=True)
    delivering.deliver(batch.pk)
    batches = Batch.objects.filter(edition=newest).order_by("first")
    spans = [(each.first, each.last, each.total) for each in batches]
    low, high = everybody[0], everybody[-1]
    assert spans == [(low, low + 1, 2), (low + 2, low + 6, 5), (high - 1, high, 2)]
    assert {fanning.told(newest, reader) for reader in everybody} == {"first"}
    fanning.hand_over(newest, everybody)
    assert standing.owed(first.release_id) == 0


def test_an_edition_without_mail_leaves_the_mail_of_the_one_before_alone() -> None:
    (reader,) = fanning.readers(1)
    first = fanning.issue()
    fanning.issue(
        first, act="release.updated", kind="update", channels=("feed",), lead="Ny ingress."
    )
    assert fanning.told(first, reader) == "first"
    fanning.hand_over(first, [reader])
    assert standing.owed(first.release_id) > 0


def test_older_editions_are_fanned_out_before_newer_ones() -> None:
    had, waiting = fanning.readers(2)
    first = fanning.issue()
    fanning.hand_over(first, [had])
    corrected = fanning.issue(
        first, act="release.corrected", kind="fact", lead="Rätt dag.", fan_out=False
    )
    newest = fanning.issue(corrected, act="release.updated", kind="language", lead="Rätt dag!")
    assert Edition.objects.get(pk=corrected.pk).fanned_out_at is not None
    assert fanning.told(newest, had) == "now"
    assert fanning.told(newest, waiting) == "first"


@pytest.mark.parametrize("kill", [1, 2, 4, 5, 7])
def test_a_fan_out_killed_in_either_lane_goes_on_and_tells_each_reader_once(
    kill: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fanout, "CHUNK", 5)
    monkeypatch.setitem(fanout.SIZES, "email", 3)
    had = fanning.readers(11)
    first = fanning.issue()
    fanning.hand_over(first, had)
    late = fanning.readers(9)
    edition = fanning.issue(
        first, act="release.corrected", kind="fact", lead="Rätt dag.", fan_out=False
    )
    cut, calls = fanout._cut, count(1)

    def killed(*args: Any, **kwargs: Any) -> None:
        if next(calls) == kill:
            raise KeyboardInterrupt
        cut(*args, **kwargs)

    monkeypatch.setattr(fanout, "_cut", killed)
    with pytest.raises(KeyboardInterrupt):
        fanout.fan_out(edition.pk)
    for _ in range(2):
        fanout.fan_out(edition.pk)
    rows = Delivery.objects.filter(edition=edition)
    told = dict(rows.values_list("recipient", "urgent"))
    assert told == dict.fromkeys(had, True) | dict.fromkeys(late, False)
    batches = Batch.objects.filter(edition=edition)
    assert sum(batch.total for batch in batches) == len(had) + len(late) == rows.count()
    for row in rows:
        lane = batches.filter(urgent=row.urgent)
        assert lane.filter(first__lte=row.recipient, last__gte=row.recipient).count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps statistics by itself")
def test_nobody_is_looked_for_among_all_for_each_reader() -> None:
    """SQLite has no statistics unless somebody asks for them, and joins row by row at worst."""
    had = fanning.readers(20)
    first = fanning.issue()
    fanning.hand_over(first, had)
    edition = fanning.issue(
        first, act="release.corrected", kind="fact", lead="Rätt.", fan_out=False
    )
    rule = recipients.rule(edition)
    for chosen in (recipients.at_once, recipients.in_turn):
        sql, parameters = chosen(rule, 1, 50_000)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            steps = [row[3] for row in cursor.fetchall()]
        assert steps
        assert not [step for step in steps if step.startswith("SCAN") and "JOIN" in step]
