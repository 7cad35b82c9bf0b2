"""The life of a release at the command line: corrected, withheld, resumed, withdrawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone, translation
from wagtail.models import PageLogEntry

from distributor.dispatch import editions
from distributor.dispatch.models import Edition
from distributor.newsroom import issuing
from distributor.service.cli import main
from tests.newsroom import photograph, topic

pytestmark = pytest.mark.django_db

FIRST = """---
title: Badhuset öppnar i mars
place: Ekvik
topics: [kultur]
case_number: KS 7
images:
  - file: ljus.jpg
    alt: En bassäng i morgonljus
    credit: Ture Ekman
    licence: CC BY 4.0
---
Badhuset har en bassäng på femtio meter.

Bygget kostade 310 miljoner kronor.
"""
MENDED = """Badhuset öppnar i april

Badhuset har en bassäng på femtio meter.

Bygget kostade 330 miljoner kronor.
"""


@dataclass
class Done:
    code: int
    out: str
    err: list[str]

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Run = Callable[..., Done]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: LazySettings,
    tmp_path: Path,
) -> Run:
    """Runs a command in a folder that has both files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first.md").write_text(FIRST, "utf-8")
    (tmp_path / "mended.txt").write_text(MENDED, "utf-8")
    (tmp_path / "ljus.jpg").write_bytes(photograph(300, 200))
    topic("kultur", "Kultur")

    def call(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capsys.readouterr()
        return Done(int(str(ended.value.code)), said.out, said.err.splitlines())

    return call


def local(moment: datetime) -> str:
    """A whole minute to come, as the command line takes it."""
    return moment.replace(second=0, microsecond=0).isoformat()


def published(run: Run, *options: str) -> str:
    done = run("publish", "first.md", "--json", *options)
    assert done.code == 0, done.err
    return str(done.document["release"])


def test_each_act_issues_an_edition_that_the_page_follows(run: Run, client: Client) -> None:
    ident = published(run)
    address = Edition.objects.get().release.url
    corrected = run(
        *("correct", ident[:8], "mended.txt", "--kind", "fact", "--note", "Fel månad och summa."),
        *("--wrong", "Mars, 310 miljoner.", "--right", "April, 330 miljoner.", "--json"),
    ).document
    assert (corrected["edition"], corrected["state"]) == (2, "published")
    assert corrected["event"] == "release.corrected"
    assert (corrected["title"], corrected["url"]) == ("Badhuset öppnar i april", address)
    words = Edition.objects.get(number=2).release
    assert words.correction is not None
    assert (words.correction.wrong, words.correction.right) == (
        "Mars, 310 miljoner.",
        "April, 330 miljoner.",
    )
    assert [image.alt for image in words.images] == ["En bassäng i morgonljus"]
    assert (words.place, words.case_number, words.topics[0].slug) == ("Ekvik", "KS 7", "kultur")

    held = run("withhold", ident, "--reason", "Vi kontrollerar en uppgift.", "--json").document
    assert (held["edition"], held["state"], held["event"]) == (3, "withheld", "release.withheld")
    page = client.get(address)
    assert page.status_code == 200
    assert "330 miljoner" not in page.content.decode()
    assert not editions.is_public(ident)

    resumed = run("resume", ident, "--reason", "Uppgiften stämmer.", "--json").document
    assert (resumed["edition"], resumed["state"]) == (4, "published")
    assert "330 miljoner" in client.get(address).content.decode()

    gone = run("withdraw", ident, "--reason", "Beslutet är upphävt.", "--json").document
    assert (gone["edition"], gone["state"], gone["event"]) == (5, "withdrawn", "release.withdrawn")
    page = client.get(address)
    assert page.status_code == 410
    assert "330 miljoner" not in page.content.decode()

    acts = ["publish", "correct", "withhold", "resume", "withdraw"]
    logged = PageLogEntry.objects.filter(action__startswith="newsroom.").order_by("timestamp")
    assert [entry.action for entry in logged] == [f"newsroom.{act}" for act in acts]
    assert [entry.data["edition"] for entry in logged] == [1, 2, 3, 4, 5]
    assert all(entry.data["by"] for entry in logged)
    assert logged[4].data["reason"] == "Beslutet är upphävt."
    first = Edition.objects.get(number=1)
    assert set(Edition.objects.values_list("published_at", flat=True)) == {first.published_at}


def test_nothing_brings_a_withdrawn_release_back(run: Run) -> None:
    ident = published(run)
    run("withdraw", ident, "--reason", "Allt var fel.")
    for command in (
        ["correct", ident, "mended.txt", "--kind", "update", "--note", "Nytt."],
        ["withhold", ident, "--reason", "x"],
        ["resume", ident, "--reason", "x"],
        ["withdraw", ident, "--reason", "x"],
        ["embargo", ident, "--lift"],
    ):
        done = run(*command)
        assert done.code == 1
        assert "publish a new one that replaces it" in done.err[0]
        assert len(done.err) == 1
    assert Edition.objects.count() == 2
    assert issuing.issue_due() == 0
    assert Edition.objects.latest("number").status == "canceled"


def test_a_correction_of_what_is_withheld_ends_the_hold_in_one_edition(run: Run) -> None:
    ident = published(run)
    run("withhold", ident, "--reason", "Vi kontrollerar.")
    done = run("correct", ident, "mended.txt", "--kind", "update", "--note", "Ny månad.", "--json")
    assert (done.document["edition"], done.document["state"]) == (3, "published")
    assert done.document["event"] == "release.updated"
    assert editions.is_public(ident)


def test_an_embargo_is_moved_corrected_and_lifted(run: Run, client: Client) -> None:
    hour = timedelta(hours=1)
    until, later = timezone.now() + 2 * hour, timezone.now() + 4 * hour
    ident = published(run, "--embargo", local(until))
    first = Edition.objects.get()
    assert (first.act, first.published_at) == ("release.embargoed", None)
    assert client.get(first.release.url).status_code == 404

    exact = later.replace(second=15, microsecond=0)
    run("embargo", ident, "--until", f"{exact:%Y-%m-%dT%H:%M:%SZ}")
    assert Edition.objects.latest("number").embargo_until == exact
    moved = run("embargo", ident, "--until", local(later), "--json").document
    assert (moved["state"], moved["event"]) == ("embargoed", "release.embargoed")
    corrected = run(
        *("correct", ident, "mended.txt", "--kind", "fact", "--note", "Fel månad.", "--json")
    ).document
    assert (corrected["edition"], corrected["state"]) == (4, "embargoed")
    assert corrected["event"] == "release.embargoed"
    held = run("withhold", ident, "--reason", "Vi kontrollerar.", "--json").document
    assert (held["event"], held["state"]) == ("release.withheld", "withheld")
    resumed = run("resume", ident, "--reason", "Det stämmer.", "--json").document
    assert (resumed["event"], resumed["state"]) == ("release.embargoed", "embargoed")
    assert not editions.is_public(ident, until + hour)
    assert editions.is_public(ident, later)
    assert client.get(first.release.url).status_code == 404

    lifted = run("embargo", ident, "--lift", "--json").document
    assert (lifted["edition"], lifted["event"]) == (7, "release.published")
    assert lifted["state"] == "published"
    assert "330 miljoner" in client.get(first.release.url).content.decode()
    newest = Edition.objects.get(number=7)
    assert newest.published_at is not None
    assert newest.published_at < timezone.now() < until
    assert run("embargo", ident, "--until", local(later)).code == 1


def test_the_clock_lifts_an_embargo_and_pages_do_not_wait_for_it(run: Run, client: Client) -> None:
    ident = published(run, "--embargo", local(timezone.now() + timedelta(hours=2)))
    end = timezone.now() - timedelta(minutes=3)
    Edition.objects.update(embargo_until=end, leaves_at=end - timedelta(hours=1))
    address = Edition.objects.get().release.url
    assert client.get(address).status_code == 200
    assert run("status", ident, "--json").document["state"] == "published"
    assert Edition.objects.count() == 1

    assert issuing.issue_due() == 1
    assert issuing.issue_due() == 0
    lift = Edition.objects.get(number=2)
    assert (lift.act, lift.published_at) == ("release.published", end)
    assert lift.leaves_at > end
    entry = PageLogEntry.objects.get(action="newsroom.lift")
    assert (entry.data["by"], entry.data["edition"]) == ("clock", 2)
    assert client.get(address).status_code == 200


def test_a_correction_after_the_end_of_an_embargo_comes_after_its_lift(run: Run) -> None:
    ident = published(run, "--embargo", local(timezone.now() + timedelta(hours=2)))
    end = timezone.now() - timedelta(minutes=3)
    Edition.objects.update(embargo_until=end, leaves_at=end - timedelta(hours=1))
    done = run("correct", ident, "mended.txt", "--kind", "language", "--note", "x", "--json")
    assert (done.document["edition"], done.document["event"]) == (3, "release.updated")
    acts = Edition.objects.order_by("number").values_list("act", flat=True)
    assert list(acts) == ["release.embargoed", "release.published", "release.updated"]
    assert Edition.objects.get(number=3).published_at == end


def test_erasure_takes_what_a_dry_run_composed(run: Run, settings: LazySettings) -> None:
    folder = settings.DISTRIBUTOR.site.data_dir / "dry-run"
    run("publish", "first.md", "--dry-run")
    assert list(folder.iterdir())
    ident = published(run)
    erased = run("erase", ident, "--reason", "Dom i mål T 1-26.", "--json").document
    assert (erased["state"], erased["title"]) == ("erased", "")
    assert run("status", ident).out.splitlines()[0] == erased["uri"]
    assert not folder.exists()


def test_what_the_front_matter_says_of_times_holds(run: Run, tmp_path: Path) -> None:
    until = local(timezone.now() + timedelta(hours=2))
    both = FIRST.replace("place:", f"at: {until}\nembargo: {until}\nplace:")
    (tmp_path / "both.md").write_text(both, "utf-8")
    (tmp_path / "one.md").write_text(FIRST.replace("place:", f"embargo: {until}\nplace:"), "utf-8")
    done = run("publish", "both.md")
    assert (done.code, "not both" in done.err[-1]) == (1, True)
    assert run("publish", "one.md", "--json").document["state"] == "embargoed"
    (tmp_path / "at.md").write_text(MENDED.replace("april", "maj"), "utf-8")
    assert run("publish", "at.md", "--at", until, "--json").document["state"] == "scheduled"
    ident = str(Edition.objects.latest("id").release_id)
    done = run("withdraw", ident, "--reason", "x")
    assert (done.code, "take it back" in done.err[0]) == (1, True)
    assert run("undo", ident).code == 0
    assert not editions.standing(ident).exists()
    for command in (["status", ident], ["redeliver", ident, "--channel", "email"]):
        done = run(*command)
        assert (done.code, "was taken back" in done.err[0]) == (1, True)
    done = run("undo", ident)
    assert (done.code, "was not published yet" in done.err[0]) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["withhold", "{id}"], "--reason"),
        (["withhold", "{id}", "--reason", " "], "say why"),
        (["correct", "{id}", "mended.txt", "--kind", "fact"], "--note"),
        (["correct", "{id}", "mended.txt", "--kind", "typo", "--note", "x"], "'typo' is not one"),
        (
            ["correct", "{id}", "mended.txt", "--kind", "update", "--note", "x", "--wrong", "y"],
            "fact",
        ),
        (["embargo", "{id}"], "--until TIME or --lift"),
        (["embargo", "{id}", "--until", "2027-03-28T02:30"], "there is no 02:30"),
    ],
)
def test_wrong_usage_is_2_and_issues_nothing(run: Run, arguments: list[str], said: str) -> None:
    ident = published(run)
    done = run(*(argument.format(id=ident) for argument in arguments))
    assert done.code == 2
    assert said in " ".join(done.err)
    assert Edition.objects.count() == 1


