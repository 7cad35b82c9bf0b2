"""A release that a person has paused: who hears of what is issued later, by every channel."""

from __future__ import annotations

import email
import email.policy
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import feedparser
import pytest

from tests.faults.postgres import Postgres
from tests.listeners.http import Listener as Endpoint
from tests.listeners.smtp import Listener, Session
from tests.running import Service, mail_to, until

FIRST, MENDED, LATEST = "Badhuset öppnar i mars", "Badhuset öppnar i april", "Badhuset öppnar i maj"
QUIET = 1.5
"""Seconds in which what may leave has left."""


class House:
    """A service, its mail server and its endpoint."""

    def __init__(self, service: Service, relay: Listener, endpoint: Endpoint) -> None:
        self.service, self.relay, self.endpoint = service, relay, endpoint

    @contextmanager
    def busy(self) -> Iterator[set[str]]:
        """The mail server says "later" while the block runs. Gives the readers who were tried."""
        tried: set[str] = set()

        def later(session: Session, heard: bytes) -> list[bytes] | None:
            if heard[:4].upper() != b"RCPT":
                return None
            tried.add(heard.decode().partition("<")[2].partition(">")[0])
            return [b"450 4.2.0 later"]

        self.relay.answer = later
        try:
            yield tried
        finally:
            self.relay.answer = lambda session, heard: None

    def release(self, topic: str) -> Paused:
        """A release on a topic of its own, had by three readers and an endpoint."""
        return Paused(self, topic)


class Paused:
    """A release that some have; others have come since, and are owed what is issued next.

    The readers ``had`` and the endpoint ``/had`` got the first edition, ``come`` and ``/come``
    follow since.
    """

    def __init__(self, house: House, topic: str) -> None:
        self._house, self._topic = house, topic
        self.had = {f"{topic}{name}@readers.example" for name in "abc"}
        self.come = {f"{topic}{name}@readers.example" for name in "de"}
        self.cli("topics", "add", topic, topic.capitalize())
        self._follow(self.had, "had")
        (house.service.folder / "first.txt").write_text(f"{FIRST}\n\nBygget är klart.\n", "utf-8")
        done = house.service.json(
            "publish", house.service.folder / "first.txt", "--topic", topic, "--again", "--wait"
        )
        self.id, self.uri = done["release"], done["uri"]
        assert done["channels"]["email"]["delivered"] == 3
        assert self.posted() == {("had", "release.published"): 1}
        self._follow(self.come, "come")

    def cli(self, *arguments: str | Path, **given: Any) -> str:
        return self._house.service.cli(*arguments, **given).stdout

    def sending(self, option: str) -> str:
        return self.cli("sending", self.id, option)

    def correct(self, title: str = MENDED, kind: str = "fact") -> dict[str, Any]:
        path = self._house.service.folder / "mended.txt"
        path.write_text(f"{title}\n\nBygget är snart klart.\n", "utf-8")
        done: dict[str, Any] = self._house.service.json(
            "correct", self.id, path, "--kind", kind, "--note", "Fel månad."
        )
        return done

    def status(self) -> dict[str, Any]:
        document: dict[str, Any] = self._house.service.json("status", self.id)
        return document

    def mails(self) -> dict[str, Counter[str]]:
        """By edition how often each reader was sent it."""
        found: dict[str, Counter[str]] = {}
        for mail in self._house.relay.mails:
            ident, number, _ = mail.message_id[1:].split(".", 2)
            if ident == self.id:
                found.setdefault(number, Counter())[mail.recipient] += 1
        return found

    def subjects(self, number: str) -> dict[str, str]:
        """By reader the subject of an edition's mail."""
        found = {}
        for mail in self._house.relay.mails:
            if mail.message_id.startswith(f"<{self.id}.{number}."):
                parsed = email.message_from_bytes(mail.message, policy=email.policy.default)
                found[mail.recipient] = str(parsed["Subject"])
        return found

    def posted(self) -> Counter[tuple[str, str]]:
        """How often each endpoint was sent each event."""
        found: Counter[tuple[str, str]] = Counter()
        for request in list(self._house.endpoint.requests):
            event = json.loads(request.body)
            if event["data"].get("id") == self.id:
                found[request.target.rpartition("/")[2], event["type"]] += 1
        return found

    def in_feeds(self, title: str) -> bool:
        """Whether the topic's feed has the release under that title."""
        atom = self._house.service.answer(f"/feeds/sv/{self._topic}.atom").content
        entries = feedparser.parse(atom).entries
        return title in [entry.title for entry in entries if entry.id == self.uri]

    def told(self, number: str, readers: set[str]) -> None:
        """Each of ``readers`` gets that edition once, and nobody else gets it."""
        until(lambda: set(self.mails().get(number, ())) >= readers, 60, f"edition {number}")
        time.sleep(QUIET)
        assert self.mails().get(number, Counter()) == Counter(readers)

    def _follow(self, readers: set[str], name: str) -> None:
        rows = "".join(f"{reader},{self._topic}\n" for reader in readers)
        sheet = self._house.service.folder / "readers.csv"
        sheet.write_text("email,topics\n" + rows, "utf-8")
        self.cli("subscribers", "import", sheet, "--confirmed")
        url = self._house.endpoint.url(f"/{self._topic}/{name}")
        self.cli("endpoints", "add", url, "--format", "standard", "--topic", self._topic)


