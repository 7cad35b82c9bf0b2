"""The main job, from the command line to every listener, through real processes."""

from __future__ import annotations

import email
import email.policy
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from distributor.service import receiver
from tests.listeners.mailbox import Mailbox, mailbox
from tests.running import Service, mail_to, until

RELEASE = Path(__file__).parents[1] / "files" / "ljuspriset.txt"
READERS = 1000


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with mailbox() as listening:
        yield listening


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[receiver.Receiver]:
    with receiver.listening(tmp_path_factory.mktemp("hooks")) as listening:
        yield listening


@pytest.fixture(scope="module")
def built(box: Mailbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("main-job") / "service"
    with Service(folder, **mail_to(box.port)) as ours:
        yield ours


@pytest.fixture(scope="module")
def published(built: Service, hooks: receiver.Receiver) -> dict:
    built.cli("topics", "add", "digitalisering", "Digitalisering")
    built.readers(READERS, "digitalisering")
    added = built.json("endpoints", "add", f"{hooks.url}/hook", "--format", "standard")
    hooks.secrets["/hook"] = added["secret"]
    return built.json("publish", str(RELEASE), "--topic", "digitalisering", "--wait")


def test_what_publish_says_is_what_the_listeners_got(
    published: dict, built: Service, box: Mailbox, hooks: receiver.Receiver
) -> None:
    assert published["title"] == "Ekvik; Årets ljuskommun 2026!"
    assert (published["state"], published["edition"]) == ("published", 1)
    assert published["event"] == "release.published"
    channels = published["channels"]
    assert channels["email"] == _counts(delivered=READERS)
    assert channels["webhook"] == _counts(delivered=1)
    assert channels["feed"] == _counts(delivered=3)
    assert sorted(box.copies) == sorted(f"r{n}@readers.example" for n in range(READERS))
    assert set(box.copies.values()) == {1}
    (got,) = hooks.received
    assert (got.type, got.verified) == ("release.published", True)
    stands = built.json("status", published["release"])
    assert stands == published | {"notes": stands["notes"]}


def _counts(**changes: int) -> dict[str, int]:
    names = ("owed", "delivered", "failed", "bounced", "superseded")
    return dict.fromkeys(names, 0) | changes


def test_two_of_four_notes_are_warnings(published: dict) -> None:
    assert [note["level"] for note in published["notes"]].count("warning") == 2
    assert len(published["notes"]) == 4


def test_the_release_is_in_every_feed_in_every_format_with_one_id(
    published: dict, built: Service
) -> None:
    for name in ("all", "sv/all", "sv/digitalisering"):
        for suffix in ("rss", "atom"):
            feed = feedparser.parse(built.answer(f"/feeds/{name}.{suffix}").content)
            assert [(e.id, e.title) for e in feed.entries] == [
                (published["uri"], published["title"])
            ]
        items = json.loads(built.answer(f"/feeds/{name}.json").content)["items"]
        assert [item["id"] for item in items] == [published["uri"]]
    assert feedparser.parse(built.answer("/feeds/en/all.atom").content).entries == []


def test_the_mail_has_the_words_and_each_header_once(published: dict, box: Mailbox) -> None:
    recipient, raw = box.mails[0]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["To"] == recipient
    assert message["Subject"] == published["title"]
    assert message["Release-Id"] == published["release"]
    assert all(len(message.get_all(name)) == 1 for name in message)
    ids = {email.message_from_bytes(mail)["Message-ID"] for _, mail in box.mails}
    assert len(ids) == READERS
    text = message.get_body(("plain",)).get_content()
    for words in RELEASE.read_text("utf-8").split("\n"):
        if words and words not in ("Publicerad", "Mall för nyhetsbild"):
            assert words.removeprefix("- ") in text


def test_the_webhook_passes_the_reference_library(
    published: dict, built: Service, hooks: receiver.Receiver
) -> None:
    (endpoint,) = built.json("endpoints", "list")
    assert "secret" not in endpoint
    (got,) = hooks.received
    body = json.loads(got.kept.read_text("utf-8"))
    assert body["data"]["uri"] == published["uri"]
    assert body["data"]["version"] == 1
    library, raw = Webhook(hooks.secrets["/hook"]), got.kept.read_bytes()
    assert library.verify(raw, got.headers)["data"]["uri"] == published["uri"]
    for forged in (raw.replace(b"1", b"2", 1), raw + b" "):
        with pytest.raises(WebhookVerificationError):
            library.verify(forged, got.headers)


def test_the_page_and_the_list_show_it(published: dict, built: Service) -> None:
    page = built.answer(published["url"].removeprefix(built.url)).text
    assert "Årets ljuskommun 2026!" in page
    assert "Årets ljuskommun 2026!" in built.answer("/").text
    assert built.answer("/en/").status_code == 200


def test_the_same_words_are_published_once(published: dict, built: Service) -> None:
    again = built.cli("publish", RELEASE, "--topic", "digitalisering", code=1)
    assert again.returncode == 1
    assert published["release"] in again.stderr or published["url"] in again.stderr
    assert again.stderr.count("\n") <= 5


def test_what_cannot_be_read_ends_with_one_line_and_nothing_half_made(
    built: Service, published: dict, tmp_path: Path
) -> None:
    before = built.json("status")["releases"]
    for name, content in (
        ("empty.txt", b""),
        ("bomb.docx", b"PK\x03\x04" * 9),
        ("picture.docx", b"\x89PNG\r\n\x1a\n"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        done = built.cli("publish", path, code=None)
        assert done.returncode in (1, 2), name
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert built.json("status")["releases"] == before


def test_a_file_in_latin_1_goes_in_with_a_warning(built: Service, published: dict) -> None:
    text = "Räksmörgås åter på menyn\n\nSkolan i Ekvik bjuder på räksmörgås.\n"
    done = built.cli("publish", "-", "--json", stdin=text.encode("latin-1"))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["title"] == "Räksmörgås åter på menyn"
    assert any(note["level"] == "warning" for note in document["notes"])


def test_the_service_is_ready_and_says_so(built: Service, published: dict) -> None:
    services = built.json("status")["services"]
    assert services.keys() >= {"database", "redis", "workers", "clock"}
    assert set(services.values()) == {"ok"}
    assert built.answer("/healthz").status_code == 200


def test_one_click_ends_it_and_the_next_release_passes_by(
    built: Service, published: dict, box: Mailbox, tmp_path: Path
) -> None:
    recipient, raw = box.mails[5]
    header = str(email.message_from_bytes(raw, policy=email.policy.default)["List-Unsubscribe"])
    url = header[header.index("<") + 1 : header.index(">")]
    request = urllib.request.Request(url, data=b"List-Unsubscribe=One-Click")
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200
        assert answer.url == url
        assert "Set-Cookie" not in answer.headers
    before = box.copies[recipient]
    path = tmp_path / "nasta.txt"
    path.write_text("Nästa nyhet från Ekvik\n\nDet händer igen i Ekvik.\n", "utf-8")
    document = built.json("publish", str(path), "--topic", "digitalisering", "--wait")
    assert document["channels"]["email"]["delivered"] == READERS - 1
    until(lambda: len(box.mails) == 2 * READERS - 1)
    assert box.copies[recipient] == before