def test_a_correction_in_another_language_is_taken_with_a_warning(run: Run, tmp_path: Path) -> None:
    ident = published(run)
    text = "---\nlanguage: en\n---\nThe baths open in April\n\nThe pool is long.\n"
    (tmp_path / "english.md").write_text(text, "utf-8")
    done = run("correct", ident, "english.md", "--kind", "update", "--note", "Ny månad.")
    assert done.code == 0
    assert [line for line in done.err if line.endswith("than it says: en")]
    assert Edition.objects.get(number=2).language == "sv"


def test_what_an_option_refuses_is_said_in_english(run: Run) -> None:
    ident = published(run)
    translation.activate("sv")
    done = run("embargo", ident, "--until", "2020-01-01T06:00")
    assert (done.code, done.err[-1]) == (
        2,
        'Error: --until: "2020-01-01T06:00" has passed; name a time to come.',
    )


def test_a_correction_that_changes_no_word_issues_nothing(run: Run) -> None:
    ident = published(run)
    done = run("correct", ident, "first.md", "--kind", "update", "--note", "Inget.")
    assert done.code == 1
    assert "No word differs" in done.err[-1]
    assert Edition.objects.count() == 1


def test_an_unknown_or_ambiguous_id_is_refused(run: Run) -> None:
    published(run)
    assert run("withdraw", "zz", "--reason", "x").code == 1
