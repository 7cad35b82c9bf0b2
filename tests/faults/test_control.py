"""Who unsubscribes, pauses, resumes or cancels while a send runs is heeded within one round."""

from __future__ import annotations

import re
import time

import pytest
import requests

from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene
from tests.running import until

SIZES = [
    ("sqlite", FEW),
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]
LEAVERS = 3
ROUND = 200
"""Readers in a round at most."""
_LINK = re.compile(rb"^List-Unsubscribe: <([^>]+)>", re.MULTILINE | re.IGNORECASE)


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_who_unsubscribes_is_in_no_later_round(scene: Scene) -> None:
    scene.add(LEAVERS, "sista")
    scene.told(scene.publish("länkar", "sista", keep=True), doubled=0, readers=LEAVERS)
    links = [
        found[1].decode() for mail in scene.crowd.mails if (found := _LINK.search(mail.message))
    ]
    assert len(links) == LEAVERS
    release = scene.publish("avslutad", "fel", "sista", delay=0.003)
    scene.wait_for(scene.readers // 3)
    with scene.crowd.silent():
        assert scene.crowd.count < scene.readers - ROUND, "they may be in a round that has begun"
        for link in links:
            said = requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=20)
            assert said.status_code == 200
    seen = scene.told(release, doubled=0, failed=LEAVERS)
    assert seen["reached"] == scene.readers


@pytest.mark.parametrize("scene", SIZES[1:], indirect=True)
def test_a_pause_and_a_cancel_stop_it_within_one_round(scene: Scene) -> None:
    release = scene.publish("pausad", delay=0.003)
    scene.wait_for(scene.readers // 3)
    held = stopped(scene, release, "--pause")
    assert scene.status(release)["delivered"] == held
    scene.service.cli("sending", release, "--resume")
    scene.wait_for(held + scene.readers // 20)
    ended = stopped(scene, release, "--cancel")
    scene.service.cli("sending", release, "--resume")
    scene.service.cli("sweep")
    counts = until(lambda: scene.settled(release), 60, "nothing to be owed")
    assert counts["delivered"] == scene.crowd.count == ended
    assert counts["failed"] == scene.readers - ended
    assert len({mail.recipient for mail in scene.crowd.of(release)}) == ended, "doubled"


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_a_withdrawal_tells_those_who_were_sent_it_and_nobody_else(scene: Scene) -> None:
    release = scene.publish("återkallad")
    scene.wait_for(scene.readers // 3)
    scene.service.cli("withdraw", release, "--reason", "Fel uppgifter.")
    until(lambda: scene.settled(release), 120, "nothing to be owed")
    sent = [mail.message_id.split(".")[1:2] + [mail.recipient] for mail in scene.crowd.of(release)]
    had = sorted(recipient for number, recipient in sent if number == "1")
    told = sorted(recipient for number, recipient in sent if number == "2")
    assert scene.readers // 3 <= len(had) < scene.readers
    assert told == had


def stopped(scene: Scene, release: str, act: str) -> int:
    """Do ``act`` to the sending; how many mails had gone when it stood still."""
    with scene.crowd.silent():
        scene.service.cli("sending", release, act)
        at_most = scene.crowd.count + ROUND
    counts = [-1]

    def still() -> bool:
        time.sleep(1.5)
        counts.append(scene.crowd.count)
        return counts[-1] == counts[-2]

    until(still, 30, "a stop")
    assert counts[-1] <= min(at_most, scene.readers - 1)
    return counts[-1]
