"""A sending that was paused or cancelled: every door says so, and what makes it go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from distributor.dispatch import control, delivering, editions, fanout, feeds, standing
from distributor.dispatch.models import Batch, Edition
from distributor.errors import Refused
from distributor.newsroom import lifecycle
from distributor.service.cli import distributor, main
from tests.fanning import issue, readers
from tests.newsroom import draft, page_of, press, told, topic


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def call(*arguments: str) -> str:
        distributor.main(arguments, standalone_mode=False)
        return capsys.readouterr().out

    return call


@pytest.mark.django_db
def test_it_says_that_a_person_paused_a_sending_and_what_resumes_it(
    said: Callable[..., str],
) -> None:
    readers(3)
    edition = issue()
    ident = str(edition.release_id)
    assert json.loads(said("status", ident, "--json"))["sending"] is None
    said("sending", ident, "--pause")
    document = json.loads(said("status", ident, "--json"))
    assert document["state"] == "published"
    found = document["sending"]
    assert (found["state"], found["by"], found["edition"]) == ("paused", "person", 1)
    assert timezone.now() - datetime.fromisoformat(found["since"]) < timedelta(minutes=1)
    assert found["resume"] == f"distributor sending {ident} --resume"
    for line in (said("status", ident), said("status")):
        assert "paused since " in line
        assert f"by a person; distributor sending {ident} --resume goes on" in line
    assert f"sending   {ident[:8]} is paused" in said("status")
    said("sending", ident, "--resume")
    assert json.loads(said("status", ident, "--json"))["sending"] is None
    assert "paused" not in said("status", ident)


@pytest.mark.django_db
def test_it_says_that_receivers_refuse_a_mail_and_for_what(
    said: Callable[..., str], admin_client: Client
) -> None:
    topic("kultur")
    page = page_of(draft(topics=("kultur",)))
    edition = lifecycle.publish(page, by=lifecycle.Actor("tests"))
    control.pause_for(edition.pk, Refused("too-large", "552 5.3.4 too large", about="message"))
    ident = str(edition.release_id)
    found = json.loads(said("status", ident, "--json"))["sending"]
    assert (found["by"], found["reason"]) == ("refusals", "too-large")
    assert found["reply"] == "552 5.3.4 too large"
    assert "receivers refuse this mail (552 5.3.4 too large); distributor" in said("status", ident)
    screen = told(admin_client.get(reverse("newsroom_release", args=[page.pk])))
    assert "Utsändningen är pausad sedan den" in screen
    assert "552 5.3.4 too large" in screen
    assert f"distributor sending {ident} --resume" in screen


@pytest.mark.django_db
def test_it_says_that_a_sending_was_cancelled(said: Callable[..., str]) -> None:
    readers(3)
    edition = issue()
    ident = str(edition.release_id)
    said("sending", ident, "--cancel")
    found = json.loads(said("status", ident, "--json"))["sending"]
    assert found["state"] == "cancelled"
    assert "the sending is cancelled since" in said("status", ident)
    assert f"distributor redeliver {ident} --channel email --failed" in said("status", ident)


@pytest.mark.django_db
def test_a_pause_of_its_own_is_over_once_a_newer_edition_has_overtaken_it() -> None:
    readers(3)
    first = issue()
    control.pause_for(first.pk, Refused("too-large", "552 5.3.4 too large", about="message"))
    second = issue(first, act="release.updated", title="Bron öppnar i dag")
    assert standing.standing(second.release_id)["sending"] is None
    assert second.pause_holds_since is None


@pytest.mark.django_db
def test_a_pause_of_a_person_holds_beside_one_of_its_own(said: Callable[..., str]) -> None:
    readers(3)
    first = issue()
    ident = str(first.release_id)
    control.pause_for(first.pk, Refused("too-large", "552 5.3.4 too large", about="message"))
    assert said("sending", ident, "--pause").startswith("Paused.")
    assert said("sending", ident, "--pause") == "It was paused already.\n"
    found = json.loads(said("status", ident, "--json"))["sending"]
    assert (found["by"], found["reason"], found["holds_later"]) == ("refusals", "too-large", True)
    second = issue(first, act="release.updated", title="Bron öppnar i dag")
    assert second.pause_holds_since is not None
    found = json.loads(said("status", ident, "--json"))["sending"]
    assert (found["by"], found["edition"], found["spares_at_once"]) == ("person", 2, True)
    assert said("sending", ident, "--resume") == "Resumed.\n"
    assert said("sending", ident, "--resume") == "It was not paused.\n"


@pytest.mark.django_db
def test_a_cancelled_sending_says_that_it_is_paused_too(said: Callable[..., str]) -> None:
    readers(3)
    ident = str(issue().release_id)
    said("sending", ident, "--pause")
    said("sending", ident, "--cancel")
    commands = f"distributor sending {ident} --resume && distributor redeliver {ident} "
    told = said("status", ident)
    assert "by a person, and paused, too; " + commands in told
    assert "sends it after all" in told


@pytest.mark.django_db
def test_nothing_holds_a_withdrawal_up(said: Callable[..., str]) -> None:
    readers(3)
    first = issue()
    said("sending", str(first.release_id), "--pause")
    held = issue(first, act="release.withheld")
    assert held.pause_holds_since is not None
    issue(held, act="release.withdrawn")
    assert json.loads(said("status", str(first.release_id), "--json"))["sending"] is None


@pytest.mark.django_db
def test_screens_say_who_waits_for_the_end_of_a_pause(admin_client: Client) -> None:
    topic("kultur")
    readers(3, "kultur")
    page = page_of(draft(topics=("kultur",)))
    first = lifecycle.publish(page, by=lifecycle.Actor("tests"))
    fanout.fan_out(first.pk)
    ident = str(first.release_id)
    spared = "De som får veta genast får det ändå; alla andra väntar"
    command = f"distributor sending {ident} --resume"
    withhold = reverse("newsroom_act", args=[page.pk, "withhold"])
    home = reverse("wagtailadmin_home")
    assert spared not in told(admin_client.get(withhold))
    assert command not in told(admin_client.get(home))
    control.pause(ident)
    asked = told(admin_client.get(withhold))
    assert spared in asked
    assert command in asked
    dashboard = told(admin_client.get(home))
    assert f"”{first.title}”: Utsändningen pausades" in dashboard
    assert command in dashboard
    after = press(admin_client, page, "withhold", reason="Vi ser efter.")
    assert told(after).count(spared) == 2, "the message after the act, and the release's own screen"
    assert after.content.decode().count(">--resume</span>") == 2
    edition = Edition.objects.get(number=2)
    fanout.fan_out(edition.pk)
    assert command not in told(admin_client.get(home)), "nothing is owed"


@pytest.mark.parametrize(
    "options", [[], ["--pause", "--resume"], ["--cancel", "--pause"], ["--cancel", "--resume"]]
)
@pytest.mark.django_db
def test_to_do_nothing_or_two_things_to_a_sending_is_wrong_usage(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    readers(3)
    edition = issue()
    before = Edition.objects.values().get()
    assert exit_code("sending", str(edition.release_id), *options) == 2
    assert "Say one of --pause, --resume and --cancel." in capsys.readouterr().err
    assert Edition.objects.values().get() == before


@pytest.mark.django_db
def test_what_has_not_left_is_taken_back_and_not_cancelled(
    said: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    topic("kultur")
    page = page_of(draft(topics=("kultur",)))
    at = timezone.now() + timedelta(hours=2)
    ident = str(lifecycle.publish(page, by=lifecycle.Actor("tests"), at=at).release_id)
    assert exit_code("sending", ident[:8], "--cancel") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"nothing of {ident} has left yet; take it back: distributor undo {ident}")
    assert json.loads(said("status", ident, "--json"))["sending"] is None
    said("undo", ident)
    for option in ("--pause", "--resume", "--cancel"):
        assert exit_code("sending", ident, option) == 1
        assert "was taken back before anything left" in capsys.readouterr().err


@pytest.mark.django_db
def test_who_cancels_hears_of_the_edition_that_has_not_left_yet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    readers(3)
    first = issue()
    later = timezone.now() + timedelta(seconds=30)
    words = replace(first.release, title="Bron öppnar i dag")
    editions.issue(words, revision="2", leaves_at=later, issuer="kim", channels=["email"])
    ident = str(first.release_id)
    assert exit_code("sending", ident, "--cancel") == 0
    told = capsys.readouterr()
    assert told.out.startswith("3 deliveries are cancelled. ")
    assert (
        f"Edition 2 has not left and is not cancelled; take it back: distributor undo {ident}"
        in (told.err)
    )


def exit_code(*arguments: str) -> int:
    """What ``distributor`` exits with."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(str(ended.value.code))


@pytest.mark.parametrize("option", ["--pause", "--cancel"])
@pytest.mark.django_db
def test_feeds_show_what_has_left_whatever_is_done_to_its_sending(
    option: str, said: Callable[..., str]
) -> None:
    readers(3)
    feeds.found()
    edition = issue(channels=("email", "feed"))
    ident = str(edition.release_id)
    said("sending", ident, option)
    for batch in Batch.objects.filter(edition=edition):
        delivering.deliver(batch.pk)
    counts = json.loads(said("status", ident, "--json"))["channels"]
    assert (counts["feed"]["owed"], counts["feed"]["failed"]) == (0, 0)
    assert counts["feed"]["delivered"] > 0
    assert counts["email"]["delivered"] == 0
