"""ninjs by its official schema, and CloudEvents by the rules of its specification."""

from __future__ import annotations

import hashlib
import json
import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from distributor.channels import webhooks
from distributor.release import Contact, Correction, Quote, Release
from distributor.rendering.ninjs import ninjs
from tests.ninjs import SCHEMA
from tests.ninjs import validator as official
from tests.samples import sample_invitation, sample_release, sample_site

SITE = sample_site()
IDENT = "msg_0192f0c1a5b27c3e8d4f9a6b1c2d3e4f"
LIFT = datetime(2023, 11, 20, 5, 0, tzinfo=UTC)
MINIMAL = Release(
    id="0192f0c1-7a53-7c1e-9d0e-3f5b8a2c4d6e",
    uri="tag:press.ekvik.example,2023:release/0192f0c1-7a53-7c1e-9d0e-3f5b8a2c4d6e",
    url="https://press.ekvik.example/x/",
    type="news",
    language="en",
    title="Short",
    contacts=(Contact(name="A", email="a@example.com"),),
    version=1,
    published_at=LIFT,
    updated_at=LIFT,
)


def states() -> dict[str, Release]:
    """A release for each row of the table of events, and the fullest and smallest ones."""
    full, invitation = sample_release(), sample_invitation()
    assert invitation.event is not None
    fact = Correction(kind="fact", note="Fel tid.", wrong="9", right="10")
    return {
        "published": full,
        "english": sample_release("en"),
        "minimal": MINIMAL,
        "invitation": invitation,
        "embargoed": replace(full, act="release.embargoed", published_at=None, embargo_until=LIFT),
        "lift": replace(full, version=2, embargo_until=LIFT, published_at=LIFT),
        "language": replace(
            full, act="release.updated", correction=Correction(kind="language", note="Komma.")
        ),
        "update": replace(
            full, act="release.updated", correction=Correction(kind="update", note="Ny tid.")
        ),
        "changed": replace(invitation, event=replace(invitation.event, status="changed", end=None)),
        "cancelled": replace(invitation, event=replace(invitation.event, status="cancelled")),
        "corrected": replace(full, act="release.corrected", correction=fact),
        "withheld": replace(full, act="release.withheld", status="withheld", reason="Vänta."),
        "resumed": replace(full, act="release.resumed"),
        "withdrawn": replace(full, act="release.withdrawn", status="canceled", reason="Fel."),
        "erased": replace(
            full, act="release.withdrawn", status="canceled", reason="Fel.", title="", body=()
        ),
        "replaces": replace(full, replaces="tag:press.ekvik.example,2023:release/old"),
        "expiring": replace(full, body=(replace(full.images[0], expires_at=LIFT, web_url=""),)),
    }


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return official()


def test_the_schema_is_the_official_one_unchanged() -> None:
    assert hashlib.sha256(SCHEMA.read_bytes()).hexdigest() == (
        "404f578a299bf34e76e98f2de26ad9989882ebd7abf3a4d3cf3aa689b70a8744"
    )
    licence = SCHEMA.with_suffix(".LICENCE.txt").read_text()
    assert "CC BY 4.0" in licence


def test_the_validator_checks(validator: Draft202012Validator) -> None:
    good = ninjs(sample_release(), SITE)
    for key, value in [("altText", "x"), ("embargoed", "x"), ("urgency", "1"), ("version", 1)]:
        assert list(validator.iter_errors(good | {key: value})), key
    assert list(validator.iter_errors(good | {"uri": "tag:å"}))
    assert list(validator.iter_errors(good | {"versionCreated": "2023-11-15T09:30:00"}))


