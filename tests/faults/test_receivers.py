"""A release that is full of traps, and endpoints that fail, hang or are not there."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.service import receiver
from tests.faults.scene import TOPIC, Scene
from tests.running import free_port, until

WORDS = ["]]>", "<pilot>", "R&D", "5 < 10", "𝕏𐍈👩‍🚒", "o" * 300, "&#11;"]


class Receivers:
    """Endpoints of the scene, which are deleted at the end."""

    def __init__(self, scene: Scene, listening: receiver.Receiver) -> None:
        self.scene, self.listening = scene, listening
        self.ids: list[str] = []

    def add(self, name: str, url: str = "") -> None:
        """One at ``url``, or a good one at ``/name``."""
        added = self.scene.service.json(
            *("endpoints", "add", url or f"{self.listening.url}/{name}"),
            *("--format", "standard", "--name", name),
        )
        self.listening.secrets[f"/{name}"] = added["secret"]
        self.ids.append(str(added["id"]))


@pytest.fixture
def receivers(scene: Scene, tmp_path: Path) -> Iterator[Receivers]:
    with receiver.listening(tmp_path / "hooks") as listening:
        known = Receivers(scene, listening)
        yield known
        for ident in known.ids:
            scene.service.cli("endpoints", "delete", ident)


def test_a_nasty_release_goes_out_whole_by_every_channel(
    scene: Scene, receivers: Receivers
) -> None:
    receivers.add("nasty")
    scene.crowd.anew(keep=True)
    text = "Otäckt\n\nIngress.\n\n" + "\n.\n".join(f"Ord {word} här." for word in WORDS)
    path = scene.service.folder / "nasty.txt"
    path.write_bytes(text.replace("\n.\n", "\r\n.\r\n").encode() + b"\x00\x07\x1b")
    document = scene.service.json("publish", path, "--topic", TOPIC, "--wait", "--again")
    assert document["channels"]["feed"]["delivered"] >= 3
    (got,) = receivers.listening.received
    assert got.verified
    body = got.kept.read_text("utf-8")
    feed = scene.service.answer("/feeds/sv/all.json").text
    for word in ("]]>", "R&D", "o" * 300):
        plain = word.replace("&", "&amp;").replace(">", "&gt;")
        assert word in body or plain in body
        assert word in feed or plain in feed
    assert b"o" * 60 in scene.crowd.mails[-1].message


@pytest.mark.long
def test_endpoints_that_fail_do_not_hold_up_the_good_one(
    scene: Scene, receivers: Receivers
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        receivers.listening.failures["/broken"] = 10
        receivers.add("good")
        receivers.add("broken")
        receivers.add("hanging", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        receivers.add("closed", f"http://127.0.0.1:{free_port()}/")
        began = time.monotonic()
        release = scene.publish("trasiga mottagare")
        received = receivers.listening.received
        until(lambda: any(got.path == "/good" and got.verified for got in received), 20)
        assert time.monotonic() - began < 20

        def counts() -> tuple[int, int]:
            webhook = scene.service.json("status", release)["channels"]["webhook"]
            return webhook["delivered"], webhook["owed"]

        until(lambda: counts() == (1, 3), 10, "the status to tell")
        scene.told(release, doubled=0)
