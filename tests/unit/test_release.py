"""The frozen release: what survives its dictionary, and what its digest is over."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.release import (
    Contact,
    Correction,
    Event,
    FactBox,
    Image,
    Items,
    Paragraph,
    Release,
    Topic,
    canonical,
)

MOMENT = datetime(2026, 10, 14, 4, 0, tzinfo=UTC)
PICTURE = Image(
    url="https://press.example.se/a.jpg",
    alt="En bro",
    mime_type="image/jpeg",
    width=10,
    height=5,
    bytes=99,
    sha256="ab" * 32,
)
RELEASE = Release(
    id="0192f0c1-0000-7000-8000-000000000000",
    uri="tag:press.example.se,2026:release/1",
    url="https://press.example.se/bron/",
    type="invitation",
    language="sv",
    title="Bron öppnar",
    body=(
        Paragraph(text="Den <strong>nya</strong> bron."),
        FactBox(title="Fakta", content=(Items(items=("ett", "två"), ordered=True),)),
        PICTURE,
    ),
    event=Event(start=MOMENT, place="Bron"),
    contacts=(Contact(name="Kim Exempel", phone="+46 8 123"),),
    topics=(Topic(slug="trafik", name="Trafik"),),
    published_at=MOMENT,
    correction=Correction(kind="fact", note="fel år"),
)


def test_a_release_survives_its_dictionary_and_json() -> None:
    assert Release.from_dict(json.loads(json.dumps(RELEASE.to_dict()))) == RELEASE


def test_unknown_keys_of_an_older_or_newer_row_are_ignored() -> None:
    assert Release.from_dict({**RELEASE.to_dict(), "colour": "red"}) == RELEASE


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"uri": "x"},
        {"url": "x"},
        {"version": 7},
        {"status": "withheld"},
        {"published_at": None},
        {"updated_at": MOMENT},
        {"embargo_until": MOMENT},
        {"correction": None},
        {"translations": ()},
        {"reason": "x"},
    ],
)
def test_what_is_not_words_leaves_the_digest(change: dict[str, object]) -> None:
    assert replace(RELEASE, **change).digest() == RELEASE.digest()


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Bron stänger"},
        {"lead": "x"},
        {"event": Event(start=MOMENT, place="Bron", status="cancelled")},
        {"body": ()},
        {"contacts": ()},
        {"case_number": "KS 2026/1"},
        {"replaces": "tag:x"},
        {"language": "en"},
    ],
)
def test_other_words_have_another_digest(change: dict[str, object]) -> None:
    assert replace(RELEASE, **change).digest() != RELEASE.digest()


def test_a_picture_counts_by_its_bytes_and_not_by_its_address() -> None:
    moved = replace(RELEASE, body=(*RELEASE.body[:2], replace(PICTURE, url="https://b.example/")))
    other = replace(RELEASE, body=(*RELEASE.body[:2], replace(PICTURE, sha256="cd" * 32)))
    assert moved.digest() == RELEASE.digest()
    assert other.digest() != RELEASE.digest()


def test_canonical_json_follows_rfc_8785() -> None:
    value = {"\u20ac": 1, "\r": 2, "1": [True, None, "\u00e5\n"], "\U0001f600": {}, "\ufb33": -3}
    assert canonical(value) == (
        '{"\\r":2,"1":[true,null,"å\\n"],"€":1,"😀":{},"\ufb33":-3}'.encode()
    )
    assert RELEASE.digest().startswith("sha256:")
    assert len(RELEASE.digest()) == 7 + 2 * hashlib.sha256().digest_size


def test_a_float_has_no_canonical_form_here() -> None:
    with pytest.raises(ValueError, match="float"):
        canonical({"a": 1.5})


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_canonical_json_reads_back(text: str) -> None:
    assert json.loads(canonical({"text": text})) == {"text": text}
