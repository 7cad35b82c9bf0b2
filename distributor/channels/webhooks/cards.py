"""What the chat formats share: the few words of a post, and cutting and escaping them."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from distributor.channels.webhooks.shapes import Edition, Trial
from distributor.release import Paragraph, Release
from distributor.rendering import addresses
from distributor.rendering.dates import written
from distributor.rendering.inline import plain
from distributor.rendering.subject import label, subject
from distributor.rendering.words import is_swedish, word
from distributor.templating import render

META_LENGTH = 1000
_ELLIPSIS = "…"

Escape = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Plain text but for ``url``; ``thread`` is the same for every edition of a release."""

    title: str
    lead: str
    meta: str
    url: str
    more: str
    thread: str


def card(edition: Edition) -> Card:
    """The post about an edition: title with the mail's prefix; lead, or the reason of a hold or
    withdrawal; kind, topics, time and contact."""
    release, site = edition.release, edition.site
    usable = release.status == "usable"
    moment = release.updated_at or release.published_at
    contact = release.contacts[0] if release.contacts else None
    facts = [
        label(release),
        ", ".join(topic.name for topic in release.topics) if usable else "",
        written(moment, release.language, site.time_zone) if moment else "",
        ", ".join(part for part in (contact.name, contact.phone or contact.email) if part)
        if contact
        else "",
    ]
    return Card(
        title=subject(release, site, first=edition.first),
        lead=_lead(release) if usable else release.reason,
        meta=" · ".join(fact for fact in facts if fact),
        url=addresses.page(release, site),
        more=_more(release.language),
        thread=f"release-{release.id}",
    )


def trial_card(trial: Trial) -> Card:
    """The post that tests an endpoint."""
    return Card(
        title=word(trial.language, "test") + trial.endpoint,
        lead=trial.message,
        meta=written(trial.now, trial.language, trial.site.time_zone),
        url=trial.site.url.rstrip("/") + "/",
        more=_more(trial.language),
        thread="endpoint-test",
    )


def fitted(
    template: str,
    card: Card,
    escape: Escape,
    *,
    title: int,
    lead: int,
    size: Callable[[dict[str, Any]], int],
    limit: int,
) -> dict[str, Any]:
    """``templates/chat/<template>`` filled with the card's escaped words, as a document.

    Title and lead are cut to so many characters after escaping, meta to 1,000; the lead further
    until the document's ``size`` is at most ``limit``.
    """
    while True:
        text = render(
            f"chat/{template}",
            title=cut(card.title, title, escape),
            lead=cut(card.lead, lead, escape),
            meta=cut(card.meta, META_LENGTH, escape),
            url=card.url,
            more=card.more,
            thread=card.thread,
        )
        document: dict[str, Any] = json.loads(text)
        if size(document) <= limit or not card.lead:
            return document
        card = replace(card, lead=cut(card.lead, len(card.lead) // 2, str))


def cut(text: str, limit: int, escape: Escape) -> str:
    """``text`` escaped, and cut at a word, with ``…``, so that it then has ``limit`` characters.

    Characters are counted in UTF-16, which is how most chat services count. Text is cut before it
    is escaped: no entity or escape is ever split, nor a letter from its accents.
    """
    if length(whole := escape(text)) <= limit:
        return whole
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if length(escape(text[:middle].rstrip() + _ELLIPSIS)) <= limit:
            low = middle
        else:
            high = middle - 1
    end = _boundary(text, low)
    return escape(text[:end].rstrip() + _ELLIPSIS) if end else ""


def length(text: str) -> int:
    """The characters of ``text``, counted in UTF-16."""
    return len(text) + sum(character > "\uffff" for character in text)


def entities(text: str) -> str:
    """``&``, ``<`` and ``>`` as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def markdown(text: str) -> str:
    """``text`` with a backslash before all that Markdown might take for its own."""
    text = _INLINE.sub(r"\\\g<0>", text)
    return _AT_LINE_START.sub(r"\1\\\2", text)


_INLINE = re.compile(r"[\\`*_\[\]<>~]|&(?=#?\w+;)")
_AT_LINE_START = re.compile(r"(?m)^(\s*\d*)([-+=#.)])(?=[\s=#-]|$)")


def _boundary(text: str, end: int) -> int:
    """The last place up to ``end`` at which ``text`` may be cut."""
    if end == 0 or text[end : end + 1].isspace():
        return end
    words = max((at for at in range(end) if text[at].isspace()), default=0)
    if text[:words].strip():
        return words
    while end and _joined(text, end):
        end -= 1
    return end


def _joined(text: str, at: int) -> bool:
    """Whether the characters before and at ``at`` are seen as one."""
    here = text[at : at + 1]
    return bool(here) and (
        unicodedata.category(here) in ("Mn", "Me", "Mc", "Cf")
        or text[at - 1] == "\u200d"
        or "\U0001f3fb" <= here <= "\U0001f3ff"
        or "\U0001f1e6" <= here <= "\U0001f1ff"
    )


def _lead(release: Release) -> str:
    """The lead; without one the first paragraph serves."""
    paragraphs = (block for block in release.body if isinstance(block, Paragraph))
    return release.lead or next((plain(paragraph.text) for paragraph in paragraphs), "")


def _more(language: str) -> str:
    return "Läs mer" if is_swedish(language) else "Read more"
