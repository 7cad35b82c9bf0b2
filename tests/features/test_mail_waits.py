"""Mail that waits: whoever publishes and whoever runs the service are told why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.listeners.smtp import Listener
from tests.running import Service, mail_to, until

RELEASE = Path(__file__).parents[1] / "files" / "ljuspriset.txt"
READERS = 20


def test_a_wrong_password_is_told_at_once_and_mail_leaves_when_it_is_right(
    new_service: Callable[..., Service],
) -> None:
    with Listener(users={"press": "another"}) as relay:
        log_in = {"EMAIL__USERNAME": "press", "EMAIL__PASSWORD": "wrong"}
        ours = new_service(**mail_to(relay.port), **log_in)
        ours.cli("topics", "add", "kultur", "Kultur")
        ours.readers(READERS, "kultur")
        told = ours.cli(
            "publish", RELEASE, "--topic", "kultur", "--wait", "--timeout", "8", code=1
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
        relay.users["press"] = "wrong"
        ours.start()
        release = ours.json("status")["releases"][0]["release"]
        ours.cli("redeliver", release, "--channel", "email")
        until(lambda: len(relay.copies) == READERS, 60, "the mails")
        until(lambda: ours.answer("/readyz").json()["mail"] == "ok", 20)
        assert max(relay.copies.values()) == 1


def test_whoever_waits_is_told_what_failed_and_why_the_rest_stays(
    new_service: Callable[..., Service],
) -> None:
    replies = {b"RCPT": b"550 5.0.0 not today"}
    with Listener(
        answer=lambda session, heard: [replies[heard[:4]]] if heard[:4] in replies else None
    ) as relay:
        ours = new_service(**mail_to(relay.port))
        ours.cli("topics", "add", "kultur", "Kultur")
        sheet = ours.folder / "readers.csv"
        rows = "".join(f"r{n}@{'abcd'[n % 4]}.example,kultur\n" for n in range(400))
        sheet.write_text("email,topics\n" + rows, "utf-8")
        ours.cli("subscribers", "import", sheet, "--confirmed")
        refused = ours.cli("publish", RELEASE, "--topic", "kultur", "--wait")
        last = refused.stderr.splitlines()[-1]
        done, _, failed = last.partition(", ")
        assert done.startswith("done: 40"), last
        assert failed == "400 of them failed", last

        replies.clear()
        replies[b"."] = b"552 5.3.4 message too large"
        again = ("publish", RELEASE, "--topic", "kultur", "--again", "--wait", "--timeout", "10")
        told = ours.cli(*again, code=1).stderr.splitlines()[-1]
        assert "receivers refuse this mail (552 5.3.4 message too large)" in told
        release = ours.json("status")["releases"][0]
        assert release["sending"]["reason"] == "too-large"
        counts = release["channels"]["email"]
        assert counts["failed"] + counts["owed"] == 400
        assert counts["failed"] < 100
        (line,) = [line for line in ours.words().splitlines() if "sending.paused" in line]
        assert json.loads(line)["level"] == "error"
        replies.clear()
        ours.cli("sending", release["release"], "--resume")
        until(lambda: len(relay.copies) == counts["owed"], 60, "the mails that were left")
