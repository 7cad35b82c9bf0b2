"""What editions make of the feeds' files: which entries, at which times, on which topics."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import feedparser
import pytest
from django.conf import settings
from lxml import etree

from distributor.audience.models import Topic
from distributor.channels import feeds as channel
from distributor.dispatch import compositions, editions, feed_entries, feeds
from distributor.dispatch.models import Edition, EditionFile, Feed
from distributor.release import Correction, Image, Paragraph, Release, Translation
from distributor.release import Topic as ReleaseTopic
from tests.samples import sample_release

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOMBSTONE = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
FACT = Correction(kind="fact", note="Priset var fel.", wrong="10 kr", right="12 kr")
REASON = "Siffrorna var fel."


@dataclass
class Story:
    """A release, and the issuing of its editions an hour apart."""

    number: int = 1
    topics: tuple[str, ...] = ("trafik",)
    issued: list[Edition] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return f"tag:press.example.se,2026:release/{self.number}"

    def notice(self, number: int) -> str:
        return f"{self.uri}/notice/{number}"

    def issue(
        self, act: str, at: datetime, lift: datetime | None = None, **changes: Any
    ) -> Edition:
        words = Release(
            id=str(UUID(int=self.number)),
            uri=self.uri,
            url=f"http://127.0.0.1:8000/nyhet-{self.number}/",
            type="press",
            language="sv",
            title=f"Bron {self.number} öppnar",
            lead="Bilar får köra över bron.",
            body=(Paragraph(text="Bron är blå."),),
            topics=tuple(ReleaseTopic(slug=slug, name=slug.title()) for slug in self.topics),
            case_number=f"KS {len(self.issued)}",
            act=f"release.{act}",
        )
        edition = editions.issue(
            replace(words, **changes),
            revision=f"{act} {at}",
            leaves_at=at,
            issuer="kim",
            reason=changes.get("reason", ""),
            embargo_until=lift,
        )
        self.issued.append(edition)
        return edition


def held(feed: Feed, at: datetime, count: int = 50) -> list[channel.Entry]:
    """The entries of ``feed`` in its order, as its files have them."""
    found = feed_entries.entries(feed, at, count)
    entries = [each for each in found if isinstance(each, channel.Entry)]
    entries.sort(key=lambda each: each.id)
    return sorted(entries, key=lambda each: each.published, reverse=True)


def ids(feed: Feed, at: datetime, count: int = 50) -> list[str]:
    return [each.id for each in held(feed, at, count)]


def written(feed: Feed, at: datetime) -> dict[str, bytes]:
    """The documents of ``feed`` as of ``at``."""
    found = feed_entries.entries(feed, at, 50)
    built = channel.build(feeds.value(feed), found, compositions.site())
    assert built.left_out == ()
    return built.documents


def named(name: str) -> Feed:
    for slug in ("trafik", "skola"):
        Topic.objects.get_or_create(slug=slug, defaults={"names": {"sv": slug.title()}})
    feeds.found()
    return Feed.objects.select_related("topic").get(name=name)


def test_published_never_changes_and_updated_moves_with_what_matters() -> None:
    feed, story = named("sv/all"), Story()
    story.issue("published", START)
    steps: Sequence[tuple[str, dict[str, Any], int, int]] = [
        ("updated", {"correction": Correction(kind="language", note="Stavfel.")}, 0, 0),
        ("updated", {"correction": Correction(kind="update", note="Ny tid.")}, 2, 0),
        ("corrected", {"correction": FACT}, 3, 1),
        ("withheld", {"reason": REASON}, 4, 2),
        ("resumed", {}, 5, 3),
        ("updated", {"correction": Correction(kind="language", note="Stavfel.")}, 5, 3),
        ("withdrawn", {"reason": REASON}, 7, 4),
    ]
    for hours, (act, changes, moved, notices) in enumerate(steps, start=1):
        at = START + hours * HOUR
        story.issue(act, at, title=f"Titel {hours}", **changes)
        entries = held(feed, at)
        (entry,) = (each for each in entries if each.id == story.uri)
        assert (entry.published, entry.updated) == (START, START + moved * HOUR), act
        assert len(entries) == 1 + notices, act
        assert entry.title.endswith(f"Titel {hours}")
        assert ids(feed, at - timedelta(seconds=1)) == ids(feed, at - HOUR)


def test_a_hold_that_a_correction_of_language_ends_gives_readers_the_text_again() -> None:
    feed, story = named("sv/all"), Story()
    story.issue("published", START)
    story.issue("withheld", START + HOUR, reason=REASON)
    spelling = Correction(kind="language", note="Stavfel.")
    story.issue("updated", START + 2 * HOUR, correction=spelling)
    (entry,) = (each for each in held(feed, START + 2 * HOUR) if each.id == story.uri)
    assert (entry.updated, entry.status) == (START + 2 * HOUR, "usable")


def test_a_correction_of_fact_stays_told_whatever_is_edited_since() -> None:
    feed, story = named("sv/all"), Story()
    story.issue("published", START)
    story.issue("corrected", START + HOUR, correction=FACT)
    spelling = Correction(kind="language", note="Stavfel.")
    story.issue("updated", START + 2 * HOUR, correction=spelling)
    (entry,) = (each for each in held(feed, START + 2 * HOUR) if each.id == story.uri)
    assert "10 kr" in entry.html
    assert (entry.marks, entry.updated) == (("corrected",), START + HOUR)
    story.issue("withheld", START + 3 * HOUR, reason=REASON)
    (stub,) = (each for each in held(feed, START + 3 * HOUR) if each.id == story.uri)
    assert "10 kr" not in stub.html
    assert stub.marks == ("withheld",)


def test_withdrawn_leaves_stubs_a_notice_and_a_tombstone_for_a_year() -> None:
    feed, story = named("sv/all"), Story()
    other = Story(number=2)
    other.issue("published", START)
    story.issue("published", START)
    story.issue("corrected", START + HOUR, correction=FACT)
    story.issue("withdrawn", START + 2 * HOUR, reason=REASON)
    documents = written(feed, START + 2 * HOUR)
    for content in documents.values():
        assert content.decode().count("Bron är blå") == 1
        assert "10 kr" not in content.decode()
    items = {item["id"]: item for item in json.loads(documents["json"])["items"]}
    assert set(items) == {story.uri, story.notice(2), story.notice(3), other.uri}
    for ident in (story.uri, story.notice(2), story.notice(3)):
        assert items[ident]["title"] == "ÅTERKALLAT: Bron 1 öppnar"
        assert items[ident]["_release"]["status"] == "canceled"
        assert REASON in items[ident]["content_html"]
    root = etree.fromstring(documents["atom"])
    (stone,) = root.findall(TOMBSTONE)
    assert stone.get("ref") == story.uri
    assert stone.get("when") == "2026-03-02T10:00:01+00:00"
    assert stone.findtext("{*}comment") == REASON
    assert root.index(stone) < root.index(root.find("{*}entry"))
    assert not feedparser.parse(documents["atom"]).bozo
    year = timedelta(days=365)
    just_before = etree.fromstring(written(feed, START + 2 * HOUR + year - HOUR)["atom"])
    assert len(just_before.findall(TOMBSTONE)) == 1
    assert not etree.fromstring(written(feed, START + 2 * HOUR + year)["atom"]).findall(TOMBSTONE)


def test_erased_leaves_a_tombstone_without_a_word() -> None:
    feed, story = named("sv/all"), Story()
    story.issue("published", START)
    story.issue("withdrawn", START + HOUR, reason=REASON)
    Edition.objects.update(erased_at=START + 2 * HOUR)
    documents = written(feed, START + 2 * HOUR)
    assert json.loads(documents["json"])["items"] == []
    (stone,) = etree.fromstring(documents["atom"]).findall(TOMBSTONE)
    assert stone.get("ref") == story.uri
    assert stone.find("{*}comment") is None
    assert all(b"Bron" not in content for content in documents.values())


def test_a_dropped_topic_still_gets_notices_and_stub_and_not_the_text() -> None:
    dropped, kept, story = named("sv/skola"), named("sv/trafik"), Story()
    story.topics = ("trafik", "skola")
    story.issue("published", START)
    story.topics = ("trafik",)
    story.issue("updated", START + HOUR, correction=Correction(kind="update", note="Ny tid."))
    assert ids(dropped, START) == ids(kept, START) == [story.uri]
    assert ids(dropped, START + HOUR) == []
    story.issue("corrected", START + 2 * HOUR, correction=FACT)
    assert ids(dropped, START + 2 * HOUR) == [story.notice(3)]
    assert ids(kept, START + 2 * HOUR) == [story.notice(3), story.uri]
    last = story.issue("withdrawn", START + 3 * HOUR, reason=REASON)
    assert ids(dropped, START + 3 * HOUR) == [story.notice(4), story.notice(3), story.uri]
    assert {feed.name for feed in feeds.touched(last)} == {
        *("all", "sv/all", "sv/trafik", "sv/skola")
    }


def test_what_was_never_public_leaves_nothing() -> None:
    feed, story = named("sv/all"), Story()
    before = written(feed, START)
    lift = START + 9 * HOUR
    story.issue("published", START + HOUR, lift=lift)
    story.issue("corrected", START + 2 * HOUR, correction=FACT, lift=lift)
    assert written(feed, lift - timedelta(seconds=1)) == before
    story.issue("withdrawn", START + 3 * HOUR, reason=REASON, lift=lift)
    assert written(feed, lift) == before


def test_an_embargo_ends_by_the_clock_and_its_lift_changes_nothing() -> None:
    feed, story = named("sv/all"), Story()
    lift = datetime.now(UTC).replace(microsecond=0) + HOUR
    first = story.issue("published", START, lift=lift)
    assert held(feed, lift - timedelta(seconds=1)) == []
    (entry,) = held(feed, lift)
    assert (entry.published, entry.updated) == (lift, lift)
    moved = editions.lift(first, issuer="clock", at=lift, key="lift")
    Edition.objects.filter(pk=moved.pk).update(leaves_at=lift + HOUR)
    (again,) = held(feed, lift + HOUR)
    assert replace(again, version=1) == entry


def test_a_correction_of_fact_brings_an_old_release_back_with_its_notice_on_top() -> None:
    feed, old = named("sv/all"), Story()
    old.issue("published", START)
    for number in range(2, 9):
        Story(number=number).issue("published", START + number * HOUR)
    at = START + 20 * HOUR
    assert old.uri not in ids(feed, at, count=5)
    old.issue("corrected", at, correction=FACT)
    found = ids(feed, at, count=5)
    assert (found[0], found[-1]) == (old.notice(2), old.uri)
    trifle = Story(number=2)
    trifle.issue("updated", at + HOUR, correction=Correction(kind="language", note="Stavfel."))
    assert trifle.uri not in ids(feed, at + HOUR, count=5)
    assert ids(feed, at + HOUR, count=5) == found


def test_as_many_changed_as_new_ones_are_held_and_no_more() -> None:
    feed = named("sv/all")
    stories = [Story(number=number) for number in range(1, 13)]
    for story in stories:
        story.issue("published", START + story.number * HOUR)
    update = Correction(kind="update", note="Ny tid.")
    for story in stories[:6]:
        story.issue("updated", START + (20 + story.number) * HOUR, correction=update)
    assert ids(feed, START + 40 * HOUR, count=3) == [
        stories[number - 1].uri for number in (12, 11, 10, 6, 5, 4)
    ]


def test_before_it_leaves_an_edition_changes_no_byte() -> None:
    feed, story = named("sv/all"), Story()
    now = datetime.now(UTC)
    story.issue("published", now - HOUR)
    feeds.build(feed.pk)
    folder = settings.DISTRIBUTOR.site.data_dir / "public" / "feeds" / "sv"
    kept = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.glob("all.*")}
    story.issue("corrected", now + HOUR, correction=FACT)
    feeds.build(feed.pk)
    assert kept == {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in kept}


def test_what_runs_out_is_built_away() -> None:
    feed, story, gone = named("sv/all"), Story(), Story(number=2)
    now = datetime.now(UTC)
    (image,) = (block for block in sample_release().body if isinstance(block, Image))
    body = (Paragraph(text="Bron är blå."), replace(image, expires_at=now - HOUR))
    shown = story.issue("published", now - 9 * HOUR, body=body)
    expired = EditionFile.objects.create(
        edition=shown, sha256=image.sha256, path="bild.jpg", expires_at=now - HOUR
    )
    year = timedelta(days=365)
    gone.issue("published", now - year - 9 * HOUR)
    gone.issue("withdrawn", now - year - HOUR, reason=REASON)
    feeds.build(feed.pk)
    assert feed.pk not in feeds.outdated(now)
    files = settings.DISTRIBUTOR.site.data_dir / "public" / "feeds"
    assert b"biblioteket.original.jpg" not in (files / "sv" / "all.json").read_bytes()
    assert b"deleted-entry" not in (files / "sv" / "all.atom").read_bytes()
    early = written(feed, now - 2 * HOUR)
    assert b"biblioteket.original.jpg" in early["json"]
    assert b"deleted-entry" in early["atom"]
    Feed.objects.filter(pk=feed.pk).update(built_at=now - 2 * HOUR)
    assert feed.pk in feeds.outdated(now)
    expired.delete()
    assert feed.pk in feeds.outdated(now)
    assert feed.pk not in feeds.outdated(now + 3 * 24 * HOUR)


def test_a_build_from_before_the_clock_was_set_back_is_not_taken_for_one_to_come() -> None:
    feed, now = named("sv/all"), datetime.now(UTC)
    feeds.build(feed.pk)
    Feed.objects.filter(pk=feed.pk).update(built_at=now + HOUR)
    story = Story()
    story.issue("published", now - HOUR)
    feeds.build(feed.pk, since=now)
    files = settings.DISTRIBUTOR.site.data_dir / "public" / "feeds"
    assert story.uri.encode() in (files / "sv" / "all.json").read_bytes()


def test_no_entry_links_to_a_translation_that_is_stopped() -> None:
    feeds.found()
    swedish, english = Story(1), Story(2)
    first = swedish.issue("published", START).release
    linked = Translation(language="sv", url=first.url, title=first.title)
    english.issue("published", START, language="en", translations=(linked,))
    feed = Feed.objects.get(name="en/all")

    def links(at: datetime) -> list[str]:
        return [each.url for each in held(feed, at)[0].translations]

    assert links(START) == [first.url]
    for number, (act, shown) in enumerate(
        (("withheld", []), ("resumed", [first.url]), ("withdrawn", [])), 1
    ):
        at = START + number * HOUR
        edition = swedish.issue(act, at, reason=REASON)
        assert {"en/all", "sv/all"} <= {each.name for each in feeds.touched(edition)}
        assert links(at) == shown
    assert "öppnar" not in held(feed, at)[0].html
