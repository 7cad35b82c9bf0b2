"""Chat posts: right, within every limit, and loud to nobody, whatever the words are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.channels import webhooks
from distributor.channels.webhooks.cards import cut, entities, length, markdown
from distributor.channels.webhooks.mattermost import escape
from distributor.release import Contact, Correction, Release, Topic
from tests.samples import sample_release, sample_site

SITE = sample_site()
CHAT = ["slack", "teams", "mattermost", "googlechat"]
WILD = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60),
        st.sampled_from(
            [
                *("&", "<", ">", "<!channel>", "@channel", "@all ", "<users/all>", "<@U1>"),
                *("[a](http://b)", "*b*", "_i_", "~~s~~", "`c`", "# h", "1. x", "&amp;", "\\"),
                *('"', "é", "\U0001f1f8\U0001f1ea"),
                "\U0001f469\u200d\U0001f469\u200d\U0001f467",
            ]
        ),
    ),
    max_size=60,
).map(" ".join)


def post(format: str, release: Release, *, first: bool = False) -> tuple[bytes, dict[str, Any]]:
    content = webhooks.compose(release, SITE, format, first=first).content
    return content, json.loads(content)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def words(format: str, document: dict[str, Any]) -> tuple[str, str, str, str]:
    """Title, lead, meta and URL of a post."""
    if format == "slack":
        header, section, context = document["blocks"]
        lead, _, link = section["text"]["text"].rpartition("\n")
        assert document["text"] == header["text"]["text"]
        url = re.fullmatch(r"<(.*)\|.*>", link)
        assert url
        return header["text"]["text"], lead, context["elements"][0]["text"], url[1]
    if format == "teams":
        card = document["attachments"][0]["content"]
        title, *lead, meta = (block["text"] for block in card["body"])
        return title, "".join(lead), meta, card["actions"][0]["url"]
    if format == "mattermost":
        (attachment,) = document["attachments"]
        assert attachment["fallback"] == attachment["title"]
        fields = attachment["fields"]
        return (
            attachment["title"],
            attachment["text"],
            fields[0]["value"],
            attachment["title_link"],
        )
    card = document["cardsV2"][0]["card"]
    *text, buttons = card["sections"][0]["widgets"]
    assert document["fallbackText"] == card["header"]["title"]
    lead = text[0]["textParagraph"]["text"] if text else ""
    url = buttons["buttonList"]["buttons"][0]["onClick"]["openLink"]["url"]
    return card["header"]["title"], lead, card["header"]["subtitle"], url


@pytest.mark.parametrize("format", CHAT)
def test_a_post(format: str) -> None:
    release = sample_release()
    content, document = post(format, release)
    title, lead, meta, url = words(format, document)
    assert (title, lead, url) == (release.title, release.lead, release.url)
    assert meta.startswith("Pressmeddelande · Kultur och fritid, Digitalisering · 15 november 2023")
    assert "Maja Lindqvist" in meta
    if format != "mattermost":  # there the title is the link
        assert "Läs mer" in content.decode()
        assert "Read more" in post(format, sample_release("en"))[0].decode()


@pytest.mark.parametrize("format", CHAT)
@pytest.mark.parametrize(
    ("changes", "title", "lead"),
    [
        (
            {"act": "release.corrected", "correction": Correction(kind="fact", note="n")},
            "RÄTTELSE: ",
            "Från den 1 december",
        ),
        (
            {"act": "release.updated", "correction": Correction(kind="update", note="n")},
            "UPPDATERAD: ",
            "Från den 1 december",
        ),
        ({"act": "release.withheld", "status": "withheld", "reason": "Vi vet mer snart."},
         "AVVAKTA: ", "Vi vet mer snart."),
        ({"act": "release.withdrawn", "status": "canceled", "reason": "Det var fel."},
         "ÅTERKALLAT: ", "Det var fel."),
    ],
)  # fmt: skip
def test_later_editions(format: str, changes: dict[str, Any], title: str, lead: str) -> None:
    release = replace(sample_release(), version=2, **changes)
    content, document = post(format, release)
    found = words(format, document)
    assert found[0] == title + release.title
    assert found[1].startswith(lead)
    if release.status != "usable":
        assert "Från den" not in content.decode()
    elif changes["act"] == "release.corrected":
        assert words(format, post(format, release, first=True)[1])[0] == release.title


def test_without_a_lead_the_first_paragraph_serves() -> None:
    release = replace(sample_release(), lead="")
    assert words("teams", post("teams", release)[1])[1].startswith("Lånekortet blir nyckel")
    bare = replace(release, body=())
    for format in CHAT:
        assert words(format, post(format, bare)[1])[1] == ""
        assert format == "mattermost" or "" not in strings(post(format, bare)[1])


def test_a_trifle_is_not_told_to_a_chat_that_has_the_post() -> None:
    trifle = replace(
        sample_release(), version=2, correction=Correction(kind="language", note="Ett komma.")
    )
    for format in webhooks.FORMATS:
        assert webhooks.wanted(format, trifle, first=True)
        assert webhooks.wanted(format, trifle) is (format not in CHAT)
        assert webhooks.wanted(format, sample_release())
        assert webhooks.wanted(format, replace(trifle, status="withheld"))


def test_one_thread_a_release_and_one_request_id_an_event_in_google_chat() -> None:
    first, second = sample_release(), replace(sample_release(), version=2, title="Nytt")
    keys = {post("googlechat", release)[1]["thread"]["threadKey"] for release in (first, second)}
    assert keys == {f"release-{first.id}"}
    address = webhooks.FORMATS["googlechat"].address
    url = "https://chat.googleapis.com/v1/spaces/A/messages?key=K&token=T"
    assert address(url, "msg_1") == (
        f"{url}&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&requestId=msg_1"
    )
    assert address("https://x.example/", "msg_1").startswith("https://x.example/?messageReply")


@settings(max_examples=150, deadline=None)
@given(WILD, WILD, WILD, st.sampled_from(CHAT))
def test_any_words_keep_every_limit_and_call_nobody(
    title: str, lead: str, name: str, format: str
) -> None:
    release = replace(
        sample_release(),
        title=title[:255] or "x",
        lead=lead,
        topics=tuple(Topic(slug="t", name=name[:80]) for _ in range(10)),
        contacts=(Contact(name=name, phone="1"),),
    )
    content, document = post(format, release)
    text = content.decode()
    found = words(format, document)
    if format == "slack":
        assert length(found[0]) <= 150
        assert length(document["blocks"][1]["text"]["text"]) <= 3000
        assert length(found[2]) <= 3000
        assert len(text) <= 12_000
    elif format == "teams":
        assert length(found[0]) <= 300
        assert length(found[1]) <= 2000
        assert len(json.dumps(document, separators=(",", ":"))) <= 20_000
    elif format == "mattermost":
        assert all(length(part) <= 4000 for part in found)
        assert len(text) <= 16_383
        assert all("@" not in part.replace("@\u200b", "") for part in found[:3])
        assert all("<!" not in part.replace("\\<", "") for part in found)
    else:
        assert length(found[0]) <= 200
        assert length(found[1]) <= 2000
        assert len(content) <= 30_000
    if format in ("slack", "googlechat"):
        for part in found[:3]:
            assert "<" not in part
            assert not re.search(r"&(?!(amp|lt|gt);)", part)


@pytest.mark.parametrize("letter", ["\U0001d11e", "å", "&", '"', "\\", "*", "@", "a"])
@pytest.mark.parametrize("format", CHAT)
def test_the_longest_words_fit(format: str, letter: str) -> None:
    release = replace(
        sample_release(),
        title=letter * 255,
        lead=letter * 3000,
        topics=tuple(Topic(slug="t", name=letter * 80) for _ in range(10)),
        contacts=(Contact(name=letter * 1000, phone="1"),),
    )
    content, document = post(format, release)
    size, limit = {
        "slack": (length(content.decode()), 12_000),
        "teams": (len(json.dumps(document, separators=(",", ":"))), 20_000),
        "mattermost": (length(content.decode()), 16_383),
        "googlechat": (len(content), 30_000),
    }[format]
    assert size <= limit
    assert words(format, document)[1]


@settings(max_examples=300)
@given(WILD, st.integers(1, 200), st.sampled_from([entities, markdown, escape, str]))
def test_text_is_cut_at_a_word_before_it_is_escaped(text: str, limit: int, how: Any) -> None:
    found = cut(text, limit, how)
    assert length(found) <= limit
    if length(how(text)) <= limit:
        assert found == how(text)
        return
    assert found == "" or found.endswith("…")
    kept = next(
        (end for end in range(len(text), 0, -1) if how(text[:end].rstrip() + "…") == found), 0
    )
    assert kept or found == ""
    after = text[kept : kept + 1]
    assert after not in ("\u200d", "\ufe0f", "\u0301")


def test_cutting() -> None:
    assert cut("ett två tre", 11, str) == "ett två tre"
    assert cut("ett två tre", 10, str) == "ett två…"
    assert cut("ett två tre", 8, str) == "ett två…"
    assert cut("ett två tre", 7, str) == "ett…"
    assert cut("oavbrutet", 5, str) == "oavb…"
    assert cut("a & b", 7, entities) == "a…"
    assert cut("a & b c", 10, entities) == "a &amp; b…"
    assert cut("👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 13, str) == "👩‍👩‍👧‍👦…"
    assert cut("xe\u0301e\u0301", 4, str) == "xe\u0301…"
    assert cut("𝄞𝄞𝄞", 5, str) == "𝄞𝄞…"
    assert cut("något", 0, str) == ""


def test_markdown_is_shown_as_it_was_written() -> None:
    assert markdown("a*b_c`d[e](f)") == r"a\*b\_c\`d\[e\](f)"
    assert markdown("- a\n1. b\n# c\n+ d") == "\\- a\n1\\. b\n\\# c\n\\+ d"
    assert markdown("2023! 10.30, a-b") == "2023! 10.30, a-b"
    assert markdown("AT&T &amp; x") == r"AT&T \&amp; x"


@pytest.mark.parametrize("format", sorted(webhooks.FORMATS))
def test_a_test_says_that_it_is_one(format: str) -> None:
    for language, word in (("sv", "Inget har publicerats"), ("en", "Nothing has been published")):
        body = webhooks.test_body(
            format,
            SITE,
            endpoint="Intranätet",
            webhook_id="msg_" + "1" * 32,
            now=datetime(2026, 10, 14, 6, tzinfo=UTC),
            language=language,
        )
        assert word in body.content.decode()
        assert "Intranätet" in body.content.decode()
        if format not in ("standard", "cloudevents"):
            assert "TEST: Intranätet" in body.content.decode()
        else:
            assert json.loads(body.content)["type"] == "endpoint.test"
