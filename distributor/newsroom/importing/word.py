"""Word files (.docx) to pieces: mammoth makes HTML of them, and their words are counted."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import replace
from io import BytesIO
from typing import Any
from zipfile import BadZipFile, ZipFile

import mammoth
from mammoth.docx.files import InvalidFileReferenceError

from distributor.newsroom.importing import word_text
from distributor.newsroom.importing.characters import checked, core, refuse_foreign, words
from distributor.newsroom.importing.draft import Unreadable
from distributor.newsroom.importing.inline import escape, plain
from distributor.newsroom.importing.markup import Reader
from distributor.newsroom.importing.notes import note
from distributor.newsroom.importing.pieces import ITEM, PARAGRAPH, Piece, Source

MAX_PACKED = 50_000_000
MAX_UNPACKED = 200_000_000
MAX_XML = 40_000_000
"""Octets: of the file, of all that it holds, and of the XML in it, which has to be in memory."""

_MAX_PARTS = 5_000
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
br[type='page'] => br
br[type='column'] => br
"""
_PREFIX = "import-"
_REFERENCE = re.compile(
    rf'<sup><a href="#{_PREFIX}(?:foot|end)note-[^"]*" id="{_PREFIX}(?:foot|end)note-ref-[^"]*">'
    r"\[\d+\]</a></sup>"
)
_RETURN = re.compile(rf'<a href="#{_PREFIX}(?:foot|end)note-ref-[^"]*">↑</a>')
_NOTES = re.compile(rf'<ol><li id="{_PREFIX}(?:foot|end)note-')
_ROLES = ("header", "footer", "comments", "footnotes", "endnotes")
_ROLE = re.compile(rf"\.(main|{'|'.join(_ROLES)})\+xml$")
_DRAWING = re.compile(r"word/diagrams/data\d*\.xml")
_ASIDE = {"header": "header", "footer": "header", "comments": "comment", "drawing": "drawing"}
_NEAR = 50
"""How far ahead a paragraph is looked for among the pieces."""

_DAMAGED = "this is no Word document that can be read; open it in Word and save it as .docx anew"


def read(data: bytes) -> Source:
    """The pieces of a .docx file: the text as it is with all tracked changes accepted.

    Footnotes follow as paragraphs; headers, footers and comments become notes. Where mammoth
    leaves out a word (a simple field, a formula), the paragraph is given as it stands in the file.

    Raises:
        Unreadable: it is no Word document, is damaged, or is above a limit.
    """
    with _opened(data) as archive:
        parts = _texts(archive)
    checked("\n".join(paragraph for texts in parts.values() for paragraph in texts))
    paragraphs = parts["main"] + parts["footnotes"] + parts["endnotes"]
    pictures: dict[str, tuple[str, bytes]] = {}
    body, footnotes = _html(data, pictures)
    ruled = [(piece, "") for piece in _read(body)] + [
        (replace(piece, kind=PARAGRAPH), "footnote") if piece.kind == ITEM else (piece, "")
        for piece in _read(footnotes)
    ]
    ruled = _mended(ruled, paragraphs)
    return Source(
        pieces=[replace(piece, line=line) for line, (piece, _rule) in enumerate(ruled, 1)],
        paragraphs=list(enumerate(paragraphs, 1)),
        notes=[note(rule, line) for line, (_piece, rule) in enumerate(ruled, 1) if rule]
        + [note(rule, left_out=text) for role, rule in _ASIDE.items() for text in parts[role]],
        pictures=pictures,
    )


