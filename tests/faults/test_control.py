"""Who unsubscribes, pauses, resumes or cancels while a send runs is heeded within one round."""

from __future__ import annotations

import re
import time

import pytest
import requests

from distributor.dispatch.by_email import LONGEST
from distributor.dispatch.turns import TURN
from tests.faults.conftest import FEW, MANY
from tests.faults.crowd import SLOW
from tests.faults.scene import Scene
from tests.running import until

SIZES = [
    ("sqlite", FEW),
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]
LEAVERS = 3
FEWEST = 3
STAYING = {FEW: 600, MANY: MANY}
"""Who gets the mail before them: so few that all are in one batch, or so many that theirs is the
last to be sent."""
ROUND = 200
"""Readers in a round at most."""
_LINK = re.compile(rb"^List-Unsubscribe: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_who_unsubscribes_is_in_no_later_round(scene: Scene) -> None:
    staying = STAYING[scene.readers]
    with_them = staying if staying < scene.readers else 0
    scene.add(with_them + LEAVERS, "sista")
    first = scene.publish("länkar", "sista", keep=True)
    scene.told(first, doubled=0, readers=with_them + LEAVERS)
    links = {
        mail.recipient: found[1].decode()
        for mail in scene.crowd.mails
        if (found := _LINK.search(mail.message))
    }
    leavers = [f"sista{with_them + number}@readers.example" for number in range(LEAVERS)]
    release = scene.publish("avslutad", *[] if with_them else ["fel"], "sista", delay=0.003)
    scene.wait_for(staying // 3)
    with scene.crowd.silent():
        assert scene.crowd.count < staying - ROUND, "they may be in a round that has begun"
        for leaver in leavers:
            form = {"List-Unsubscribe": "One-Click"}
            assert requests.post(links[leaver], data=form, timeout=60).status_code == 200
    scene.told(release, doubled=0, failed=LEAVERS, readers=staying)
    assert not set(leavers) & {mail.recipient for mail in scene.crowd.of(release)}


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_a_pause_and_a_cancel_stop_it_within_one_round(scene: Scene) -> None:
    release = scene.publish("pausad", delay=0.003)
    scene.wait_for(scene.readers // 3)
    held = stopped(scene, release, "--pause")
    further = held + scene.readers // 20
    with scene.crowd.silent():
        scene.crowd.slow_from(further)
        scene.service.cli("sending", release, "--resume")
    scene.wait_for(further)
    ended = stopped(scene, release, "--cancel")
    scene.service.cli("sending", release, "--resume")
    scene.service.cli("sweep")
    counts = scene.settle(release, 60)
    assert counts["delivered"] == scene.crowd.count == ended
    assert counts["failed"] == scene.readers - ended
    assert len({mail.recipient for mail in scene.crowd.of(release)}) == ended, "doubled"


@pytest.mark.long
@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_a_withdrawal_tells_those_who_were_sent_it_and_nobody_else(scene: Scene) -> None:
    release = scene.publish("återkallad")
    scene.wait_for(scene.readers // 3)
    scene.service.cli("withdraw", release, "--reason", "Fel uppgifter.")
    until(lambda: recipients(scene, release, "2"), 60, "the first who is told")
    # The round that was under way ends slowly, too: it hands back whom it had no time for.
    time.sleep(LONGEST + SLOW)
    scene.crowd.slow_from(None)
    scene.settle(release, 120)
    had = recipients(scene, release, "1")
    assert scene.readers // 3 <= len(had) < scene.readers
    assert recipients(scene, release, "2") == had


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_a_release_to_a_few_goes_out_amid_one_to_many(scene: Scene) -> None:
    scene.add(FEWEST, "liten")
    many = scene.publish("stor")
    scene.wait_for(20)
    few = scene.publish_meanwhile("liten", "liten")
    asked = time.monotonic()
    until(lambda: len(scene.crowd.of(few)) == FEWEST, TURN + 4 * LONGEST + 5, "the few")
    print(f"the few after {time.monotonic() - asked:.1f} s")
    assert len(scene.crowd.of(many)) < scene.readers, "nobody had to wait"
    scene.told(many, doubled=0)
    assert len(scene.crowd.of(few)) == FEWEST


def recipients(scene: Scene, release: str, edition: str) -> list[str]:
    """Who got an edition of a release, sorted."""
    sent = [(mail.message_id.split(".")[1], mail.recipient) for mail in scene.crowd.of(release)]
    return sorted(recipient for number, recipient in sent if number == edition)


def stopped(scene: Scene, release: str, act: str) -> int:
    """Do ``act`` to the sending; how many mails had gone when it stood still."""
    with scene.crowd.silent():
        scene.service.cli("sending", release, act)
        at_most = min(scene.crowd.count + ROUND, scene.readers - 1)
    scene.crowd.slow_from(None)

    def written() -> int | None:
        """How many mails have gone, if all of them are written down."""
        count = scene.crowd.count
        return count if scene.status(release)["delivered"] == count == scene.crowd.count else None

    held = until(written, 60, "a stop")
    time.sleep(1.5)
    assert scene.crowd.count == held, "it goes on"
    assert held <= at_most
    return held
