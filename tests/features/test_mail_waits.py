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
