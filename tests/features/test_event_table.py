"""Every row of the event table in every channel, in Swedish and English.

The rows are those of the office's acts; each was done once (``tests.stories``), and what its
receivers hold is looked at here: a real mail server, a real HTTP server, the files of the feeds,
and what the site answers.
"""

from __future__ import annotations

import json
import time
from itertools import pairwise

import feedparser
import pytest
from django.db import transaction
from jsonschema import Draft202012Validator
from lxml import etree
from pytest_django.plugin import DjangoDbBlocker

from distributor.audience.models import Endpoint
from distributor.dispatch import control
from distributor.release import rfc3339
from distributor.rendering import dates
from tests import ninjs
from tests.event_table import ROWS, lines, not_told, said, subject
from tests.listeners.http import Received, answer
from tests.stories import (
    BODY,
    DRAFTS,
    FORMATS,
    LANGUAGES,
    LEADS,
    LIFT,
    REASONS,
    STEPS,
    Held,
    Story,
    newsroom,
    part,
    record,
)
from tests.unit.test_feeds_readers import valid

Recorded = dict[tuple[str, str], Held]


BEFORE = {
    step: before
    for kind in DRAFTS
    for before, step in pairwise(
        ["", *(step for round_ in STEPS for of, step, _ in round_ if of == kind)]
    )
}
ALL = [(row, language) for row in ROWS for language in LANGUAGES]
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


@pytest.fixture(scope="module")
def recorded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Recorded:
    """Every step, done once for all tests here; what it wrote is rolled back."""
    held: Recorded = {}
    with django_db_blocker.unblock(), transaction.atomic():
        record(held)
        transaction.set_rollback(True)
    return held


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    return ninjs.validator()


@pytest.mark.parametrize(("name", "language"), ALL)
def test_mail(name: str, language: str, recorded: Recorded) -> None:
    row, held = ROWS[name], recorded[name, language]
    if not row.mailed:
        assert held.mails == ()
        return
    mail = held.mail(language)
    text, html = part(mail), part(mail, "html")
    assert mail["Subject"] == subject(row, held, language)
    assert mail["Release-Version"] == str(held.number)
    assert text.startswith(said(row.opening, language))
    for line in lines(row, language):
        assert line.partition(": ")[2] or line in html
    for words in not_told(row, held, language):
        assert words not in text + html
    if row.status == "usable":
        assert LEADS[language][row.text] in text
        assert LEADS[language][row.text] in html
    if name in ("first", "invitation", "lift"):
        assert mail["References"] is mail["In-Reply-To"] is None
    else:
        first = recorded[_first(name), language]
        assert mail["References"] == mail["In-Reply-To"] == first.mail(language)["Message-ID"]
        assert mail["Message-ID"] != first.mail(language)["Message-ID"]


def _first(name: str) -> str:
    while BEFORE[name]:
        name = BEFORE[name]
    return name


@pytest.mark.parametrize(("name", "language"), ALL)
def test_page(name: str, language: str, recorded: Recorded) -> None:
    row, held = ROWS[name], recorded[name, language]
    status, page = held.page
    assert status == row.page
    if row.entry == "gone":
        assert page == "Gone.\n"
        return
    assert ("noindex" in page) == (row.status != "usable")
    for line in lines(row, language):
        assert line.partition(": ")[2] or line in page
    for words in not_told(row, held, language):
        assert words not in page
    if row.status == "usable":
        assert LEADS[language][row.text] in page


@pytest.mark.parametrize(("name", "language"), ALL)
def test_feeds(name: str, language: str, recorded: Recorded) -> None:
    row, held = ROWS[name], recorded[name, language]
    before = recorded[BEFORE[name], language].items if BEFORE[name] else {}
    if row.entry == "gone":
        assert held.items == {}
        for content in held.feeds.values():
            assert held.issued_as not in content.decode()
        return
    entry, notice = held.items[held.uri], held.items.get(f"{held.uri}/notice/{held.number}")
    published, updated = entry["date_published"], entry["date_modified"]
    if row.entry == "new":
        assert held.uri not in before
        assert published == updated
    else:
        old = before[held.uri]
        assert published == old["date_published"]
        assert (updated == old["date_modified"]) == (row.entry == "new text")
        assert entry["content_html"] != old["content_html"]
        assert updated >= old["date_modified"]
    assert (notice is not None) == row.notice
    if notice is not None:
        assert notice["title"] == subject(row, held, language)
        assert notice["url"] == f"{entry['url']}#notice-{held.number}"
        assert notice["date_published"] == notice["date_modified"] == updated
        for line in lines(row, language):
            assert line.partition(": ")[2] or line in notice["content_html"]
        assert "Maja Lindqvist" in notice["content_html"]
    for content in held.feeds.values():
        for words in not_told(row, held, language):
            assert words not in _about(held, content)
    if row.status == "usable":
        assert LEADS[language][row.text] in entry["content_html"]
        assert entry["title"] == held.title
    else:
        for each in held.items.values():
            assert each["title"] == subject(row, held, language)
            assert each["_release"]["status"] == row.status
            assert REASONS[language] in each["content_html"]


