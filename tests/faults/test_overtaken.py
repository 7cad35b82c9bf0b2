"""An edition that is overtaken while it is on its way: who has it is told what they must be told,
who waits gets the newest, and nobody gets the old one afterwards. Workers are killed meanwhile."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.faults.conftest import FEW, MANY
from tests.faults.scene import Scene
from tests.listeners.smtp import Mail
from tests.running import until

LARGE = [
    pytest.param(("sqlite", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
    pytest.param(("postgresql", MANY), marks=[pytest.mark.long, pytest.mark.timeout(400)]),
]
SIZES = [("sqlite", FEW), *LARGE]
LATE = 200 + 2 * 8
"""Mails of the old edition that may still come: a round that had begun, and what two workers, the
one that was killed and the next, had on the wire, two for each connection."""


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_everybody_gets_a_correction_of_fact(scene: Scene) -> None:
    release, had, bound = overtake(scene, "fact")
    mails = numbered(scene, release)
    assert had <= set(mails[1])
    assert len(set(mails[1]) - had) <= LATE
    assert len(set(mails[2])) == scene.readers, "somebody was left out"
    assert doubled(mails) <= bound
    assert in_order(scene.crowd.of(release))


@pytest.mark.parametrize("scene", LARGE, indirect=True)
def test_a_correction_of_language_goes_to_those_who_waited(scene: Scene) -> None:
    release, had, bound = overtake(scene, "language")
    mails = numbered(scene, release)
    assert len(set(mails[1]) - had) <= LATE
    assert len(set(mails[1]) | set(mails[2])) == scene.readers, "somebody was left out"
    # Whoever had it on the wire when a worker was killed may have both.
    assert len(set(mails[1]) & set(mails[2])) + doubled(mails) <= bound


@pytest.mark.parametrize("scene", SIZES, indirect=True)
def test_who_has_what_is_withdrawn_is_told_and_nobody_else(scene: Scene) -> None:
    release, had, bound = overtake(scene, "withdraw")
    mails = numbered(scene, release)
    assert len(set(mails[1]) - had) <= LATE
    assert set(mails[1]) <= set(mails[2]), "somebody has it and was not told"
    # Nobody knows whether a mail on the wire was taken over: those readers are told too.
    assert len(set(mails[2]) - set(mails[1])) <= bound + LATE
    assert doubled(mails) <= bound
    assert in_order(scene.crowd.of(release))


def overtake(scene: Scene, act: str) -> tuple[str, set[str], int]:
    """At a third of a send kill the worker, do ``act``, kill the worker again and let it end: the
    release, who had the first edition when the second was there, and how many mails were on the
    wire at the kills."""
    release = scene.publish(f"fel: {act}", delay=0.003)
    scene.wait_for(scene.readers // 3)
    with scene.crowd.silent():
        bound = scene.kill(scene.worker())
        if act == "withdraw":
            scene.service.cli("withdraw", release, "--reason", "Beslutet var inte fattat.")
        else:
            path = scene.service.folder / "corrected.txt"
            path.write_text(f"Rättat: {act}\n\nSå här är det i stället.\n", "utf-8")
            scene.service.cli("correct", release, path, "--kind", act, "--note", "Vi skrev fel.")
        had = {mail.recipient for mail in scene.crowd.of(release)}
    scene.crowd.slow_from(None)
    until(lambda: numbered(scene, release).get(2), 120, "the second edition")
    bound += scene.kill(scene.worker())
    counts = scene.settle(release, 300)
    print(f"{act}: {counts}, {len(had)} had the first edition, {bound} on the wire at the kills")
    return release, had, bound


def numbered(scene: Scene, release: str) -> dict[int, Counter[str]]:
    """How many copies of each edition every reader has, by its number."""
    copies: dict[int, Counter[str]] = {}
    for mail in scene.crowd.of(release):
        copies.setdefault(number(mail), Counter())[mail.recipient] += 1
    return copies


def number(mail: Mail) -> int:
    return int(mail.message_id.split(".")[1])


def doubled(mails: dict[int, Counter[str]]) -> int:
    """How many copies there are of what somebody has already."""
    return sum(copies.total() - len(copies) for copies in mails.values())


def in_order(mails: list[Mail]) -> bool:
    """Whether nobody got an edition after a newer one."""
    newest: dict[str, int] = {}
    for mail in mails:
        if number(mail) < newest.get(mail.recipient, 0):
            return False
        newest[mail.recipient] = number(mail)
    return True
