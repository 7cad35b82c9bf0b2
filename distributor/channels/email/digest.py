"""A digest: one mail for several releases, the same for all readers with the same set of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from distributor.channels.email.composition import Composition
from distributor.channels.email.frame import direction, frame
from distributor.channels.email.headers import Identity, Sender, head
from distributor.channels.email.message import fits, inlined, message, proper
from distributor.channels.email.slots import Markers
from distributor.release import Release
from distributor.rendering import addresses, text
from distributor.rendering.dates import day
from distributor.rendering.subject import label, under_embargo
from distributor.rendering.words import word
from distributor.templating import render


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """``key`` names the digest in Message-IDs: its pace, window and set of editions.

    ``pace`` is ``daily`` or ``weekly``, ``until`` the end of its window (UTC), ``language`` that of
    the words around the releases.
    """

    key: str
    pace: str
    until: datetime
    language: str
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    title: str
    lead: str
    label: str
    url: str
    language: str
    direction: str


def compose_digest(digest: Digest, sender: Sender) -> Composition:
    """Title, lead and link of each release, under its first topic; topics by name.

    Where the HTML would be over its limit it lacks the leads; the text has them all the same.

    The slots are ``to date message_id unsubscribe preferences``.

    Raises:
        Refused: the mail breaks a limit or a rule; ``about`` is ``message``.
        ValueError: there is no release, or one that is under embargo, withheld or withdrawn.
    """
    if not digest.releases:
        raise ValueError("a digest of nothing is not sent")
    if any(under_embargo(release) or release.status != "usable" for release in digest.releases):
        raise ValueError("a digest holds usable, public releases only")
    for release in digest.releases:
        proper(release.to_dict())
    site, language = sender.site, digest.language
    subject = word(
        language,
        f"digest_{digest.pace}",
        name=site.name,
        day=day(digest.until, language, site.time_zone),
    )
    topics = _by_topic(digest)
    markers = Markers(repr(digest))
    unsubscribe = addresses.unsubscribe(site, markers["unsubscribe"])
    preferences = addresses.preferences(site, markers["preferences"])
    context = frame(site, language, subject) | {
        "heading": subject,
        "topics": topics,
        "why": word(language, "why_digest", name=site.name),
        "unsubscribe": unsubscribe,
        "preferences": preferences,
    }
    identity = Identity(
        name="digest",
        number=digest.key,
        segment=digest.pace,
        language=language,
        list="releases",
    )
    parts = [subject, *_lines(topics), "* * *", context["why"]]
    parts += [
        text.address(word(language, "unsubscribe"), unsubscribe, mail=True),
        text.address(word(language, "preferences"), preferences, mail=True),
        text.address(context["sent_by"], context["newsroom"], mail=True),
    ]
    return message(
        head(identity, subject, sender),
        "\n\n".join(parts) + "\n",
        _html(context),
        markers=markers,
        slots={"unsubscribe": 1, "preferences": 1},
    )


def _by_topic(digest: Digest) -> list[tuple[str, list[_Item]]]:
    groups: dict[str, list[_Item]] = {}
    other = word(digest.language, "other_topics")
    for release in digest.releases:
        item = _Item(
            title=_title(release),
            lead=release.lead,
            label=label(release),
            url=release.url,
            language=release.language,
            direction=direction(release.language),
        )
        groups.setdefault(release.topics[0].name if release.topics else other, []).append(item)
    return sorted(groups.items(), key=lambda group: (group[0] == other, group[0].casefold()))


def _html(context: dict[str, Any]) -> str:
    """The HTML part; without leads where it would be too large with them."""
    html = inlined(render("email/digest.html", **context))
    if fits(html):
        return html
    short = [
        (topic, [replace(item, lead="") for item in items]) for topic, items in context["topics"]
    ]
    return inlined(render("email/digest.html", **context | {"topics": short}))


def _title(release: Release) -> str:
    off = release.event is not None and release.event.status == "cancelled"
    return (word(release.language, "subject_cancelled") if off else "") + release.title


def _lines(topics: list[tuple[str, list[_Item]]]) -> Iterator[str]:
    for topic, items in topics:
        yield topic.upper()
        for item in items:
            yield "\n".join(
                part for part in (item.title, item.label, item.lead, f"<{item.url}>") if part
            )