def _about(held: Held, content: bytes) -> str:
    """The part of a feed's document that is about a release."""
    if content.startswith(b"{"):
        return json.dumps(list(held.items.values()), ensure_ascii=False)
    root = etree.fromstring(content)
    about = [
        etree.tostring(each, encoding="unicode")
        for each in (*root.iter("item"), *root.iter("{*}entry"))
        if held.uri in etree.tostring(each, encoding="unicode")
    ]
    assert about
    return "".join(about)


@pytest.mark.parametrize(("name", "language"), ALL)
def test_feed_readers_agree(name: str, language: str, recorded: Recorded) -> None:
    held = recorded[name, language]
    items = json.loads(held.feeds["json"])["items"]
    wanted = [
        (each["id"], each["title"], each["url"], each["date_published"], each["date_modified"])
        for each in items
    ]
    for format in ("rss", "atom"):
        read = feedparser.parse(held.feeds[format])
        assert not read.bozo
        assert [
            (
                each.id,
                each.title,
                each.link,
                *map(_time, (each.published_parsed, each.updated_parsed)),
            )
            for each in read.entries
        ] == wanted
    assert valid(held.feeds["atom"])
    stones = etree.fromstring(held.feeds["atom"]).findall(TOMBSTONE)
    whens = {stone.get("ref"): stone for stone in stones}
    assert (held.uri in whens) == (ROWS[name].status == "canceled")
    if name == "withdrawn":
        assert whens[held.uri].get("when", "") > held.items[held.uri]["date_modified"]
        assert whens[held.uri].findtext("{*}comment") == REASONS[language]
    elif name.startswith("erased"):
        assert whens[held.uri].find("{*}comment") is None


def _time(parsed: time.struct_time) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", parsed)


@pytest.mark.parametrize(("name", "language"), ALL)
def test_ninjs(name: str, language: str, recorded: Recorded, schema: Draft202012Validator) -> None:
    row, held = ROWS[name], recorded[name, language]
    status, document = held.ninjs
    assert status == 200
    schema.validate(document)
    assert document == held.body("ninjs")
    assert (document["pubStatus"], document["version"]) == (row.status, str(held.number))
    assert "embargoedUntil" not in document
    first = recorded[_first(name) if name != "lift" else name, language].ninjs[1]
    assert document["firstCreated"] == first["firstCreated"]
    signals = [each["name"] for each in document.get("subjects", []) if each["rel"] == "signal"]
    assert signals == ([row.signal] if row.signal else [])
    roles = {each["role"]: each["value"] for each in document.get("descriptions", [])}
    assert ("correction" in roles) == bool(row.kind)
    if row.kind == "fact":
        for line in lines(row, language):
            assert line in roles["correction"]
            assert line in document["edNote"]
    if name in ("changed", "cancelled"):
        wanted = "canceled" if name == "cancelled" else "scheduled"
        assert document["eventDetails"]["eventStatus"].endswith(f"eventstatus/{wanted}")
    if row.status == "usable":
        assert document["headlines"][0]["value"] == held.title
        assert roles["lead"] == LEADS[language][row.text]
        return
    headed = {"headlines"} if held.title else set()
    assert set(document) == headed | {
        *("uri", "standard", "type", "profile", "language", "version", "firstCreated"),
        *("versionCreated", "pubStatus", "representationType", "urgency", "edNote"),
    }
    assert (document["representationType"], document["urgency"]) == ("partial", 1)
    if held.title:
        assert document["headlines"][0]["value"] == subject(row, held, language)
    assert REASONS[language] in document["edNote"]


@pytest.mark.parametrize(("name", "language"), ALL)
def test_webhook(name: str, language: str, recorded: Recorded) -> None:
    row, held = ROWS[name], recorded[name, language]
    body = held.body("standard")
    data = body["data"]
    assert body["type"] == f"release.{row.act}"
    assert (data["version"], data["status"], data["title"]) == (held.number, row.status, held.title)
    assert (data["embargo_until"], data["uri"]) == (None, held.uri)
    named = f"http://127.0.0.1:8000/releases/{data['id']}/"
    assert data["url"] == (named if row.entry == "gone" else held.url)
    assert data["published_at"] == held.published
    assert body["timestamp"] == data["updated_at"]
    correction = data["correction"] or {}
    assert correction.get("kind", "") == row.kind
    if row.kind == "fact":
        facts = [line.partition(": ")[2] for line in lines(row, language)[:2]]
        assert [correction["wrong"], correction["right"]] == facts
    if row.status != "usable":
        assert data["reason"] == REASONS[language]
        for field in ("lead", "body_html", "body_text"):
            assert data[field] == ""
        assert data["images"] == data["attachments"] == []
        for format in FORMATS:
            assert len(held.hooks[format][0].body) <= 20_000
    else:
        assert data["lead"] == LEADS[language][row.text]
    event = held.body("cloudevents")
    assert (event["type"], event["data"]) == (body["type"], data)
    assert (event["subject"], event["sequence"]) == (held.uri, f"{held.number:010}")
    ids = {each.header("webhook-id") for each in (*held.hooks["standard"], *held.hooks["ninjs"])}
    assert ids == {event["id"]}
    for format in FORMATS:
        for each in held.hooks[format]:
            for words in not_told(row, held, language):
                assert words not in json.dumps(json.loads(each.body), ensure_ascii=False)


