"""The event's document: its shape, what it leaves out, and how large it may be."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.channels import webhooks
from distributor.channels.webhooks import payload
from distributor.channels.webhooks.payload import fitted
from distributor.errors import Refused
from distributor.release import Correction, Paragraph, Release, Topic, canonical
from tests.samples import sample_invitation, sample_release, sample_site

SITE = sample_site()
IDENT = "msg_" + "0" * 32
DATA = {
    *("id", "uri", "version", "status", "kind", "language", "url", "title", "lead", "body_html"),
    *("body_text", "place", "published_at", "updated_at", "embargo_until", "topics", "event"),
    *("boilerplate", "case_number", "contacts", "images", "attachments", "translations"),
    *("replaces", "reason", "correction", "digest", "omitted", "json_url"),
}


def embargoed() -> Release:
    return replace(
        sample_release(),
        act="release.embargoed",
        published_at=None,
        embargo_until=datetime(2023, 11, 20, 5, 0, tzinfo=UTC),
    )


def stopped(status: str) -> Release:
    act = {"withheld": "release.withheld", "canceled": "release.withdrawn"}[status]
    return replace(
        sample_invitation(), act=act, status=status, version=3, reason="Siffrorna var fel."
    )


def body(release: Release, format: str = "standard") -> tuple[bytes, dict[str, Any]]:
    content = webhooks.compose(release, SITE, format, webhook_id=IDENT).content
    return content, json.loads(content)


def test_the_whole_event() -> None:
    release = replace(
        sample_release(),
        act="release.corrected",
        version=2,
        correction=Correction(kind="fact", note="Fel tid.", wrong="9", right="10"),
    )
    document = payload(release, SITE)
    assert set(document) == {"type", "timestamp", "data"}
    assert (document["type"], document["timestamp"]) == (
        "release.corrected",
        "2023-11-15T09:30:00Z",
    )
    data = document["data"]
    assert set(data) == DATA
    assert (data["version"], data["status"], data["kind"]) == (2, "usable", "press")
    assert data["topics"] == [
        {"slug": "kultur", "name": "Kultur och fritid"},
        {"slug": "digitalisering", "name": "Digitalisering"},
    ]
    assert data["correction"] == {"kind": "fact", "note": "Fel tid.", "wrong": "9", "right": "10"}
    assert data["published_at"] == "2023-11-15T09:30:00Z"
    assert data["contacts"][1] == {
        "name": "Pressjouren",
        "role": "",
        "organisation": "",
        "phone": "08-123 45 00",
        "email": "press@ekvik.example",
        "hours": "alla dagar kl. 7–22",
    }
    assert set(data["images"][0]) == {
        *("url", "alt", "caption", "credit", "licence", "expires_at"),
        *("mime_type", "width", "height", "bytes", "sha256"),
    }
    assert set(data["attachments"][0]) == {"url", "title", "mime_type", "bytes", "sha256"}
    assert data["translations"][0]["language"] == "en"
    assert set(data["translations"][0]) == {"language", "url"}
    assert data["digest"] == release.digest()
    assert data["json_url"] == f"{SITE.url}/releases/{release.id}.json"
    assert (data["replaces"], data["reason"], data["event"], data["omitted"]) == (
        *(None, None, None),
        [],
    )
    assert data["body_text"].startswith("Lånekortet blir nyckel")
    assert data["body_html"].startswith("<p>Lånekortet blir nyckel")


def test_an_invitation() -> None:
    event = payload(sample_invitation(), SITE)["data"]["event"]
    assert event == {
        "start": "2023-11-22T09:00:00Z",
        "end": "2023-11-22T10:30:00Z",
        "place": "Ekviks stadsbibliotek",
        "address": "Storgatan 12, Ekvik",
        "url": "https://mote.ekvik.example/visning",
        "registration": "press@ekvik.example",
        "status": "planned",
    }


@pytest.mark.parametrize("status", ["withheld", "canceled"])
@pytest.mark.parametrize("format", ["standard", "cloudevents", "ninjs"])
def test_a_stopped_release_has_title_and_reason_and_no_sentence_of_its_text(
    status: str, format: str
) -> None:
    release = stopped(status)
    content, document = body(release, format)
    assert len(content) <= 20_000
    text = content.decode()
    assert release.title in text
    assert "Siffrorna var fel." in text
    for sentence in ("Lånekortet", "Från den 1 december", "Ljusgården", "oppettider.pdf", "27 000"):
        assert sentence not in text
    if format == "standard":
        assert set(document["data"]) == DATA
        assert document["data"]["contacts"] == document["data"]["images"] == []
        assert document["data"]["body_html"] == document["data"]["lead"] == ""
        assert document["data"]["event"] is None


def test_an_erased_release_has_no_title() -> None:
    erased = replace(stopped("canceled"), title="", body=(), lead="")
    assert payload(erased, SITE)["data"]["title"] == ""


def test_under_embargo_the_page_is_not_named() -> None:
    release = embargoed()
    for act in ("release.embargoed", "release.corrected"):
        content, document = body(replace(release, act=act))
        assert release.url.encode() not in content
        data = document["data"]
        assert data["url"] == f"{SITE.url}/releases/{release.id}/"
        assert (data["published_at"], data["embargo_until"]) == (None, "2023-11-20T05:00:00Z")
    for format in webhooks.FORMATS:
        assert release.url.encode() not in body(release, format)[0]


@pytest.mark.parametrize("format", sorted(webhooks.FORMATS))
def test_bodies_are_canonical_and_always_the_same(format: str) -> None:
    content, document = body(sample_release(), format)
    assert canonical(document) == content
    assert body(sample_release(), format)[0] == content


def test_bodies_survive_being_stored() -> None:
    whole = webhooks.compose(sample_release(), SITE, "cloudevents", webhook_id=IDENT)
    assert whole.content_type == "application/cloudevents+json"
    assert webhooks.Body.from_bytes(whole.to_bytes()) == whole


@pytest.mark.parametrize("letter", ["𝄞", "å", '"', "\\", "&"])
def test_a_release_at_its_limits_fits(letter: str) -> None:
    release = sample_release()
    (image,) = release.images
    long = replace(
        release,
        title=letter * 255,
        lead=letter * 600,
        boilerplate=letter * 2000,
        body=tuple(Paragraph(text=letter * 3000) for _ in range(20))
        + tuple(replace(image, alt=letter * 300, caption=letter * 500) for _ in range(180)),
        topics=tuple(Topic(slug=f"t{n}", name=letter * 80) for n in range(10)),
        contacts=tuple(replace(release.contacts[0], name=letter * 80) for _ in range(10)),
    )
    for format in ("standard", "cloudevents"):
        content, document = body(long, format)
        data = document["data"]
        assert len(content) <= 65_536
        assert data["omitted"][:3] == ["body_text", "body_html", "images"]
        assert data["body_text"] is None
        assert data["body_html"] is None
        assert data["json_url"].endswith(f"/releases/{release.id}.json")
        assert len(data["images"]) in (0, 10)
    assert len(body(long, "ninjs")[0]) <= 65_536


def test_what_goes_first_when_it_is_too_large() -> None:
    release = sample_release()
    text = "ord " * 8000
    data = payload(replace(release, body=(Paragraph(text=text),)), SITE)["data"]
    assert len(data["body_text"]) > 30_000
    fit = fitted(replace(release, body=(Paragraph(text=text),)), SITE)["data"]
    assert fit["omitted"] == ["body_text"]
    assert fit["body_text"] is None
    assert fit["body_html"] == data["body_html"]
    longer = fitted(replace(release, body=(Paragraph(text=text * 3),)), SITE)["data"]
    assert longer["omitted"] == ["body_text", "body_html"]
    (image,) = release.images
    many = replace(release, body=(image,) * 11 + (Paragraph(text=text * 3),))
    assert fitted(many, SITE)["data"]["images"] == payload(many, SITE)["data"]["images"]
    captioned = replace(image, caption="ö" * 2800)
    many = replace(release, body=(captioned,) * 11 + (Paragraph(text=text * 3),))
    fit = fitted(many, SITE)["data"]
    assert fit["omitted"] == ["body_text", "body_html", "images"]
    assert len(fit["images"]) == 10


def test_a_long_reason_is_left_out_rather_than_refused() -> None:
    data = fitted(replace(stopped("withheld"), reason="ö" * 11_000), SITE)["data"]
    assert (data["reason"], data["omitted"]) == (None, ["reason"])


def test_what_no_cutting_makes_small_enough_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        webhooks.compose(replace(sample_release(), title="ö" * 40_000), SITE, "standard")
    assert caught.value.about == "message"


def test_an_event_needs_its_time() -> None:
    with pytest.raises(ValueError, match="updated_at"):
        payload(replace(sample_release(), updated_at=None), SITE)


def test_cloudevents_needs_the_events_id() -> None:
    with pytest.raises(ValueError, match="webhook_id"):
        webhooks.compose(sample_release(), SITE, "cloudevents")


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_words_come_back_from_the_body(words: str) -> None:
    _, document = body(replace(sample_release(), title=words, lead=words, place=words))
    data = document["data"]
    assert data["title"] == data["lead"] == data["place"] == words
