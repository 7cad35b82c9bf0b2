"""Which feeds there are, and the building of their files."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.utils import timezone

from distributor.adapters import files
from distributor.audience.models import Topic
from distributor.channels import feeds as channel
from distributor.dispatch import compositions, editions, feed_outage, leases
from distributor.dispatch.feed_entries import REMEMBERED, entries
from distributor.dispatch.models import Edition, EditionFile, EditionTopic, Feed
from distributor.errors import Refused, Unavailable
from distributor.rendering.words import word

REFUSED_FOR = timedelta(seconds=20)
"""A feed that was refused is not built again before: it would be the same."""
LOOKED_BACK = timedelta(days=2)
"""For so long after something ran out a feed is built for that; then its next build will do."""

_log = structlog.get_logger()


def found() -> None:
    """Make a row for each feed that ought to exist: a feed is born with its language or topic."""
    have = set(Feed.objects.values_list("name", flat=True))
    languages = settings.DISTRIBUTOR.site.languages
    _bear(have, "all", "", None, "all")
    for language in languages:
        _bear(have, f"{language}/all", language, None, f"{language}/all")
        for topic in Topic.objects.filter(ended_at=None):
            _bear(have, f"{language}/{topic.slug}", language, topic, f"{language}/{topic.pk}")


def _bear(have: set[str], name: str, language: str, topic: Topic | None, ident: str) -> None:
    if name in have:
        return
    host, year = urlsplit(settings.DISTRIBUTOR.site.url).hostname, timezone.now().year
    row = Feed(name=name, language=language, topic=topic, tag=f"tag:{host},{year}:feed/{ident}")
    Feed.objects.bulk_create([row], ignore_conflicts=True)


def touched(edition: Edition) -> list[Feed]:
    """The feeds that an edition changes: those of its topics, and of its earlier editions'.

    A hold, its end and a withdrawal change those of its translations too, which link to it.
    """
    found()
    slugs = EditionTopic.objects.filter(
        edition__release_id=edition.release_id, edition__taken_back_at=None
    ).values_list("slug", flat=True)
    language = edition.language
    own = {topic["slug"] for topic in edition.content.get("topics", ())}
    names = {"all", f"{language}/all", *(f"{language}/{slug}" for slug in own.union(slugs))}
    if _stops_or_goes_on(edition):
        for other in editions.naming(edition.content["url"], edition.release_id):
            names |= {f"{other.language}/all"}
            names |= {f"{other.language}/{topic['slug']}" for topic in other.content["topics"]}
    return list(Feed.objects.filter(name__in=names).order_by("pk"))


def _stops_or_goes_on(edition: Edition) -> bool:
    if edition.status != Edition.Status.USABLE:
        return True
    before = editions.standing(edition.release_id)
    if edition.number:
        before = before.filter(number__lt=edition.number)
    return before.values_list("status", flat=True).first() == Edition.Status.WITHHELD


def outdated(at: datetime) -> set[int]:
    """The feeds in which something ran out of late that their files still have.

    That is a picture whose last day has passed, or a tombstone after its year.
    """
    late = at - LOOKED_BACK
    withdrawn = editions.left(at).filter(
        status=Edition.Status.CANCELED,
        leaves_at__range=(late - REMEMBERED, at - REMEMBERED),
    )
    ran_out = [(edition, edition.leaves_at + REMEMBERED) for edition in withdrawn]
    expired = EditionFile.objects.filter(expires_at__range=(late, at)).select_related("edition")
    ran_out += [(file.edition, file.expires_at) for file in expired if file.expires_at]
    return {
        feed.pk
        for edition, moment in ran_out
        for feed in touched(edition)
        if feed.built_at and feed.built_at < moment
    }


def miss() -> None:
    """Have a feed count as unbuilt of which a document is not where it was written."""
    built = Feed.objects.exclude(built_at=None).values_list("pk", "name")
    lost = [
        feed
        for feed, name in built
        if not all((_public() / f"{name}.{suffix}").is_file() for suffix in channel.TYPES)
    ]
    Feed.objects.filter(pk__in=lost).update(built_at=None)


def build(feed_id: int, since: datetime | None = None) -> None:
    """Write the three files of a feed, if they are not true as of ``since`` already.

    ``since`` must be a moment at which what is to be in them was in the database for all to see.

    Raises:
        Refused: the documents would not be valid, which is told; the old files stay, and the feed
            counts as unbuilt.
        Unavailable: somebody else is building it, it was refused of late, or the files cannot be
            written, which is told.
    """
    feed = Feed.objects.select_related("topic").get(pk=feed_id)
    # One of a time to come is of before the clock was set back, and says nothing.
    if since and feed.built_at and since < feed.built_at <= timezone.now():
        return
    if not leases.claim(feed):
        raise Unavailable("busy", "another worker is building this feed", wait=1)
    with leases.held(feed), feed_outage.writing(feed.name, _public()):
        now = timezone.now()
        site = compositions.site()
        held = entries(feed, now, settings.DISTRIBUTOR.feeds.entries)
        try:
            built = channel.build(value(feed), held, site)
        except Refused:
            Feed.objects.filter(pk=feed.pk).update(built_at=None)
            leases.set_aside(feed, REFUSED_FOR)
            raise
        for entry in built.left_out:
            _log.error("feed.entry_left_out", feed=feed.name, entry=entry)
        write_stylesheets()
        for suffix, content in built.documents.items():
            files.replace(_public() / f"{feed.name}.{suffix}", content, compress=True)
        Feed.objects.filter(pk=feed.pk).update(built_at=now)


def value(feed: Feed) -> channel.Feed:
    """``feed`` as the channel takes it."""
    site = compositions.site()
    language = feed.language or site.languages[0]
    title = site.name
    if feed.language:
        title = f"{site.name} ({word(language, 'own_language')})"
    if feed.topic:
        title = f"{site.name}: {feed.topic.name(language)}"
    hub = settings.DISTRIBUTOR.feeds.websub_hub
    home = site.url if language == site.languages[0] else f"{site.url}/{language}"
    return channel.Feed(
        name=feed.name,
        id=feed.tag,
        title=title,
        description=word(language, "feed_description", name=site.name),
        language=language,
        url=f"{site.url}/feeds/{feed.name}",
        page_url=f"{home}/",
        born=feed.born_at,
        hub="" if hub in ("off", "builtin") else hub,
    )


def write_stylesheets() -> None:
    """Write the stylesheet that the XML formats name, one for each language."""
    for language in settings.DISTRIBUTOR.site.languages:
        path = _public() / f"style-{language}.css"
        files.replace(path, channel.stylesheet(language), compress=True)


def _public() -> Path:
    folder: Path = settings.DISTRIBUTOR.site.data_dir / "public" / "feeds"
    return folder