@pytest.mark.parametrize(("name", "language"), ALL)
def test_chat(name: str, language: str, recorded: Recorded) -> None:
    row, held = ROWS[name], recorded[name, language]
    if name == "language":
        assert held.hooks["slack"] == ()
        return
    post = held.body("slack")
    assert post["text"] == subject(row, held, language)
    told = REASONS[language] if row.status != "usable" else LEADS[language][row.text]
    assert told in json.dumps(post, ensure_ascii=False)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["embargoed", "embargoed-fact"])
def test_under_embargo_the_public_is_told_nothing(
    name: str, language: str, recorded: Recorded
) -> None:
    held = recorded[name, language]
    assert (held.page[0], held.ninjs[0]) == (404, 404)
    assert held.items == {}
    for content in held.feeds.values():
        assert held.title not in content.decode()
    assert {mail["To"].partition("@")[0] for mail in held.mails} == {"granted", "link-only"}
    assert all(held.hooks[format] == () for format in FORMATS)
    for told in (*held.mails, *(each for hooks in held.hooks.values() for each in hooks)):
        raw = told.body if isinstance(told, Received) else told.as_bytes()
        assert held.url.encode() not in raw


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "prefix"), [("embargoed", ("", "")), ("embargoed-fact", ROWS["fact"].prefix)]
)
def test_mail_under_embargo(
    name: str, prefix: tuple[str, str], language: str, recorded: Recorded
) -> None:
    held = recorded[name, language]
    day = dates.short(LIFT, language, "Europe/Stockholm")
    until = dates.written_with_zone(LIFT, language, "Europe/Stockholm")
    banner = (f"Embargo till {until}.", f"Embargo until {until}.")
    for reader in ("granted", "link-only"):
        mail = held.mail(reader)
        text, html = part(mail).strip(), part(mail, "html")
        assert mail["Subject"] == (
            said((f"EMBARGO till {day}: ", f"EMBARGO until {day}: "), language)
            + said(prefix, language)
            + held.title
        )
        assert text.startswith(said(banner, language))
        assert text.split("\n\n")[-1].startswith(said(banner, language))
        assert html.count(said(banner, language)) == 2
        assert "/embargo/" in text
        assert "/embargo/" in html
        assert "<img" not in html
        for words in BODY[language]:
            assert (words in text) == (words in html) == (reader == "granted")
        first = recorded["embargoed", language].mail(reader)
        refers = first["Message-ID"] if name != "embargoed" else None
        assert mail["References"] == refers


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["embargoed", "embargoed-fact"])
def test_webhook_under_embargo(
    name: str, language: str, recorded: Recorded, schema: Draft202012Validator
) -> None:
    held = recorded[name, language]
    body = held.body("trusted/standard")
    data = body["data"]
    assert body["type"] == "release.embargoed"
    assert (data["status"], data["published_at"]) == ("usable", None)
    assert data["embargo_until"] == rfc3339(LIFT)
    assert data["url"].endswith(f"/releases/{data['id']}/")
    assert data["body_text"]
    assert (data["correction"] or {}).get("kind") == ("fact" if "fact" in name else None)
    document = held.body("trusted/ninjs")
    schema.validate(document)
    assert (document["pubStatus"], document["embargoedUntil"]) == ("usable", rfc3339(LIFT))
    assert document["edNote"].startswith("Embargo till" if language == "sv" else "Embargo until")
    wrong = lines(ROWS["fact"], language)[0]
    assert (wrong in document["edNote"]) == (name == "embargoed-fact")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lift_tells_those_who_do_not_hold_the_text(language: str, recorded: Recorded) -> None:
    held = recorded["lift", language]
    assert [mail["To"] for mail in held.mails] == [f"{language}@readers.example"]
    for name in ("standard", "trusted/standard"):
        body = held.body(name)
        assert (body["type"], body["data"]["version"]) == ("release.published", held.number)
        assert body["data"]["url"] == held.url


@pytest.mark.django_db
def test_redelivery_is_the_same_message_to_those_who_failed() -> None:
    with newsroom() as house:
        house.hook.script = answer(410)
        house.box.refuse["sv@readers.example"] = b"550 5.7.1 policy\r\n"
        story = Story("sv", DRAFTS["press"]("sv"))
        story.publish()
        assert house.tell([story])[story].mails == ()
        house.hook.script, house.box.refuse = answer(200), {}
        for channel in ("email", "webhook"):
            control.redeliver(story.page.release_id, channel, failed=True)
        (asked,) = (each for each in house.hook.requests if each.target == "/standard")
        Endpoint.objects.update(state="enabled")
        held = house.tell([story])[story]
        assert held.mail("sv")["Message-ID"].split(".")[1] == str(held.number) == "1"
        (again,) = held.hooks["standard"]
        assert again.header("webhook-id") == asked.header("webhook-id")
        assert again.body == asked.body
