"""What is killed, cut off or away while a release leaves: nobody is left out."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.service import receiver
from tests.listeners.mailbox import Mailbox, mailbox
from tests.running import Service, free_port, mail_to, until

READERS = 2000
CONNECTIONS = 4


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with mailbox() as listening:
        yield listening


@pytest.fixture(scope="module")
def built(box: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    ours = Service(tmp_path_factory.mktemp("faults") / "service", **mail_to(box.port))
    try:
        ours.cli("topics", "add", "fel", "Fel")
        ours.readers(READERS, "fel")
        ours.start()
        yield ours
    finally:
        ours.stop()


@pytest.fixture(autouse=True)
def _afresh(box: Mailbox) -> None:
    box.mails.clear()
    box.connections = 0
    box.deaf, box.slow = False, 0.0


def _publish(built: Service, title: str, *more: str) -> dict:
    path = built.folder / "release.txt"
    path.write_text(f"{title}\n\nDet här är en provtext om {title}.\n", "utf-8")
    return built.json("publish", str(path), "--topic", "fel", *more)


def _all_told(built: Service, box: Mailbox, release: str, *, doubled: int) -> None:
    until(lambda: len(box.copies) == READERS, 220, "somebody is left out")
    counts = until(lambda: _settled(built, release), 60, "owed")
    assert counts["delivered"] == READERS
    assert sum(box.copies.values()) - READERS <= doubled
    assert max(box.copies.values()) <= 2


def _settled(built: Service, release: str) -> dict | None:
    counts = built.json("status", release)["channels"]["email"]
    return None if counts["owed"] else counts


def test_a_message_that_is_lost_or_doubled_changes_nothing(built: Service, box: Mailbox) -> None:
    built.process.send_signal(signal.SIGSTOP)  # the supervisor alone: its children go on
    release = _publish(built, "dubbla meddelanden")["release"]
    built.process.send_signal(signal.SIGCONT)
    for _ in range(3):
        built.cli("sweep")
    _all_told(built, box, release, doubled=0)


@pytest.fixture
def hooks(tmp_path: Path) -> Iterator[receiver.Receiver]:
    with receiver.listening(tmp_path / "hooks") as listening:
        yield listening


def test_a_private_address_is_refused_with_its_rule(built: Service) -> None:
    done = built.cli(
        "endpoints", "add", "https://169.254.169.254/", "--format", "standard", code=None
    )
    assert done.returncode in (1, 2)
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_nasty_release_goes_out_whole_by_every_channel(
    built: Service, box: Mailbox, hooks: receiver.Receiver
) -> None:
    added = built.json("endpoints", "add", f"{hooks.url}/nasty", "--format", "standard")
    hooks.secrets["/nasty"] = added["secret"]
    words = ["]]>", "<pilot>", "R&D", "5 < 10", "𝕏𐍈👩‍🚒", "o" * 300, "&#11;"]
    text = "Otäckt\n\nIngress.\n\n" + "\n.\n".join(f"Ord {word} här." for word in words)
    path = built.folder / "nasty.txt"
    path.write_bytes(text.replace("\n.\n", "\r\n.\r\n").encode() + b"\x00\x07\x1b")
    document = built.json("publish", str(path), "--topic", "fel", "--wait")
    assert document["channels"]["feed"]["delivered"] >= 3
    (got,) = [got for got in hooks.received if got.path == "/nasty"]
    assert got.verified
    body = got.kept.read_text("utf-8")
    mail = until(lambda: box.mails and box.mails[-1], 30)[1]
    feed = built.answer("/feeds/sv/all.json").text
    for word in ("]]>", "R&D", "o" * 300):
        plain = word.replace("&", "&amp;").replace(">", "&gt;")
        assert word in body or plain in body
        assert word in feed or plain in feed
    assert b"o" * 60 in mail


def test_endpoints_that_fail_do_not_hold_up_the_good_one(
    built: Service, box: Mailbox, hooks: receiver.Receiver
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    urls = {
        "good": f"{hooks.url}/good",
        "broken": f"{hooks.url}/broken",
        "hanging": f"http://127.0.0.1:{silent.getsockname()[1]}/",
        "closed": f"http://127.0.0.1:{free_port()}/",
    }
    hooks.failures["/broken"] = 10
    for name, url in urls.items():
        added = built.json("endpoints", "add", url, "--format", "standard", "--name", name)
        hooks.secrets[f"/{name}"] = added["secret"]
    began = time.monotonic()
    release = _publish(built, "trasiga mottagare")["release"]
    until(lambda: any(got.path == "/good" and got.verified for got in hooks.received), 20)
    assert time.monotonic() - began < 20
    webhook = built.json("status", release)["channels"]["webhook"]
    assert webhook["delivered"] == 1
    assert webhook["owed"] == len(urls), "the bad ones, and one of before that is away now"
    _all_told(built, box, release, doubled=0)
    silent.close()
