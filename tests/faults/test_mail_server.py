"""A mail server that refuses, hangs up, falls silent or goes away gets every mail in the end."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene
from tests.listeners.smtp import CLOSE, Answer, Listener, Session, dropping, refusing, together
from tests.running import until

LARGE = [pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)])]
SIZES = [("sqlite", FEW), *LARGE]
CHANCE = random.Random(7)
SILENT = {FEW: 3.0, MANY: 60.0}


def closing(session: Session, heard: bytes) -> Sequence[bytes] | None:
    """In one of a hundred commands in the middle of a group ``421``, and the end."""
    middle = heard[:4] in (b"MAIL", b"RCPT", b"DATA") and session.taken
    return [b"421 4.3.2 closing", CLOSE] if middle and CHANCE.random() < 0.01 else None


def test_it_refuses_drops_and_closes(scene: Scene) -> None:
    dropped = Told(dropping(0.01, taken=True, seed=5))
    refused = Told(refusing(0.1, b"451 4.3.0 later", seed=3))
    release = scene.publish("vresig", answer=together(refused, dropped, closing))
    first_tries(scene, release)
    seen = scene.told(release, doubled=dropped.times)
    assert seen["doubled"] == dropped.times > 0, "what came of those could not be known"
    assert refused.times > scene.readers / 20


@pytest.mark.parametrize("scene", LARGE, indirect=True)
def test_one_in_ten_is_refused_for_now(scene: Scene) -> None:
    told = Told(refusing(0.1, b"451 4.3.0 later", seed=3))
    release = scene.publish("avvisad", answer=told)
    first_tries(scene, release)
    scene.told(release, doubled=0)
    assert told.times > scene.readers / 20


@pytest.mark.parametrize("scene", LARGE, indirect=True)
def test_one_connection_in_a_hundred_ends_after_the_final_dot(scene: Scene) -> None:
    told = Told(dropping(0.01, taken=True, seed=5))
    release = scene.publish("tappad", answer=told)
    first_tries(scene, release)
    seen = scene.told(release, doubled=told.times)
    assert seen["doubled"] == told.times > 0, "what came of those could not be known"


@pytest.mark.parametrize("scene", LARGE, indirect=True)
def test_the_server_closes_in_the_middle_of_a_group(scene: Scene) -> None:
    told = Told(closing)
    release = scene.publish("stängd", answer=told)
    first_tries(scene, release)
    scene.told(release, doubled=0)
    assert told.times > 10, "after a while a connection is left before it is closed"


@pytest.mark.parametrize("scene", LARGE, indirect=True)
def test_the_server_falls_silent(scene: Scene) -> None:
    release = scene.publish("tyst", delay=0.003)
    scene.wait_for(scene.readers // 3)
    with scene.crowd.silent():
        time.sleep(SILENT[scene.readers])
    scene.told(release, doubled=0)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_worker_ends_quickly_while_the_server_is_silent(scene: Scene) -> None:
    """It has left what it awaits an answer for; that is sent again, and nothing else is."""
    release = scene.publish("tystnad", delay=0.003)
    scene.wait_for(scene.readers // 3)
    bound = scene.crowd.open
    with scene.crowd.silent():
        until(lambda: "has fallen silent" in _mail(scene), 60, "its silence to be told")
        time.sleep(3)
        worker = scene.worker()
        worker.terminate()
        worker.wait(10)
    scene.crowd.slow_from(None)
    until(lambda: _hurried(scene, release), 90, "all to be told", pause=2)
    scene.told(release, doubled=bound)
    until(lambda: _mail(scene) == "ok", 30, "it to be well")


@pytest.mark.long
@pytest.mark.timeout(400)
def test_another_release_goes_by_the_next_relay_while_the_first_is_silent(tmp_path: Path) -> None:
    with Listener() as second:
        relays = [{"host": "127.0.0.1", "port": second.port, "security": "none"}]
        scene = Scene.up(tmp_path / "two", FEW, EMAIL__RELAYS=json.dumps(relays))
        try:
            release = scene.publish("två vägar", delay=0.003)
            scene.wait_for(scene.readers // 3)
            with scene.crowd.silent():
                until(lambda: "mail goes by another relay" in _mail(scene), 60, "it to be told")
                until(lambda: len(_reached(scene, second)) >= FEW - 8, 60, "the others' mail")
                assert scene.status(release)["owed"] <= 8, "those whose answer is awaited"
            until(lambda: len(_reached(scene, second)) == FEW, 60, "the last of them")
            scene.settle(release, 60)
            assert scene.status(release)["delivered"] == FEW
            assert max(_reached(scene, second).values()) == 1
        finally:
            scene.close()


def test_nothing_of_what_is_withdrawn_meanwhile_goes_to_one_that_greets_late(scene: Scene) -> None:
    with Late(scene) as late:
        release = scene.publish("för sent", answer=late)
        until(lambda: scene.crowd.connected, 60, "a connection")
        scene.service.json("withdraw", release, "--reason", "Fel uppgifter.")
    scene.settle(release, 60)
    assert scene.crowd.mails == [], "nobody had it, so nobody is to be told"
    assert scene.status(release)["superseded"] == scene.readers


def test_a_pause_holds_while_the_server_has_not_greeted(scene: Scene) -> None:
    with Late(scene) as late:
        release = scene.publish("pausad", answer=late)
        until(lambda: scene.crowd.connected, 60, "a connection")
        scene.service.cli("sending", release, "--pause")
    time.sleep(1.0)
    assert scene.crowd.mails == []
    scene.service.cli("sending", release, "--resume")
    scene.told(release, doubled=0)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_server_is_away_for_a_minute(scene: Scene) -> None:
    release = scene.publish("borta", delay=0.003)
    scene.wait_for(scene.readers // 3)
    bound = scene.crowd.open
    scene.crowd.go_away()
    time.sleep(60)
    scene.crowd.come_back()
    scene.told(release, doubled=bound, seconds=240)


def _mail(scene: Scene) -> str:
    line: str = scene.service.answer("/readyz").json()["mail"]
    return line


def _hurried(scene: Scene, release: str) -> bool:
    scene.hurry(release)
    return not scene.status(release)["owed"]


def _reached(scene: Scene, second: Listener) -> Counter[str]:
    """Who was told by either relay, and how often."""
    return second.copies + Counter(mail.recipient for mail in scene.crowd.mails)


class Told:
    """``answer``, and how many times it had something to say."""

    def __init__(self, answer: Answer) -> None:
        self.times = 0
        self._answer = answer

    def __call__(self, session: Session, heard: bytes) -> Sequence[bytes] | None:
        said = self._answer(session, heard)
        self.times += said is not None
        return said


class Late:
    """The answer of a server that greets nobody, old friends neither, before the block ends."""

    def __init__(self, scene: Scene) -> None:
        self._crowd = scene.crowd
        self._greets = threading.Event()

    def __call__(self, session: Session, heard: bytes) -> None:
        if not heard:
            self._greets.wait()

    def __enter__(self) -> Self:
        self._crowd.go_away()
        self._crowd.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self._greets.set()


def first_tries(scene: Scene, release: str) -> None:
    """Wait until nobody is being tried for the moment; have the rest tried now, by a good server.

    In between lie minutes that a test need not wait for.
    """
    scene.crowd.slow_from(None)
    counts = [-1, -2]

    def quiet() -> bool:
        time.sleep(1)
        counts.append(scene.crowd.count)
        return scene.crowd.count > 0.7 * scene.readers and counts[-1] == counts[-2]

    until(quiet, 120, "the first tries to be over")
    scene.crowd.answer = scene.crowd.usual
    scene.hurry(release)
