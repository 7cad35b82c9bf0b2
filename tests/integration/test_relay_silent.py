"""A relay that accepts connections and says nothing any more: told, waited for, told over."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone, translation
from structlog.testing import capture_logs

from distributor.adapters.smtp import Postman, Relay, Timeouts, Trouble
from distributor.adapters.smtp.parcels import Unwatched, Watch
from distributor.dispatch import by_email, delivering, relay_outage
from distributor.dispatch.models import Batch, Delivery, Edition
from distributor.dispatch.relay_outage import RelayWatch
from distributor.newsroom import trouble
from distributor.service.cli import distributor
from tests.fanning import issue, readers
from tests.integration.smtp_senders import outcomes, parcels, until
from tests.listeners.smtp import Listener, Session
from tests.newsroom import told

QUICK = replace(Timeouts(), silence=1.0)


class Hush:
    """The answer of a server that says nothing more, to anybody, once it has taken ``after``
    messages, until it is told to go on."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.goes_on = threading.Event()
        self.fell = threading.Event()
        self._taken = 0

    def __call__(self, session: Session, heard: bytes) -> None:
        if self._taken >= self.after and not self.goes_on.is_set():
            self.fell.set()
            self.goes_on.wait(15)
        self._taken += heard == b"."


@pytest.fixture
def sending(
    redis_server: str, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Postman]]:
    """Makes ``by_email`` send by the relays given, the newest of these."""
    made: list[Postman] = []
    monkeypatch.setattr(by_email, "postman", lambda: made[-1])
    yield made
    for one in made:
        one.close()


def worker(*listeners: Listener, watch: Watch | None = None) -> Postman:
    relays = [Relay(host="127.0.0.1", port=one.port, security="none") for one in listeners]
    return Postman(relays, connections=2, timeouts=QUICK, watch=watch or RelayWatch())


def deliver(edition: Edition) -> None:
    for batch in Batch.objects.filter(edition=edition):
        delivering.deliver(batch.pk)


def states(edition: Edition) -> set[tuple[str, int]]:
    return set(Delivery.objects.filter(edition=edition).values_list("state", "attempts"))


class Then(RelayWatch):
    """A watch that has something done when it has told of a trouble for the first time."""

    def __init__(self, done: Callable[[], None]) -> None:
        super().__init__()
        self._done = [done]

    def heard(self, relay: Relay, trouble: Trouble | None) -> None:
        super().heard(relay, trouble)
        if trouble is not None and self._done:
            self._done.pop()()


@pytest.mark.django_db
def test_it_is_told_while_it_is_silent_and_told_over_when_it_answers(
    sending: list[Postman],
    client: Client,
    admin_client: Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hush = Hush(5)
    said: dict[str, str] = {}

    def look() -> None:
        said["readyz"] = client.get("/readyz").json()["mail"]
        distributor.main(["status"], standalone_mode=False)
        said["status"] = capsys.readouterr().out
        distributor.main(["status", "--json"], standalone_mode=False)
        said["json"] = json.loads(capsys.readouterr().out)["services"]["mail"]
        with translation.override("sv"):
            said["sv"] = told(admin_client.get("/admin/"))
        with translation.override("en"):
            (said["en"],) = trouble.lines()
        hush.goes_on.set()

    readers(20)
    edition = issue()
    with Listener(answer=hush) as listener, capture_logs() as log:
        name = f"127.0.0.1:{listener.port}"
        sending.append(worker(listener, watch=Then(look)))
        deliver(edition)
        hush.goes_on.set()
        now = timezone.now()
        since = [relay_outage.clock(now - timedelta(minutes=ago), "en") for ago in (0, 1)]
        line = said["readyz"]
        assert line in [
            f"mail waits: {name} has fallen silent: no answer since {at}" for at in since
        ]
        assert f"mail      {line}" in said["status"]
        assert said["json"] == line
        assert f"e-postservern {name} har tystnat: inget svar sedan" in said["sv"]
        assert f"the mail server {name} has fallen silent" in said["en"]
        (error,) = [entry for entry in log if entry["log_level"] == "error"]
        assert (error["event"], error["relay"]) == ("relay.silent", name)
        until(lambda: client.get("/readyz").json()["mail"] == "ok", 10)
        assert [entry["event"] for entry in log].count("relay.back") == 1
        until(lambda: len(listener.mails) == 20, 10)
        assert max(listener.copies.values()) == 1
    assert states(edition) == {("delivered", 1)}


def test_one_that_is_slow_on_one_connection_and_answers_on_another_is_not_silent() -> None:
    heard: list[Trouble | None] = []

    class Listening(Unwatched):
        def heard(self, relay: Relay, trouble: Trouble | None) -> None:
            heard.append(trouble)

    def answer(session: Session, heard: bytes) -> None:
        if heard == b".":
            time.sleep(2.5 if session.number and not session.taken else 0.3)

    with Listener(answer=answer) as listener:
        one = worker(listener, watch=Listening())
        assert set(outcomes(list(one.send(parcels(14)))).values()) == {"ok"}
        one.close()
    assert not any(heard)
