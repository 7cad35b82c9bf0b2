"""Mail that waits: whoever publishes and whoever runs the service are told why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.listeners.smtp import Listener, Session
from tests.running import Service, mail_to, until

RELEASE = Path(__file__).parents[1] / "files" / "ljuspriset.txt"
READERS = 20
PASSWORD = "secret"


class Relay(Listener):
    """A mail server that says what ``replies`` has for a command, and knows ``PASSWORD``."""

    def __init__(self) -> None:
        self.replies: dict[bytes, bytes] = {}
        super().__init__(answer=self._reply, users={"press": PASSWORD})

    def _reply(self, session: Session, heard: bytes) -> list[bytes] | None:
        reply = self.replies.get(heard[:4])
        return [reply] if reply else None


@pytest.fixture(scope="module")
def relay() -> Iterator[Relay]:
    with Relay() as listening:
        yield listening


@pytest.fixture(scope="module")
def ours(relay: Relay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose mail goes to the relay."""
    log_in = {"EMAIL__USERNAME": "press", "EMAIL__PASSWORD": PASSWORD}
    folder = tmp_path_factory.mktemp("waits") / "service"
    with Service(folder, **mail_to(relay.port), **log_in) as running:
        yield running


def test_a_wrong_password_is_told_at_once_and_mail_leaves_when_it_is_right(
    ours: Service, relay: Relay
) -> None:
    relay.users["press"] = "another"
    ours.cli("topics", "add", "kultur", "Kultur")
    ours.readers(READERS, "kultur")
    told = ours.cli(
        "publish", RELEASE, "--topic", "kultur", "--again", "--wait", "--timeout", "8", code=1
    ).stderr.splitlines()[-1]
    refuses = f"mail waits: 127.0.0.1:{relay.port} refuses us since "
    assert refuses in told
    assert "535 5.7.8 wrong" in told
    assert "email.password" in told
    assert "they go on when that is mended" in told
    assert refuses in ours.cli("status").stdout
    assert ours.answer("/readyz").json()["mail"].startswith(refuses)
    assert ours.answer("/readyz").status_code == 200
    lines = [line for line in ours.words().splitlines() if "relay.refuses_us" in line]
    # Workers that are refused at the same instant may each take it for news.
    assert 1 <= len(lines) <= 3
    assert json.loads(lines[0])["level"] == "error"
    ours.stop()
    relay.users["press"] = PASSWORD
    ours.start()
    release = ours.json("status")["releases"][0]["release"]
    ours.cli("redeliver", release, "--channel", "email")
    until(lambda: len(relay.copies) == READERS, 60, "the mails")
    until(lambda: ours.answer("/readyz").json()["mail"] == "ok", 20)
    assert max(relay.copies.values()) == 1


def test_whoever_waits_is_told_what_failed_and_why_the_rest_stays(
    ours: Service, relay: Relay
) -> None:
    relay.mails.clear()
    relay.replies[b"RCPT"] = b"550 5.0.0 not today"
    ours.cli("topics", "add", "sport", "Sport")
    sheet = ours.folder / "readers.csv"
    rows = "".join(f"r{n}@{'abcd'[n % 4]}.example,sport\n" for n in range(400))
    sheet.write_text("email,topics\n" + rows, "utf-8")
    ours.cli("subscribers", "import", sheet, "--confirmed")
    refused = ours.cli("publish", RELEASE, "--topic", "sport", "--again", "--wait")
    last = refused.stderr.splitlines()[-1]
    done, _, failed = last.partition(", ")
    assert done.startswith("done: 40"), last
    assert failed == "400 of them failed", last

    relay.replies.clear()
    relay.replies[b"."] = b"552 5.3.4 message too large"
    again = ("publish", RELEASE, "--topic", "sport", "--again", "--wait", "--timeout", "10")
    told = ours.cli(*again, code=1).stderr.splitlines()[-1]
    assert "receivers refuse this mail (552 5.3.4 message too large)" in told
    release = ours.json("status")["releases"][0]
    assert release["sending"]["reason"] == "too-large"
    counts = release["channels"]["email"]
    assert counts["failed"] + counts["owed"] == 400
    assert counts["failed"] < 100
    (line,) = [line for line in ours.words().splitlines() if "sending.paused" in line]
    assert json.loads(line)["level"] == "error"
    relay.replies.clear()
    ours.cli("sending", release["release"], "--resume")
    until(lambda: len(relay.copies) == counts["owed"], 60, "the mails that were left")