def _opened(data: bytes) -> ZipFile:
    if len(data) > MAX_PACKED:
        raise Unreadable("the Word document is larger than 50 MB; take pictures out of it")
    if not data.startswith(b"PK"):
        refuse_foreign(data)
    try:
        archive = ZipFile(BytesIO(data))
    except (BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable(_DAMAGED) from error
    entries = archive.infolist()
    markup = [entry for entry in entries if entry.filename.endswith((".xml", ".rels"))]
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("the Word document is locked with a password; save it without")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED or len(entries) > _MAX_PARTS:
        raise Unreadable("the Word document unpacks to more than 200 MB; take pictures out of it")
    if sum(entry.file_size for entry in markup) > MAX_XML:
        raise Unreadable("the Word document holds more than 40 MB of markup; save the text as .txt")
    for entry in markup:
        word_text.check_prolog(_part(archive, entry.filename))
    return archive


def _part(archive: ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (BadZipFile, KeyError, NotImplementedError, EOFError, OSError, zlib.error) as error:
        raise Unreadable(_DAMAGED) from error


def _texts(archive: ZipFile) -> dict[str, list[str]]:
    """The paragraphs of every part that holds text, by the part's role."""
    names: dict[str, list[str]] = {role: [] for role in ("main", "drawing", *_ROLES)}
    for name in archive.namelist():
        if _DRAWING.fullmatch(name):
            names["drawing"].append(name)
    for name, kind in word_text.content_types(_part(archive, "[Content_Types].xml")):
        match = _ROLE.search(kind)
        if match and name in archive.namelist():
            names[match[1]].append(name)
    if not names["main"]:
        raise Unreadable(_DAMAGED)
    main = [word_text.read(_part(archive, name)) for name in names.pop("main")]
    texts = {"main": [text for part in main for text in part.paragraphs]}
    for role, found in names.items():
        kept = {
            identity for part in main for kind, identity in part.references if f"{kind}s" == role
        }
        only = kept if role in ("footnotes", "endnotes") else None
        texts[role] = [
            text
            for name in found
            for text in word_text.read(_part(archive, name), notes=only).paragraphs
        ]
    return texts


def _html(data: bytes, pictures: dict[str, tuple[str, bytes]]) -> tuple[str, str]:
    """The HTML of body and footnotes; the pictures go into ``pictures`` by their ``src``."""

    def keep(image: Any) -> dict[str, str]:
        source = f"word-picture-{len(pictures) + 1}"
        try:
            with image.open() as opened:
                pictures[source] = (image.content_type or "", opened.read())
        except (InvalidFileReferenceError, KeyError, BadZipFile):
            return {"src": ""}
        return {"src": source}

    try:
        result = mammoth.convert_to_html(
            BytesIO(data),
            style_map=_STYLES,
            include_embedded_style_map=False,
            external_file_access=False,
            id_prefix=_PREFIX,
            convert_image=mammoth.images.img_element(keep),
        )
    except Exception as error:  # mammoth promises nothing on what a damaged document raises
        raise Unreadable(_DAMAGED) from error
    html = _RETURN.sub("", _REFERENCE.sub("", str(result.value)))
    start = next((match.start() for match in _NOTES.finditer(html)), len(html))
    return html[:start], html[start:]


def _read(html: str) -> list[Piece]:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.pieces


def _mended(ruled: list[tuple[Piece, str]], paragraphs: list[str]) -> list[tuple[Piece, str]]:
    """``ruled`` with every paragraph of which a word is missing, as it stands in the file.

    It takes the place of the piece that has the rest of its words; where there is none it follows
    the piece before it.
    """
    own = [_cores(plain(piece.text)) for piece, _rule in ruled]
    missing = _cores(" ".join(paragraphs))
    for counted in own:
        missing.subtract(counted)
    missing = +missing
    after: dict[int, list[tuple[Piece, str]]] = {}
    place = -1
    for text in paragraphs if missing else ():
        wanted = _cores(text)
        lost = wanted & missing
        missing -= lost
        near = range(place + 1, min(place + 1 + _NEAR, len(own)))
        if not lost:
            place = next((index for index in near if own[index] == wanted), place)
            continue
        rest = wanted - lost
        letters = _letters(text)
        found = next(
            (
                index
                for index in near
                if (rest and own[index] == rest) or _letters(plain(ruled[index][0].text)) == letters
            ),
            None,
        )
        if found is None:
            whole = Piece(kind=PARAGRAPH, text=escape(text), line=0)
            after.setdefault(place, []).append((whole, "lost-word"))
        else:
            ruled[found] = (replace(ruled[found][0], text=escape(text)), "lost-word")
            place = found
    return [
        entry
        for index in range(-1, len(ruled))
        for entry in [*(ruled[index : index + 1] if index >= 0 else []), *after.get(index, [])]
    ]


def _cores(text: str) -> Counter[str]:
    return Counter(core(word) for word in words(text))


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
