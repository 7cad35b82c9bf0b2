"""Nasty text arrives whole, and the same entries give the same bytes anywhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import feedparser
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from distributor.channels.feeds import build, entry
from distributor.release import Paragraph, Release
from tests.samples import sample_release
from tests.unit.feeds_samples import FIRST, SITE, sample_entries, sample_feed

ATOM = "{http://www.w3.org/2005/Atom}"

NASTY = [
    "\x00\x01\x08\x0b\x1f\x7f\x85\x9f",
    "&#11;&#x1f;&#65534;",
    "lone \ud83d surrogate \udc00",
    "]]> &amp;lt; <![CDATA[ ]]>",
    "<pilot> R&D 5 < 10 > 3 \"q\" 'q'",
    "🎉👩‍👩‍👧‍👦 e\u0301 \u202eabc\u202c \u00a0 \u2028",
    "\ufffe\uffff\ufdd0\U0001ffff",
    "<script>alert(1)</script><style>p{}</style>",
    "a\r\nb\rc\td",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
]
MARKUP = [
    '<a href="javascript:alert(1)">a</a><a href="sida?å=ö">b</a><a href="#del">c</a>',
    '<img src="/bild.png" srcset="a,b.png 1x, /c,d.png 2x" onerror="x()">',
    '<script>alert(1)</script><iframe src="https://x.example"></iframe><form><input></form>',
    '<p style="color:red" class="x">text</p><a href="data:text/html,x">x</a>',
    '<a href="https://åäö.example/å ä/?q=ö#ü">IDN</a>',
]


def nasty_release(number: int) -> Release:
    words = NASTY[number % len(NASTY)]
    return replace(
        sample_release(),
        uri=f"tag:press.ekvik.example,2023:release/{number}",
        url=f"https://press.ekvik.example/2023/å ä ö/{number}/",
        title=f"T{number} {words}",
        lead=f"L{number} {words}",
        boilerplate=words,
        body=(
            Paragraph(text=words),
            Paragraph(text=MARKUP[number % len(MARKUP)]),
            replace(sample_release().images[0], alt=words, caption=words, credit=words),
        ),
    )


def test_fifty_nasty_releases_all_arrive() -> None:
    entries = [
        entry(
            nasty_release(number),
            SITE,
            published=FIRST + timedelta(minutes=number),
            updated=FIRST + timedelta(minutes=number),
        )
        for number in range(50)
    ]
    built = build(sample_feed(), entries, SITE)
    assert (built.left_out, built.warnings) == ((), ())
    titles = [made.title for made in reversed(entries)]
    atom = etree.fromstring(built.documents["atom"])
    rss = etree.fromstring(built.documents["rss"])
    items = json.loads(built.documents["json"])["items"]
    assert [each.text for each in atom.findall(f"{ATOM}entry/{ATOM}title")] == titles
    assert [each.text for each in rss.findall(".//item/title")] == titles
    assert [each["title"] for each in items] == titles
    assert titles[49 - 4] == "T4 <pilot> R&D 5 < 10 > 3 \"q\" 'q'"
    for content in (*built.documents.values(),):
        text = content.decode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", text.replace("\x7f", ""))
    for item in items:
        assert not re.search(
            r"<(script|style|iframe|form|input)|\son\w+=|javascript:", item["content_html"]
        )
        for url in re.findall(r'(?:href|src)="([^"]*)"', item["content_html"]):
            assert re.fullmatch(r"(?:https?://|mailto:|tel:)[!-~]+", url)
    parsed = feedparser.parse(built.documents["rss"])
    assert not parsed.bozo
    assert len(parsed.entries) == 50


@settings(max_examples=60, deadline=None)
@given(title=st.text(min_size=1), lead=st.text(), words=st.text())
def test_no_text_breaks_a_feed(title: str, lead: str, words: str) -> None:
    release = replace(sample_release(), title=f"T{title}", lead=lead, body=(Paragraph(text=words),))
    made = entry(release, SITE, published=FIRST, updated=FIRST)
    assert build(sample_feed(), [made], SITE).left_out == ()


def digest_in_another_process(language: str) -> str:
    code = (
        "import hashlib\n"
        "from distributor.channels.feeds import build\n"
        "from tests.unit.feeds_samples import *\n"
        "documents = build(sample_feed(), sample_entries(4), SITE).documents\n"
        "print(hashlib.sha256(b''.join(documents.values())).hexdigest())\n"
    )
    environment = {**os.environ, "LANG": language, "LC_ALL": language, "TZ": "Asia/Tokyo"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        check=True,
        text=True,
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(__file__))),
    ).stdout


def test_the_same_entries_give_the_same_bytes_anywhere() -> None:
    first = digest_in_another_process("sv_SE.UTF-8")
    assert first == digest_in_another_process("C")


def test_eight_threads_give_the_same_bytes() -> None:
    entries = sample_entries(10)

    def once(_: int) -> dict[str, bytes]:
        return build(sample_feed(), entries, SITE).documents

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(once, range(16))
    assert all(other == first for other in others)


def test_the_order_handed_in_does_not_matter() -> None:
    entries = sample_entries(5)
    backwards = build(sample_feed(), entries[::-1], SITE)
    assert build(sample_feed(), entries, SITE) == backwards
