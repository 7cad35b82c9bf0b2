"""The paragraphs of a part of a Word file, read without any rule.

WordprocessingML is ISO/IEC 29500-1. Text deleted or moved away by a tracked change is no text;
text inserted or moved here is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from xml.parsers import expat

from distributor.newsroom.importing.characters import clean
from distributor.newsroom.importing.draft import Unreadable

_WORD = (
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "http://purl.oclc.org/ooxml/wordprocessingml/main",
)
_MATHS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "http://purl.oclc.org/ooxml/officeDocument/math",
)
_DRAWING = (
    "http://schemas.openxmlformats.org/drawingml/2006/main",
    "http://purl.oclc.org/ooxml/drawingml/main",
)
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_SHORT = (
    dict.fromkeys(_WORD, "w")
    | dict.fromkeys(_MATHS, "m")
    | dict.fromkeys(_DRAWING, "a")
    | {_COMPATIBILITY: "mc"}
)
_TEXT = frozenset({"w:t", "m:t", "a:t"})
_PARAGRAPHS = frozenset({"w:p", "a:p"})
_CHARACTERS = {
    "w:tab": " ",
    "w:ptab": " ",
    "w:br": "\n",
    "w:cr": "\n",
    "a:br": "\n",
    "w:noBreakHyphen": "\u2011",
}
_GONE = frozenset({"w:del", "w:moveFrom"})
_NOTES = frozenset({"w:footnote", "w:endnote"})
_REFERENCES = {"w:footnoteReference": "footnote", "w:endnoteReference": "endnote"}
_MAX_DEPTH = 300
_DAMAGED = "the Word document is damaged; open it in Word and save it anew"


@dataclass(slots=True)
class Part:
    """``paragraphs`` in reading order; ``references`` are the notes that text still there names,
    such as ``("footnote", "2")``."""

    paragraphs: list[str] = field(default_factory=list)
    references: set[tuple[str, str]] = field(default_factory=set)


def check_prolog(data: bytes) -> None:
    """Refuse XML that declares a document type: it could define entities without end.

    Raises:
        Unreadable: it does.
    """
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _stop
    try:
        parser.Parse(data, True)
    except (_Enough, expat.ExpatError):
        return


def read(data: bytes, *, notes: Collection[str] | None = None) -> Part:
    """The paragraphs of one part; of footnotes and endnotes only those with an id in ``notes``.

    Raises:
        Unreadable: the XML is damaged, declares a document type or is nested too deeply.
    """
    reader = _Reader(notes)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Unreadable(_DAMAGED) from error
    reader.close()
    return reader.part


def content_types(data: bytes) -> list[tuple[str, str]]:
    """Name and content type of the parts that ``[Content_Types].xml`` lists one by one.

    Raises:
        Unreadable: the XML is damaged.
    """
    found: list[tuple[str, str]] = []

    def start(_name: str, attributes: dict[str, str]) -> None:
        if "PartName" in attributes:
            name = attributes["PartName"].lstrip("/")
            found.append((name, attributes.get("ContentType", "")))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Unreadable(_DAMAGED) from error
    return found


class _Enough(Exception):
    pass


def _stop(*_arguments: object) -> None:
    raise _Enough


def _refuse(*_arguments: object) -> None:
    raise Unreadable("the Word document declares a DOCTYPE, which Word never does; save it anew")


class _Reader:
    def __init__(self, notes: Collection[str] | None) -> None:
        self.part = Part()
        self._notes = notes
        self._path: list[str] = []
        self._gone = 0
        self._open: list[int] = []
        self._texts: list[list[str]] = []
        self._carried: list[str] = []
        self._merges: list[bool] = []
        self._chosen: list[int] = []
        self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) > _MAX_DEPTH:
            raise Unreadable("the Word document is nested too deeply; open it in Word and save it")
        namespace, _space, local = name.rpartition(" ")
        tag = f"{_SHORT.get(namespace, namespace)}:{local}"
        around = self._path[-2:]
        self._path.append(tag)
        if self._gone or self._goes(tag, attributes):
            self._gone += 1
        elif tag == "w:del" and around == ["w:pPr", "w:rPr"] and self._merges:
            self._merges[-1] = True
        elif tag == "w:del" and around[-1:] == ["w:trPr"]:
            self._gone = len(["w:del", "w:trPr", "w:tr"])
        elif tag in _PARAGRAPHS:
            self._open.append(len(self._texts))
            self._merges.append(False)
            self._texts.append(self._carried)
            self._carried = []
        elif tag in _CHARACTERS and "w:pPr" not in around:
            self._add(_CHARACTERS[tag])
        elif tag in _REFERENCES:
            self.part.references.add((_REFERENCES[tag], _identity(attributes)))
        elif tag == "mc:AlternateContent":
            self._chosen.append(self._length)

    def end(self, _name: str) -> None:
        tag = self._path.pop()
        if self._gone:
            self._gone -= 1
        elif tag in _PARAGRAPHS:
            index = self._open.pop()
            if self._merges.pop():
                self._carried = self._texts[index]
                self._texts[index] = []
        elif tag == "mc:AlternateContent":
            self._chosen.pop()

    def text(self, data: str) -> None:
        if not self._gone and self._path[-1] in _TEXT:
            self._add(data)

    def close(self) -> None:
        texts = [*self._texts, self._carried]
        cleaned = (" ".join(clean("".join(text)).split()) for text in texts)
        self.part.paragraphs = [text for text in cleaned if text]

    def _goes(self, tag: str, attributes: dict[str, str]) -> bool:
        """Whether an element and all within it is no text."""
        if tag in _GONE:
            return self._path[-2:-1] not in (["w:rPr"], ["w:trPr"])
        if tag in _NOTES and self._notes is not None:
            return _identity(attributes) not in self._notes
        return tag == "mc:Fallback" and bool(self._chosen) and self._length > self._chosen[-1]

    def _add(self, text: str) -> None:
        if not self._open:
            self._texts.append([text])
        else:
            self._texts[self._open[-1]].append(text)
        self._length += len(text.strip())


def _identity(attributes: dict[str, str]) -> str:
    return next((attributes[f"{uri} id"] for uri in _WORD if f"{uri} id" in attributes), "")
