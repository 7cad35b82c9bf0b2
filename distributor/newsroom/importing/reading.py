"""A file to a draft: bytes, text, pieces, recognition, and the count of words at the end."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path, PurePath

from distributor.newsroom.importing import (
    blocks,
    front_matter,
    law,
    lexicon,
    markdown,
    markup,
    media,
    plain_text,
    word,
)
from distributor.newsroom.importing.blocks import Found, Picture
from distributor.newsroom.importing.boilerplate import boilerplate
from distributor.newsroom.importing.characters import decode
from distributor.newsroom.importing.contacts import contacts
from distributor.newsroom.importing.draft import Draft, FoundImage, Unreadable
from distributor.newsroom.importing.front_matter import FrontMatter
from distributor.newsroom.importing.inline import addresses, escape, flat, tidy
from distributor.newsroom.importing.notes import Note, note
from distributor.newsroom.importing.opening import Opening, dateline, opening
from distributor.newsroom.importing.pieces import PICTURE, Piece, Source, dashed
from distributor.release import Contact, Paragraph

MAX_LEAD = 600
_TEXT = frozenset({".txt", ".text"})
_MARKDOWN = frozenset({".md", ".markdown"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
_WORD = ".docx"
_LIKE_HTML = re.compile(
    r"\s*<(?:!doctype\s+html|\?xml|html|head|body|main|article|section|div|header|h[1-6]|p)\b",
    re.IGNORECASE,
)


def read(
    name: str,
    data: bytes,
    *,
    language: str | None,
    languages: Sequence[str],
    sender: str,
    media_folder: Path | None = None,
) -> Draft:
    """The draft of a release that the file ``name`` with content ``data`` is.

    ``name`` tells the format by its suffix: ``.txt``, ``.md``, ``.html`` or ``.docx``; ``-`` is
    text, unless it begins like HTML or with front matter. ``language`` is chosen by the caller or
    None; of ``languages`` (BCP 47) the first is taken where the text does not tell. ``sender`` is
    the name that ``Om <sender>`` and a first line may carry. Pictures are taken from the file and
    from ``media_folder``; none is ever fetched.

    Every word of the file is in the draft, as many times as it stands there: in a field, a block
    or the ``left_out`` of a note.

    Raises:
        Unreadable: the file is empty, too large (2 MB of text; a Word file 50 MB, 200 MB
            unpacked), damaged, not text or of an unknown kind, or its front matter is wrong.
    """
    notes: list[Note] = []
    source, front = _source(name, data, media_folder, notes)
    chosen, told = _language(source, front, language, languages)
    own = front.texts.get("language", chosen)
    if own.split("-")[0].casefold() != chosen.split("-")[0].casefold():
        notes.append(note("language", detail=own))
    pieces = _within_article(source.pieces, notes)
    pieces = [_in_language(piece, chosen) for piece in pieces]
    opened = opening(pieces, sender=sender, title=front.texts.get("title", ""))
    people, about, remarks = _sections(opened, front, sender)
    place, dated = _place(opened) if "place" not in front.named else ("", [])
    notes += [*opened.notes, *remarks, *dated]
    picture = _pictures(media_folder, source, notes)
    before = blocks.blocks(opened.before, picture=picture, notes=notes)
    after = blocks.blocks(opened.after, picture=picture, notes=notes)
    lead = _take_lead(before, after, notes) if "lead" not in front.named else ""
    whole = [Paragraph(text=tidy(opened.whole.text))] if opened.whole else []
    found = [*before, *whole, *after]

    title = "" if whole or "title" in front.named else opened.title
    kept = [
        *[title, lead, place, about, *law.contact_texts(people), *law.texts(found)],
        *(one.left_out for one in notes),
    ]
    for line, text in law.lost(source.paragraphs, kept):
        found.append(Paragraph(text=escape(text)))
        notes.append(note("lost-word", line))

    texts = {"type": opened.type, "lead": lead, "place": place, "boilerplate": about}
    texts = {key: text for key, text in texts.items() if text} | front.texts
    body = tuple(block for block in found if not isinstance(block, FoundImage))
    images = [*_placed(found), *(replace(one, position=len(body)) for one in front.images)]
    contents = {"title": opened.title, "body": body, "contacts": people, "images": images}
    named = {*texts, *front.named, *told, *(key for key, value in contents.items() if value)}
    return Draft(
        title=opened.title,
        type=texts.get("type", "press"),
        language=chosen,
        lead=texts.get("lead", ""),
        place=texts.get("place", ""),
        event=front.event,
        body=body,
        contacts=front.contacts or people,
        boilerplate=texts.get("boilerplate", ""),
        case_number=texts.get("case_number", ""),
        topics=front.topics,
        lists=front.lists,
        at=texts.get("at", ""),
        embargo=texts.get("embargo", ""),
        replaces=texts.get("replaces", ""),
        images=tuple(images),
        attachments=tuple(front.attachments),
        notes=tuple(sorted([*front.notes, *notes], key=_in_order)),
        named=frozenset(named),
    )


def _source(
    name: str, data: bytes, folder: Path | None, notes: list[Note]
) -> tuple[Source, FrontMatter]:
    """What the reader of the format makes of the file, and its front matter."""
    suffix = PurePath(name).suffix.lower() if name != "-" else ".txt"
    if not data.strip():
        raise Unreadable("the file is empty; write a title on its first line, then the text")
    if suffix == _WORD:
        source = word.read(data)
        notes += source.notes
        return source, FrontMatter()
    if suffix not in _TEXT | _MARKDOWN | _HTML:
        kind = f"a {suffix} file" if suffix else "a file without a suffix"
        raise Unreadable(f"{kind} cannot be read; give a .txt, .md, .html or .docx file")
    text, guessed = decode(data)
    if guessed:
        notes.append(note("encoding"))
    if suffix in _HTML or (name == "-" and _LIKE_HTML.match(text)):
        source, front = markup.read(text), FrontMatter()
    else:
        yaml, rest, first_line = front_matter.divided(text)
        front = front_matter.parse(yaml, folder)
        as_markdown = suffix in _MARKDOWN or (name == "-" and yaml)
        reader = markdown.read if as_markdown else plain_text.read
        source = reader(rest, first_line=first_line)
    notes += source.notes
    return source, front


def _language(
    source: Source, front: FrontMatter, given: str | None, languages: Sequence[str]
) -> tuple[str, list[str]]:
    """The language, and ``["language"]`` if it was named and not guessed."""
    named = given or front.texts.get("language") or source.language
    if named:
        primary = named.split("-")[0].casefold()
        same = [one for one in languages if one.casefold() == named.casefold()]
        same += [one for one in languages if one.split("-")[0].casefold() == primary]
        return (same or [named])[0], ["language"]
    text = " ".join(text for _line, text in source.paragraphs)
    return lexicon.language_of(text, languages), []


def _in_language(piece: Piece, language: str) -> Piece:
    same = piece.language.split("-")[0].casefold() == language.split("-")[0].casefold()
    return replace(piece, language="") if same else piece


def _within_article(pieces: Sequence[Piece], notes: list[Note]) -> list[Piece]:
    """The pieces inside a single ``article`` or ``main``; what stands outside becomes notes."""
    single = list[tuple[str, int]]()
    for tag in ("article", "main"):
        found = {one for piece in pieces for one in piece.inside if one[0] == tag}
        if len(found) == 1:
            single += found
    titled = {one for piece in pieces if piece.level == 1 for one in piece.inside}
    chosen = next((one for one in single if one in titled), single[0] if single else None)
    if chosen is None:
        return list(pieces)
    for outside, group in groupby(pieces, key=lambda piece: chosen not in piece.inside):
        own = list(group)
        text = " | ".join(flat(piece.text) for piece in own if piece.text)
        if outside and text:
            notes.append(note("outside", own[0].line, left_out=text))
    return [piece for piece in pieces if chosen in piece.inside]


def _sections(
    opened: Opening, front: FrontMatter, sender: str
) -> tuple[tuple[Contact, ...], str, list[Note]]:
    """Contacts and boilerplate, taken out of the text unless the front matter sets them."""
    people, about, notes = tuple[Contact, ...](), "", list[Note]()
    if "contacts" not in front.named:
        opened.after, people, notes = contacts(opened.after, sender=sender)
    if "boilerplate" not in front.named:
        opened.after, about, remarks = boilerplate(opened.after, sender=sender)
        notes += remarks
    return people, about, notes


def _place(opened: Opening) -> tuple[str, list[Note]]:
    """The place of a dateline, which is taken off the first paragraph after the title."""
    for index, piece in enumerate(opened.after):
        if piece.kind != PICTURE:
            found = dateline(piece)
            if found is None:
                break
            place, date, opened.after[index] = found
            return place, [note("dateline", piece.line, left_out=date)]
    return "", []


def _take_lead(before: list[Found], after: list[Found], notes: list[Note]) -> str:
    """The first paragraph after the title, taken out of ``after`` unless it is all there is."""
    index = next((i for i, one in enumerate(after) if not isinstance(one, FoundImage)), -1)
    first = after[index] if index >= 0 else None
    others = sum(not isinstance(one, FoundImage) for one in before + after) > 1
    if not (isinstance(first, Paragraph) and others) or dashed(first.text):
        return ""
    lead = flat(first.text)
    if len(lead) > MAX_LEAD:
        return ""
    notes += [note("link", detail=address) for address in addresses(first.text)]
    del after[index]
    return lead


def _pictures(folder: Path | None, source: Source, notes: list[Note]) -> Picture:
    def take(piece: Piece, caption: str) -> FoundImage | None:
        alt = flat(piece.text)
        found = media.picture(piece.source, folder, source.pictures)
        if not isinstance(found, FoundImage):
            address = piece.source if len(piece.source) < 2_000 else ""
            words = " ".join(filter(None, [alt, caption]))
            notes.append(note(found, piece.line, detail=address, left_out=words))
            return None
        credit = lexicon.CREDIT.search(caption)
        if credit is None or not caption[credit.end() :].strip():
            return replace(found, alt=alt, caption=caption)
        notes.append(note("credit", piece.line, left_out=credit[0].strip()))
        by = caption[credit.end() :].strip(" .)")
        return replace(found, alt=alt, caption=caption[: credit.start()].strip(" ("), credit=by)

    return take


def _placed(found: Sequence[Found]) -> Iterator[FoundImage]:
    position = 0
    for one in found:
        if isinstance(one, FoundImage):
            yield replace(one, position=position)
        else:
            position += 1


def _in_order(one: Note) -> float:
    return one.line if one.line is not None else 0 if one.rule == "encoding" else math.inf
