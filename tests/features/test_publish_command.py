"""``distributor publish``: files in, releases out, and what it says of both."""

from __future__ import annotations

import email
import io
import json
import sys
import zipfile
from datetime import datetime, timedelta
from email import policy
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from distributor.audience.models import Subscriber, Subscription
from distributor.dispatch.models import Edition
from distributor.newsroom.models import Picture, ReleasePage
from distributor.service.cli import main
from tests.newsroom import photograph, topic

pytestmark = pytest.mark.django_db

TEXT = """Ekvik får ett nytt badhus

Publicerad

Badhuset öppnar den 3 mars och har en bassäng på femtio meter.

Bygget har tagit två år. Det kostade 310 miljoner kronor.
"""

MARKDOWN = """---
title: Badhuset har fått en konstnär
topics: [kultur]
images:
  - file: ljus.jpg
    alt: En bassäng i morgonljus
    credit: Ture Ekman
    licence: CC BY 4.0
---
Konstnären heter Maja Lindqvist och arbetar i glas.

Verket hänger över bassängen.
"""


@pytest.fixture
def run(capsys, monkeypatch, settings, tmp_path):
    """Runs a command; gives its exit code, standard output and the lines of standard error."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, stdin: bytes = b"") -> SimpleNamespace:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main(["publish", *arguments])
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=said.out, err=said.err.splitlines())

    return call


@pytest.fixture
def badhus(tmp_path):
    path = tmp_path / "badhus.txt"
    path.write_text(TEXT, "utf-8")
    return "badhus.txt"


def subscriber(slug: str) -> None:
    person = Subscriber.objects.create(
        address="a@b.example", key="a@b.example", languages=" sv ", confirmed_at=timezone.now()
    )
    Subscription.objects.create(subscriber=person, topic=topic(slug))


def test_a_file_becomes_a_release_that_is_owed(run, badhus, client):
    subscriber("kultur")
    done = run(badhus, "--topic", "kultur", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document["title"] == "Ekvik får ett nytt badhus"
    assert (document["state"], document["edition"]) == ("published", 1)
    assert document["event"] == "release.published"
    assert document["url"].endswith("/ekvik-far-ett-nytt-badhus/")
    assert document["uri"].endswith(f"release/{document['release']}")
    assert document["channels"]["email"]["owed"] == 1
    assert document["channels"]["feed"]["owed"] == 3
    assert set(document["channels"]["webhook"]) >= {"owed", "delivered", "failed", "bounced"}
    notes = [(note["level"], note["line"], note["rule"]) for note in document["notes"]]
    assert notes == [("note", 3, "leftover"), ("note", None, "house")]
    assert "badhus.txt:3: note: left out: Publicerad" in done.err
    assert "Bygget har tagit två år" in client.get("/ekvik-far-ett-nytt-badhus/").content.decode()


def test_the_same_words_are_published_once_unless_told_again(run, badhus):
    first = json.loads(run(badhus, "--json").out)
    again = run(badhus)
    assert again.code == 1
    assert first["release"] in again.err[-1]
    assert len(again.err) == 1
    assert ReleasePage.objects.count() == 1
    assert run(badhus, "--again").code == 0
    assert Edition.objects.count() == 2


@pytest.mark.parametrize("how", ["--at", "--embargo"])
def test_words_that_wait_for_their_time_are_published_once_too(run, badhus, how):
    when = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M+00:00")
    first = json.loads(run(badhus, how, when, "--json").out)
    for again in (run(badhus, how, when), run(badhus)):
        assert again.code == 1
        assert first["release"] in again.err[-1]
    assert Edition.objects.count() == 1


@pytest.mark.parametrize("how", ["--at", "--embargo"])
def test_a_time_may_have_seconds_and_an_offset(run, badhus, how):
    there = timezone.now().replace(microsecond=0) + timedelta(days=1)
    forms = (f"{there:%Y-%m-%dT%H:%M:%SZ}", f"{there.astimezone(ZoneInfo('Asia/Kolkata'))}")
    assert forms[1].endswith("+05:30")
    for form in forms:
        document = json.loads(run(badhus, how, form, "--again", "--json").out)
        issued = Edition.objects.get(release_id=document["release"])
        assert (issued.leaves_at if how == "--at" else issued.embargo_until) == there
    refused = run(badhus, how, f"{there:%Y-%m-%dT%H:%M:%S}.5Z", "--again")
    assert refused.code == 2
    assert "times are whole seconds" in refused.err[-1]


def test_standard_input_and_several_files(run, badhus, tmp_path):
    (tmp_path / "annan.md").write_text("# Annan\n\nIngress.\n\nText.\n", "utf-8")
    both = json.loads(run(badhus, "annan.md", "--json").out)["releases"]
    assert [each["title"] for each in both] == ["Ekvik får ett nytt badhus", "Annan"]
    piped = run("-", "--lang", "en", stdin=b"A title\n\nA lead.\n\nA text.\n")
    assert piped.code == 0
    assert Edition.objects.get(language="en").title == "A title"


def test_pictures_beside_the_file_come_along(run, tmp_path, client):
    topic("kultur")
    (tmp_path / "badhus.md").write_text(MARKDOWN, "utf-8")
    (tmp_path / "ljus.jpg").write_bytes(photograph())
    done = run("badhus.md", "--json")
    assert done.code == 0
    release = Edition.objects.get().release
    image = release.images[0]
    assert (image.alt, image.credit) == ("En bassäng i morgonljus", "Ture Ekman")
    assert [each.slug for each in release.topics] == ["kultur"]
    path = image.url.split("/", 3)[3]
    assert client.get(f"/{path}").status_code == 200


def test_a_dry_run_says_who_would_get_it_and_leaves_nothing(run, tmp_path, badhus):
    subscriber("kultur")
    done = run(badhus, "--topic", "kultur", "--dry-run", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert "release" not in document
    assert document["channels"]["email"]["owed"] == 1
    assert document["channels"]["feed"]["owed"] == 3
    with open(document["files"][0], "rb") as file:
        mail = email.message_from_binary_file(file, policy=policy.default)
    assert mail["Subject"] == "Ekvik får ett nytt badhus"
    assert not ReleasePage.objects.exists()
    assert not Edition.objects.exists()


def test_a_dry_run_under_embargo_shows_the_granted_readers_mail(run, badhus):
    subscriber("kultur")
    done = run(badhus, "--topic", "kultur", "--embargo", "2030-10-14T06:00", "--dry-run", "--json")
    assert done.code == 0
    document = json.loads(done.out)
    assert document["channels"]["email"]["owed"] == 0
    with open(document["files"][0], "rb") as file:
        mail = email.message_from_binary_file(file, policy=policy.default)
    assert mail["Subject"].startswith("EMBARGO till 14 oktober kl. 06.00: ")
    assert not Edition.objects.exists()


def test_at_leaves_later(run, badhus, client, settings):
    tomorrow = (datetime.now() + timedelta(days=1)).strftime("%Y-%m-%dT06:00")
    document = json.loads(run(badhus, "--at", tomorrow, "--json", "--wait").out)
    assert document["state"] == "scheduled"
    assert Edition.objects.get().leaves_at > timezone.now()
    assert client.get("/ekvik-far-ett-nytt-badhus/").status_code == 404


def test_wait_ends_with_1_when_the_time_is_over(run, badhus):
    done = run(badhus, "--wait", "--timeout", "0", "--json")
    assert done.code == 1
    assert "still owed after 0 seconds" in done.err[-1]
    assert json.loads(done.out)["channels"]["feed"]["owed"] == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--topic", "nix"], "no such topic. There are:"),
        (["--lang", "fi"], "choose one of sv, en"),
        (["--at", "2020-01-01T06:00"], "has passed"),
        (["--at", "i morgon"], "is no time"),
        (["--at", "2027-03-28T02:30"], "there is no 02:30 on 2027-03-28"),
        (["--at", "2027-10-31T02:30"], "comes twice"),
        (["--at", "2030-01-01T06:00", "--embargo", "2030-01-01T06:00"], "not both"),
        (["--embargo", "2027-10-31T02:30"], "comes twice"),
        (["--embargo", "2020-01-01T06:00"], "has passed"),
        (["--list", "lokalt"], "not there yet"),
        (["--type", "poem"], "press"),
    ],
)
def test_wrong_usage_is_2_and_publishes_nothing(run, badhus, arguments, said):
    done = run(badhus, *arguments)
    assert done.code == 2
    assert said in " ".join(done.err)
    assert not ReleasePage.objects.exists()


def bomb() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", b"\0" * 201_000_000)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tom.txt", b"", "empty"),
        ("stor.txt", b"ord " * 750_000, "2 MB"),
        ("bomb.docx", bomb, "200 MB"),
        ("trasig.docx", b"PK\x03\x04", "no Word document"),
        ("bild.md", MARKDOWN.encode(), "ljus.jpg"),
        ("bara-rubrik.txt", b"En rubrik", "Text: a press release needs one."),
        ("okand.pdf", b"%PDF", ".pdf"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_leaves_nothing(
    run, tmp_path, name, content, said
):
    topic("kultur")
    (tmp_path / "ljus.jpg").write_bytes(b"this is no picture")
    (tmp_path / name).write_bytes(content() if callable(content) else content)
    (tmp_path / "bra.txt").write_text(TEXT, "utf-8")
    done = run("bra.txt", name)
    assert done.code == 1
    assert len(done.err) == 1
    assert said in done.err[0]
    assert name in done.err[0]
    assert not ReleasePage.objects.exists()
    assert not Picture.objects.exists()
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file()]


def test_a_time_in_a_file_that_has_passed_stops_it(run, tmp_path):
    (tmp_path / "sen.md").write_text("---\nat: 2020-01-01T06:00\n---\n# A\n\nB.\n\nC.\n")
    done = run("sen.md")
    assert (done.code, len(done.err)) == (1, 1)
    assert "sen.md: at:" in done.err[0]


def test_what_a_stop_holds_back_leaves_no_upload(run, tmp_path):
    topic("kultur")
    (tmp_path / "ljus.jpg").write_bytes(photograph())
    (tmp_path / "bild.md").write_text(MARKDOWN.replace("    credit: Ture Ekman\n", ""), "utf-8")
    done = run("bild.md")
    assert (done.code, len(done.err)) == (1, 1)
    assert "Block 2 (Picture): the picture has no credit" in done.err[0]
    assert not Picture.objects.exists()
    assert not list((tmp_path / "media").glob("original_images/*"))


def test_a_missing_file_is_named(run):
    done = run("nix.txt")
    assert (done.code, len(done.err)) == (1, 1)
    assert "nix.txt: No such file" in done.err[0]
