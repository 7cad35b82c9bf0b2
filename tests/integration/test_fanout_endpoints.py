"""Which endpoints an edition is posted to: their filters, and what they had before."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distributor.audience.models import Endpoint, Topic
from distributor.dispatch import fanout
from distributor.dispatch.models import Attempt, Delivery, Edition
from distributor.release import Topic as ReleaseTopic
from tests import fanning

pytestmark = pytest.mark.django_db

TOPICS = ("trafik", "skola", "kultur")
CHATS = ("slack", "teams", "mattermost", "googlechat")


class Wish(NamedTuple):
    """An endpoint, and how it stands to the first edition: ``had``, ``waits``, ``lost``, or not."""

    topics: frozenset[str]
    languages: frozenset[str]
    updates: bool
    trusted: bool
    disabled: bool
    format: str
    standing: str


class Act(NamedTuple):
    """A second edition."""

    act: str
    kind: str
    topics: frozenset[str]


WISHES = st.builds(
    Wish,
    topics=st.frozensets(st.sampled_from(TOPICS), max_size=2),
    languages=st.frozensets(st.sampled_from(["sv", "en"])),
    updates=st.booleans(),
    trusted=st.booleans(),
    disabled=st.booleans(),
    format=st.sampled_from(["standard", "ninjs", *CHATS]),
    standing=st.sampled_from(["had", "waits", "lost", ""]),
)
ACTS = st.builds(
    Act,
    act=st.sampled_from(["release.withheld", "release.withdrawn"]),
    kind=st.just(""),
    topics=st.frozensets(st.sampled_from(TOPICS), min_size=1),
) | st.builds(
    Act,
    act=st.just("release.updated"),
    kind=st.sampled_from(["language", "update", "fact"]),
    topics=st.frozensets(st.sampled_from(TOPICS), min_size=1),
)


def oracle(wish: Wish, act: Act, *, embargoed: bool) -> bool:
    """Whether an endpoint is posted the second edition."""
    if embargoed and not wish.trusted:
        return False
    if act.act in ("release.withheld", "release.withdrawn"):
        return wish.standing == "had"
    if wish.standing == "had":
        return not (act.kind == "language" and wish.format in CHATS)
    follows = not wish.topics or bool(wish.topics & act.topics)
    reads = not wish.languages or "sv" in wish.languages
    hears = wish.updates or act.kind == "fact" or embargoed
    return wish.standing == "waits" or (follows and reads and hears)


def endpoint(wish: Wish) -> Endpoint:
    row = Endpoint.objects.create(
        salt=uuid.uuid4(),
        name="hook",
        host="hook.example",
        sealed_url=b"",
        url_hash=uuid.uuid4().hex,
        languages="".join(f" {language}" for language in sorted(wish.languages)) + " ",
        updates=wish.updates,
        trusted=wish.trusted,
        state="disabled" if wish.disabled else "enabled",
        format=wish.format,
    )
    row.topics.set(Topic.objects.filter(slug__in=wish.topics))
    return row


def stand(edition: Edition, row: Endpoint, standing: str) -> None:
    state, reason = {
        "had": ("delivered", ""),
        "waits": ("pending", ""),
        "lost": ("failed", "expired"),
    }[standing]
    now = timezone.now()
    Delivery.objects.update_or_create(
        edition=edition,
        channel="webhook",
        recipient=row.pk,
        defaults={"state": state, "reason": reason, "since": now, "due_at": now},
    )


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(wishes=st.lists(WISHES, min_size=1, max_size=8), act=ACTS, embargoed=st.booleans())
def test_fan_out_equals_the_rules(wishes: list[Wish], act: Act, embargoed: bool) -> None:
    with transaction.atomic():
        for slug in TOPICS:
            Topic.objects.get_or_create(slug=slug, defaults={"names": {"sv": slug}})
        options: dict[str, Any] = {}
        if embargoed:
            options = {"embargo_until": timezone.now() + timedelta(hours=1)}
        first = fanning.issue(channels=("webhook",), options=options)
        rows = [endpoint(wish) for wish in wishes]
        for wish, row in zip(wishes, rows, strict=True):
            if wish.standing:
                stand(first, row, wish.standing)
        name = "release.corrected" if act.kind == "fact" else act.act
        second = fanning.issue(
            first,
            act=name,
            kind=act.kind,
            lead="Ny ingress.",
            topics=tuple(ReleaseTopic(slug=slug, name=slug) for slug in sorted(act.topics)),
            channels=("webhook",),
            options=options,
            fan_out=False,
        )
        foreseen = fanout.reach(second)["webhook"]
        fanout.fan_out(second.pk)
        posted = {row.recipient: row for row in Delivery.objects.filter(edition=second)}
        for wish, row in zip(wishes, rows, strict=True):
            assert (row.pk in posted) == oracle(wish, act, embargoed=embargoed), wish
            if row.pk in posted:
                state = "failed" if wish.disabled else "pending"
                assert posted[row.pk].state == state
                assert posted[row.pk].first_number == (1 if wish.standing == "had" else None)
        owed = [delivery for delivery in posted.values() if delivery.state == "pending"]
        assert foreseen.receivers == sum(delivery.urgent for delivery in owed)
        assert foreseen.audience == len(owed) - foreseen.receivers
        assert foreseen.out_of_reach == len(posted) - len(owed)
        transaction.set_rollback(True)


PLAIN = Wish(frozenset(), frozenset(), True, False, False, "standard", "")


def test_a_correction_still_owed_to_an_endpoint_is_not_swallowed_by_an_update() -> None:
    row = endpoint(PLAIN._replace(updates=False))
    first = fanning.issue(channels=("webhook",))
    fanning.hand_over(first, [row.pk])
    corrected = fanning.issue(
        first, act="release.corrected", kind="fact", lead="Rätt dag.", channels=("webhook",)
    )
    assert fanning.told(corrected, row.pk) == "now"
    newest = fanning.issue(
        corrected, act="release.updated", kind="update", lead="Mer.", channels=("webhook",)
    )
    assert fanning.told(newest, row.pk) == "now"


@pytest.mark.parametrize(("reason", "is_told"), [("timeout", "now"), ("connect", "")])
def test_an_endpoint_that_may_have_the_text_is_told_of_the_withdrawal(
    reason: str, is_told: str
) -> None:
    row = endpoint(PLAIN)
    first = fanning.issue(channels=("webhook",))
    Delivery.objects.update(attempts=1)
    Attempt.objects.create(
        delivery=Delivery.objects.get(), at=timezone.now(), outcome="unavailable", reason=reason
    )
    withdrawn = fanning.issue(first, act="release.withdrawn", channels=("webhook",))
    assert fanning.told(withdrawn, row.pk) == is_told
    assert Delivery.objects.get(edition=first).reason == "superseded"


def test_the_lift_is_posted_to_trusted_endpoints_too() -> None:
    trusted, plain = endpoint(PLAIN._replace(trusted=True)), endpoint(PLAIN)
    until = timezone.now() + timedelta(hours=1)
    first = fanning.issue(channels=("webhook",), options={"embargo_until": until})
    assert [fanning.told(first, row.pk) for row in (trusted, plain)] == ["first", ""]
    fanning.hand_over(first, [trusted.pk])
    lift = fanning.issue(first, channels=("webhook",), options={"public_at": timezone.now()})
    assert (lift.act, lift.number) == ("release.published", 2)
    assert [fanning.told(lift, row.pk) for row in (trusted, plain)] == ["follow-up", "first"]
