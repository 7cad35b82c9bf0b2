"""What keeps a release from being published. A draft can be saved all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from distributor.dispatch import editions
from distributor.newsroom import snapshot
from distributor.newsroom.blocks import MAX_BLOCKS
from distributor.newsroom.copies import MAX_BYTES
from distributor.newsroom.inline import has_empty_link
from distributor.release import (
    Attachment,
    Block,
    EmbedLink,
    FactBox,
    Heading,
    Image,
    Items,
    Paragraph,
    Quote,
    Release,
    Statement,
)
from distributor.rendering.inline import plain

if TYPE_CHECKING:
    from distributor.newsroom.models import ReleasePage

MAX_CHARACTERS = 60_000
_WEB = re.compile(r"https?://[^\s/]+\S*")


def stops(page: ReleasePage) -> list[str]:
    """Each thing that must be put right before ``page`` can be published: where, and what to do.

    An empty list means that it can. The words are in the active language.
    """
    taken = snapshot.take(page)
    return [
        *_heads(page, taken.release),
        *_event(page),
        *_contacts(taken.release),
        *_body(taken.release),
        *_blocks(page, taken),
    ]


def _heads(page: ReleasePage, release: Release) -> Iterator[str]:
    if not release.title:
        yield _("Title: write one.")
    elif len(release.title) > 255:
        yield _("Title: it has %d characters; at most 255.") % len(release.title)
    if release.type not in ("press", "invitation", "news"):
        yield _("Type: choose press release, press invitation or news.")
    if release.language not in settings.DISTRIBUTOR.site.languages:
        yield _("Language: the site is not in “%s”.") % release.language
    for name, text, limit in (
        (_("Place"), release.place, 80),
        (_("Lead"), release.lead, 600),
        (_("About the sender"), release.boilerplate, 2000),
        (_("Case number"), release.case_number, 64),
    ):
        if len(text) > limit:
            yield _("%(name)s: it has %(count)d characters; at most %(limit)d.") % {
                "name": name,
                "count": len(text),
                "limit": limit,
            }
    if len(release.topics) > 10:
        yield _("Topics: at most 10.")
    if page.embargo_until and not page.is_issued() and page.embargo_until <= timezone.now():
        yield _("Embargo: the time has passed; choose a later one, or none.")
    if page.replaces:
        replaced = editions.newest(page.replaces.release_id)
        # What was withdrawn before its lift nobody is told of, and its address stays unknown.
        if not (replaced and replaced.status == "canceled" and replaced.published_at):
            yield _("Replaces: choose a release that was public and is withdrawn.")


def _event(page: ReleasePage) -> Iterator[str]:
    if page.type != "invitation":
        return
    if not page.event_start:
        yield _("Event: say when it starts.")
    if not page.event_place.strip():
        yield _("Event: say where it takes place.")
    if page.event_start and page.event_end and page.event_end < page.event_start:
        yield _("Event: it ends before it starts.")
    if page.event_url and not _WEB.fullmatch(page.event_url.strip()):
        yield _("Event: the web link must begin with https:// or http://.")


def _contacts(release: Release) -> Iterator[str]:
    if not release.contacts:
        yield _("Press contacts: name at least one.")
    if len(release.contacts) > 10:
        yield _("Press contacts: at most 10.")
    for number, contact in enumerate(release.contacts, 1):
        if not contact.name:
            yield _("Press contact %d: give a name.") % number
        if not (contact.phone or contact.email):
            yield _("Press contact %d: give a phone number or an email address.") % number
        if contact.email and not _is_email(contact.email):
            yield _("Press contact %(number)d: “%(email)s” is no email address.") % {
                "number": number,
                "email": contact.email,
            }


def _body(release: Release) -> Iterator[str]:
    if release.type == "press" and not release.body:
        yield _("Text: a press release needs one.")
    if len(release.body) > MAX_BLOCKS:
        yield _("Text: it has %(count)d blocks; at most %(limit)d.") % {
            "count": len(release.body),
            "limit": MAX_BLOCKS,
        }
    characters = sum(len(text) for block in release.body for text in _texts(block))
    if characters > MAX_CHARACTERS:
        yield _("Text: it has %(count)d characters; at most %(limit)d.") % {
            "count": characters,
            "limit": MAX_CHARACTERS,
        }


def _blocks(page: ReleasePage, taken: snapshot.Snapshot) -> Iterator[str]:
    level = 1
    found: dict[int, list[str]] = {}
    for number, block in taken.blocks:
        problems = found.setdefault(number, [])
        problems += _block(block)
        if isinstance(block, Heading):
            if block.level > level + 1:
                problems.append(_("it skips a level; put a heading above it, or make it one."))
            level = block.level
    for number, child in enumerate(page.body, 1):
        name = str(child.block.label)
        problems = found.get(number, [_missing(child.block_type)])
        for problem in dict.fromkeys(problems):
            yield _("Block %(number)d (%(name)s): %(problem)s") % {
                "number": number,
                "name": name,
                "problem": problem,
            }


def _missing(kind: str) -> str:
    if kind == "image":
        return _("choose a picture (JPEG, PNG or WebP, at most 50 MB) that can be read.")
    if kind == "attachment":
        return _("choose a document.")
    return _("it is empty; write something or take it away.")


def _block(block: Block) -> Iterator[str]:
    if any(has_empty_link(text) for text in _inline(block)):
        yield _("a link has no words; write some or take the link away.")
    match block:
        case Heading():
            if not block.text:
                yield _missing("heading")
            if len(block.text) > 120:
                yield _("it has %d characters; at most 120.") % len(block.text)
        case Items() if not 1 <= len(block.items) <= 50:
            yield _("a list has 1 to 50 items; this one has %d.") % len(block.items)
        case Quote() if not block.text:
            yield _missing("quote")
        case Statement():
            if not block.intro:
                yield _("write its introduction.")
            if not 1 <= len(block.paragraphs) <= 10:
                count = len(block.paragraphs)
                yield _("a statement has 1 to 10 paragraphs; this one has %d.") % count
        case Image():
            yield from _image(block)
        case Attachment():
            if not block.title:
                yield _("give the document a title.")
            if block.bytes > MAX_BYTES:
                yield _("the document is larger than 50 MB.")
        case FactBox() if not block.title or not block.content:
            yield _("a fact box needs a title and a text.")
        case EmbedLink():
            if not _WEB.fullmatch(block.url):
                yield _("the address must begin with https:// or http://.")
            if not block.title:
                yield _("give the link a title.")


def _image(image: Image) -> Iterator[str]:
    if not (image.alt or image.decorative):
        yield _("write the alternative text, or mark the picture as decorative.")
    if len(image.alt) > 300:
        yield _("the alternative text has %d characters; at most 300.") % len(image.alt)
    if len(image.caption) > 500:
        yield _("the caption has %d characters; at most 500.") % len(image.caption)
    if not image.credit:
        yield _("the picture has no credit; write the photographer’s name with the picture.")
    if not image.licence:
        yield _("the picture has no licence; write with the picture what others may do with it.")
    if image.expires_at and image.expires_at <= timezone.now():
        yield _("the licence’s last day has passed; choose another picture.")


def _inline(block: Block) -> Iterator[str]:
    """The inline texts of a block."""
    match block:
        case Paragraph() | Quote():
            yield block.text
        case Items():
            yield from block.items
        case Statement():
            yield from block.paragraphs
        case FactBox():
            for part in block.content:
                yield from _inline(part)
        case _:
            pass


def _texts(block: Block) -> Iterator[str]:
    """The words of a block, as plain text."""
    yield from (plain(text) for text in _inline(block))
    for name in ("name", "title", "intro", "source", "caption", "alt"):
        yield getattr(block, name, "")
    if isinstance(block, Heading):
        yield block.text


def _is_email(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return True
