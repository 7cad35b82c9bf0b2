"""An imported draft to a page of the newsroom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.core.files.storage import default_storage
from django.db import transaction

from distributor.audience.models import Topic
from distributor.newsroom import copies, defaults, pictures, times
from distributor.newsroom.importing import Draft, FoundFile, FoundImage, Note, house_note
from distributor.newsroom.inline import stored
from distributor.newsroom.models import NewsroomPage, Picture, ReleasePage, UploadedDocument
from distributor.release import (
    Block,
    EmbedLink,
    FactBox,
    Heading,
    Items,
    Paragraph,
    Quote,
    Statement,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Raw = dict[str, Any]


class Unusable(Exception):
    """The draft cannot become a page. The message is one line that says why and what to do."""


@contextmanager
def whole() -> Iterator[list[str]]:
    """All or nothing: if the block fails, its rows and the uploads it named are gone."""
    names: list[str] = []
    try:
        with transaction.atomic():
            yield names
    except BaseException:
        for name in names:
            default_storage.delete(name)
        raise


def create(draft: Draft, names: list[str], *, owner: User | None = None) -> ReleasePage:
    """A page in the newsroom of the draft's language, saved as a draft and not published.

    The house's place and contacts are filled in where the draft has none, with a note. ``names``
    gets the name of each upload, for :func:`whole`.

    Raises:
        Unusable: a picture is none, or a time cannot be read.
    """
    newsroom = NewsroomPage.objects.filter(locale__language_code=draft.language).first()
    if newsroom is None:
        known = ", ".join(settings.DISTRIBUTOR.site.languages)
        raise Unusable(f"the site is not in the language {draft.language}; choose one of {known}")
    notes = list(draft.notes)
    page = ReleasePage(
        title=draft.title,
        type=draft.type,
        lead=draft.lead,
        place=draft.place,
        boilerplate=draft.boilerplate,
        case_number=draft.case_number,
        locale=newsroom.locale,
        owner=owner,
        live=False,
        embargo_until=_time("embargo", draft.embargo),
        **_event(draft),
    )
    page.topics = _topics(draft, notes)
    page.replaces = _replaced(draft, notes)
    page.body = json.dumps(_body(draft, names, owner))
    page.contacts = _own_contacts(draft)
    if filled := defaults.fill_in(page):
        notes.append(house_note(filled))
    page.import_notes = [asdict(note) for note in notes]
    newsroom.add_child(instance=page)
    page.save_revision(user=owner, clean=False)
    return page


def correct(
    page: ReleasePage, draft: Draft, names: list[str], *, owner: User | None = None
) -> ReleasePage:
    """What was published of ``page`` with the words of ``draft``, saved as its newest revision.

    Title, lead and body are the draft's, other fields only where its file names them; pictures
    and documents stay if it has none.

    Raises:
        Unusable: a picture is none, or a time cannot be read.
    """
    revision = page.live_revision or page.get_latest_revision()
    page = revision.as_object()
    notes = list(draft.notes)
    page.title, page.lead = draft.title, draft.lead
    page.draft_title = draft.title
    kept = [] if draft.images else _kept(page, "image")
    body = _body(draft, names, owner)
    for position, block in kept:
        body.insert(position, block)
    if not draft.attachments:
        body += [block for _, block in _kept(page, "attachment")]
    page.body = json.dumps(body)
    for name in draft.named & {"type", "place", "boilerplate", "case_number"}:
        setattr(page, name, getattr(draft, name))
    if draft.event:
        for name, value in _event(draft).items():
            setattr(page, name, value)
    if "contacts" in draft.named:
        page.contacts = _own_contacts(draft)
    if "topics" in draft.named:
        page.topics = _topics(draft, notes)
    page.import_notes = [asdict(note) for note in notes]
    page.save_revision(user=owner, clean=False)
    page.latest_revision_id = page.get_latest_revision().pk
    return page


def _kept(page: ReleasePage, kind: str) -> list[tuple[int, Raw]]:
    """The blocks of a kind as they are stored, each with its place."""
    raw = page.body.raw_data
    return [(place, dict(block)) for place, block in enumerate(raw) if block["type"] == kind]


def _own_contacts(draft: Draft) -> str:
    return json.dumps([{"type": "own", "value": asdict(contact)} for contact in draft.contacts])


def _event(draft: Draft) -> Raw:
    event = draft.event
    if event is None:
        return {}
    return {
        "event_start": _time("event", event.start),
        "event_end": _time("event", event.end),
        "event_place": event.place,
        "event_address": event.address,
        "event_url": event.url,
        "event_registration": event.registration,
        "event_status": event.status,
    }


def _time(name: str, text: str) -> Any:
    try:
        return times.moment(text, settings.DISTRIBUTOR.site.time_zone) if text else None
    except ValueError as error:
        raise Unusable(f"{name}: {error}") from None


def _topics(draft: Draft, notes: list[Note]) -> list[Topic]:
    found = {topic.slug: topic for topic in Topic.objects.filter(slug__in=draft.topics)}
    for slug in draft.topics:
        if slug not in found:
            notes.append(_warning("topic", f"there is no topic {slug}; it was left out"))
    return list(found.values())


def _replaced(draft: Draft, notes: list[Note]) -> ReleasePage | None:
    if not draft.replaces:
        return None
    ident = draft.replaces.rpartition("/")[2].lower()
    found = list(ReleasePage.objects.filter(release_id__startswith=ident)[:2]) if ident else []
    if len(found) != 1:
        notes.append(_warning("replaces", f"no single release is meant by {draft.replaces}"))
        return None
    replaced: ReleasePage = found[0]
    return replaced


def _warning(rule: str, text: str) -> Note:
    return Note(level="warning", line=None, rule=rule, text=text)


def _body(draft: Draft, names: list[str], owner: User | None) -> list[Raw]:
    """The blocks as the editor stores them, each picture before the block it stands before."""
    raw: list[Raw] = []
    for position in range(len(draft.body) + 1):
        for image in draft.images:
            if min(image.position, len(draft.body)) == position:
                raw.append(_image(image, names, owner))
        if position < len(draft.body):
            raw.append(_block(draft.body[position]))
    raw += [_attachment(file, names, owner) for file in draft.attachments]
    return raw


def _block(block: Block) -> Raw:
    value: Raw = {"language": block.language}
    match block:
        case Paragraph():
            value |= {"text": stored(block.text)}
        case Heading():
            value |= {"text": block.text, "level": str(block.level)}
        case Items():
            value |= {"items": [stored(item) for item in block.items], "ordered": block.ordered}
        case Quote():
            value |= {"text": stored(block.text), "name": block.name, "title": block.title}
        case Statement():
            text = stored(*block.paragraphs)
            value |= {"intro": block.intro, "text": text, "source": block.source}
        case FactBox():
            value |= {"title": block.title, "content": [_block(part) for part in block.content]}
        case EmbedLink():
            value |= {"url": block.url, "title": block.title}
        case _:
            raise Unusable(f"a block of kind {block.tag} cannot be imported")
    return {"type": block.tag, "value": value}


def _image(found: FoundImage, names: list[str], owner: User | None) -> Raw:
    try:
        made = copies.copies_of_picture(found.data)
        ends = times.day(found.expires) if found.expires else None
    except pictures.NotAPicture as error:
        raise Unusable(f"{found.name}: {error}; give a JPEG, PNG or WebP picture") from None
    except ValueError as error:
        raise Unusable(f"{found.name}: {error}") from None
    picture = Picture(
        title=found.caption[:255] or found.alt[:255] or found.name[:255],
        file=ImageFile(BytesIO(found.data), name=found.name),
        credit=found.credit,
        licence=found.licence,
        licence_ends=ends,
        uploaded_by_user=owner,
    )
    picture._set_image_file_metadata()
    picture.save()
    names.append(picture.file.name)
    picture.keep(made)
    value = {
        "image": picture.pk,
        "alt": found.alt,
        "decorative": found.decorative,
        "caption": found.caption,
    }
    return {"type": "image", "value": value}


def _attachment(found: FoundFile, names: list[str], owner: User | None) -> Raw:
    document = UploadedDocument(
        title=found.title[:255] or found.name[:255],
        file=ContentFile(found.data, name=found.name),
        uploaded_by_user=owner,
    )
    document._set_document_file_metadata()
    document.save()
    names.append(document.file.name)
    value = {"document": document.pk, "title": found.title, "language": found.language}
    return {"type": "attachment", "value": value}