@pytest.fixture(scope="module")
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    options = {}
    with ExitStack() as stack:
        if getattr(request, "param", "sqlite") == "postgresql":
            # Not below pytest's own folder, which each of its processes closes to other users.
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="distributor-paused-"))
            server = Postgres(Path(folder, "postgres"))
            stack.callback(server.stop)
            options = {"DATABASE__URL": server.database("paused")}
        endpoint = stack.enter_context(closing(Endpoint()))
        relay = stack.enter_context(Listener())
        data = tmp_path_factory.mktemp("paused") / "service"
        service = stack.enter_context(Service(data, **mail_to(relay.port), **options))
        yield House(service, relay, endpoint)


@pytest.fixture
def words(request: pytest.FixtureRequest) -> str:
    """A topic of the test's own."""
    return f"t{abs(hash(request.node.name)) % 10**8}"


@pytest.mark.parametrize(
    "house", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)
def test_a_correction_reaches_at_once_who_had_it_and_the_others_once_resumed(
    house: House, words: str
) -> None:
    release = house.release(words)
    assert "What is issued later waits, too" in release.sending("--pause")
    told = release.correct()["sending"]
    assert (told["state"], told["edition"], told["by"]) == ("paused", 2, "person")
    assert (told["spares_at_once"], told["holds_later"]) == (True, True)
    release.told("2", release.had)
    assert set(release.subjects("2").values()) == {f"RÄTTELSE: {MENDED}"}
    assert release.posted()["had", "release.corrected"] == 1
    assert not [event for event in release.posted() if event[0] == "come"]
    assert until(lambda: release.in_feeds(MENDED), 30)
    counts = release.status()["channels"]
    assert (counts["email"]["owed"], counts["webhook"]["owed"], counts["feed"]["owed"]) == (2, 1, 0)
    line = f"by a person, but for those who are told at once; distributor sending {release.id} "
    assert line in release.cli("status", release.id)
    waited = ("withhold", release.id, "--reason", "Vi ser efter.", "--wait", "--timeout", "60")
    release.cli(*waited)
    release.cli("resume", release.id, "--reason", "Det stämmer.")
    release.told("4", release.had)
    release.sending("--resume")
    release.told("4", release.had | release.come)
    assert {release.subjects("4")[reader] for reader in release.come} == {MENDED}
    assert sorted(release.mails()) == ["1", "2", "3", "4"]
    assert set(release.mails()["3"]) == release.had
    until(lambda: release.posted()["come", "release.resumed"], 30)
    assert max(release.posted().values()) == 1
    assert release.status()["sending"] is None
    assert release.status()["channels"]["email"]["owed"] == 0


@pytest.mark.long
def test_an_update_waits_whole_and_the_newest_goes_out_once(house: House, words: str) -> None:
    release = house.release(words)
    release.sending("--pause")
    release.correct(kind="update")
    release.correct(LATEST, kind="update")
    assert until(lambda: release.in_feeds(LATEST), 30)
    time.sleep(QUIET)
    assert sorted(release.mails()) == ["1"]
    assert release.posted() == {("had", "release.published"): 1}
    assert release.status()["channels"]["email"]["owed"] == 5
    release.sending("--resume")
    release.told("3", release.had | release.come)
    assert sorted(release.mails()) == ["1", "3"]
    until(lambda: len(release.posted()) == 3, 30)
    assert set(release.posted().values()) == {1}


@pytest.mark.long
def test_a_withdrawal_tells_who_had_it_and_nobody_else_ever(house: House, words: str) -> None:
    release = house.release(words)
    release.sending("--pause")
    release.correct(kind="update")
    done = release.cli("withdraw", release.id, "--reason", "Fel.", "--wait", "--timeout", "60")
    assert "paused" not in done
    release.told("3", release.had)
    release.sending("--resume")
    time.sleep(QUIET)
    release.told("3", release.had)
    assert sorted(release.mails()) == ["1", "3"]
    assert release.posted()["had", "release.withdrawn"] == 1
    assert not [event for event in release.posted() if event[0] == "come"]


@pytest.mark.long
def test_a_pause_after_the_correction_holds_those_who_are_told_at_once_too(
    house: House, words: str
) -> None:
    release = house.release(words)
    with house.busy() as tried:
        release.correct()
        until(lambda: tried >= release.had | release.come, 30, "the tries")
        assert release.sending("--pause").startswith("Paused.")
    found = release.status()["sending"]
    assert (found["edition"], found["spares_at_once"], found["holds_later"]) == (2, False, True)
    done = house.service.cli("redeliver", release.id, "--channel", "email")
    assert done.stdout == "5 deliveries are due now.\n"
    assert f"distributor sending {release.id} --resume goes on" in done.stderr
    time.sleep(QUIET)
    assert sorted(release.mails()) == ["1"]
    release.sending("--resume")
    release.told("2", release.had | release.come)


@pytest.mark.long
def test_what_is_issued_after_a_cancel_goes_to_all_who_follow_once_resumed(
    house: House, words: str
) -> None:
    release = house.release(words)
    release.sending("--pause")
    release.correct(kind="update")
    until(lambda: release.status()["channels"]["email"]["owed"] == 5, 30)
    assert "goes to all who follow, them too" in release.sending("--cancel")
    assert release.status()["sending"]["state"] == "cancelled"
    assert until(lambda: release.in_feeds(MENDED), 30)
    release.correct(LATEST)
    release.told("3", release.had)
    release.sending("--resume")
    release.told("3", release.had | release.come)
    assert sorted(release.mails()) == ["1", "3"]
    counts = release.status()["channels"]
    assert (counts["email"]["failed"], counts["feed"]["failed"]) == (5, 0)