@pytest.mark.parametrize("name", states())
def test_ninjs_of_every_state_is_valid(
    name: str, validator: Draft202012Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(socket, "getaddrinfo")  # the schema refers to one elsewhere
    release = states()[name]
    validator.validate(ninjs(release, SITE))
    validator.validate(json.loads(webhooks.compose(release, SITE, "ninjs").content))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_ninjs_test_item_is_valid(validator: Draft202012Validator, language: str) -> None:
    body = webhooks.test_body(
        "ninjs", SITE, endpoint="Redaktionen", webhook_id=IDENT, now=LIFT, language=language
    )
    document = json.loads(body.content)
    validator.validate(document)
    assert document["pubStatus"] == "withheld"
    assert document["headlines"][0]["value"].startswith("TEST")


def test_what_ninjs_says_of_a_release() -> None:
    document = ninjs(sample_release(), SITE)
    assert (document["type"], document["profile"], document["version"]) == (
        *("composite", "press-release"),
        "1",
    )
    assert document["standard"]["version"] == "3.1"
    assert document["firstCreated"] == document["versionCreated"] == "2023-11-15T09:30:00Z"
    assert {body["contentType"] for body in document["bodies"]} == {"text/html", "text/plain"}
    assert all(body["charCount"] == len(body["value"]) for body in document["bodies"])
    assert [person["name"] for person in document["people"]] == ["Maja Lindqvist", "Amir Haddad"]
    assert document["subjects"][0] == {
        "rel": "about",
        "name": "Kultur och fritid",
        "literal": "kultur",
        "uri": "http://cv.iptc.org/newscodes/mediatopic/20000038",
    }
    assert [rendition["name"] for rendition in document["renditions"]] == ["web", "text", "kit"]
    image = document["associations"][0]
    assert (image["rel"], image["type"], image["by"]) == ("image", "picture", "Ture Ekman")
    assert {text["role"] for text in image["descriptions"]} == {"caption", "altText"}
    assert image["renditions"][0]["sizeInBytes"] == 1_843_200
    assert document["altIds"] == [{"role": "diarienummer", "value": "KS 2023/0417"}]
    assert document["trustIndicators"][0]["href"] == f"{SITE.url}/corrections/"
    assert "embargoedUntil" not in document


def test_what_ninjs_says_of_a_stopped_release() -> None:
    for name in ("withheld", "withdrawn", "erased"):
        document = ninjs(states()[name], SITE)
        assert set(document) - {"headlines"} == {
            *("uri", "standard", "type", "profile", "language", "version", "firstCreated"),
            *("versionCreated", "pubStatus", "representationType", "urgency", "edNote"),
        }
        assert (document["urgency"], document["representationType"]) == (1, "partial")
        assert ("headlines" in document) is (name != "erased")
    assert ninjs(states()["withheld"], SITE)["headlines"][0]["value"].startswith("AVVAKTA: ")


def test_what_ninjs_says_under_embargo() -> None:
    release = states()["embargoed"]
    document = ninjs(release, SITE)
    assert document["embargoedUntil"] == "2023-11-20T05:00:00Z"
    assert "20 november 2023 kl. 06.00" in document["edNote"]
    assert release.url not in json.dumps(document)
    assert [rendition["name"] for rendition in document["renditions"]] == ["web"]
    assert "firstCreated" not in document
    lifted = ninjs(states()["lift"], SITE)
    assert "embargoedUntil" not in lifted
    assert lifted["firstCreated"] == "2023-11-20T05:00:00Z"


def test_what_ninjs_says_of_corrections_and_events() -> None:
    corrected = ninjs(states()["corrected"], SITE)
    assert {s["uri"] for s in corrected["subjects"] if s["rel"] == "signal"} == {
        "http://cv.iptc.org/newscodes/signal/correction"
    }
    assert corrected["descriptions"][-1]["value"] == "Fel: 9\nRätt: 10\nFel tid."
    assert "Fel tid." in corrected["edNote"]
    cancelled = ninjs(states()["cancelled"], SITE)
    assert cancelled["eventDetails"]["eventStatus"].endswith("/canceled")
    assert (cancelled["type"], cancelled["pubStatus"]) == ("event", "usable")
    assert cancelled["renditions"][-1]["name"] == "ics"


def test_quoted_people_are_named_once_and_only_if_they_have_a_name() -> None:
    quotes = (Quote(text="a", name="X"), Quote(text="b", name="X"), Quote(text="c"))
    assert ninjs(replace(MINIMAL, body=quotes), SITE)["people"] == [{"rel": "quoted", "name": "X"}]


def cloudevent(release: Release) -> dict[str, Any]:
    body = webhooks.compose(release, SITE, "cloudevents", webhook_id=IDENT)
    assert body.content_type == "application/cloudevents+json"
    document: dict[str, Any] = json.loads(body.content)
    return document


# Sections 3.1 and 3.2 of CloudEvents 1.0, and section 2.3 and 3 of its JSON format.
CLOUDEVENT = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1, "format": "uri-reference"},
        "type": {"type": "string", "minLength": 1},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri"},
        "subject": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
    "not": {"required": ["data_base64"]},
}


@pytest.mark.parametrize("name", states())
def test_cloudevents_of_every_state_are_valid(name: str) -> None:
    validator = Draft202012Validator(CLOUDEVENT, format_checker=Draft202012Validator.FORMAT_CHECKER)
    release = states()[name]
    document = cloudevent(release)
    validator.validate(document)
    assert document["id"] == IDENT
    assert document["type"] == release.act
    assert document["subject"] == release.uri
    assert re.fullmatch(r"\d{10}", document["sequence"])
    assert int(document["sequence"]) == release.version
    standard = json.loads(webhooks.compose(release, SITE, "standard").content)
    assert document["data"] == standard["data"]
    test = webhooks.test_body(
        "cloudevents", SITE, endpoint="x", webhook_id=IDENT, now=LIFT, language="sv"
    )
    validator.validate(json.loads(test.content))
