"""The YAML between ``---`` that may stand before a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from distributor.newsroom.importing import lexicon, media
from distributor.newsroom.importing.characters import clean
from distributor.newsroom.importing.contacts import contact_in
from distributor.newsroom.importing.draft import FoundEvent, FoundFile, FoundImage, Unreadable
from distributor.newsroom.importing.notes import Note, note
from distributor.release import Contact

TEXTS = ("title", "lead", "language", "place", "case_number", "at", "embargo", "replaces")
KEYS = frozenset(
    {*TEXTS, "type", "boilerplate", "topics", "lists", "contacts", "event", "images", "attachments"}
)
_MAX = 65_536
_MAX_BRACKETS = 200
_OPEN = re.compile(r"---[ \t]*\n")
_CLOSE = re.compile(r"^(?:---|\.\.\.)[ \t]*$", re.MULTILINE)
_KNOWN_KEY = re.compile(rf"^(?:{'|'.join(sorted(KEYS))})[ \t]*:", re.MULTILINE)
_EVENT = frozenset({"start", "place", "end", "address", "url", "registration", "status"})
_CONTACT = frozenset({"name", "role", "organisation", "phone", "email", "hours"})
_IMAGE = frozenset({"file", "alt", "caption", "credit", "licence", "expires", "decorative"})
_ATTACHMENT = frozenset({"file", "title", "language"})
_YES = frozenset({"true", "yes", "ja", "on"})


@dataclass(slots=True)
class FrontMatter:
    """What it sets. ``texts`` has the keys of :data:`TEXTS`, ``type`` and ``boilerplate``;
    ``named`` every key that has a value."""

    texts: dict[str, str] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    event: FoundEvent | None = None
    images: list[FoundImage] = field(default_factory=list)
    attachments: list[FoundFile] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    named: frozenset[str] = frozenset()


def divided(text: str) -> tuple[str, str, int]:
    """The YAML of the front matter, the text after it, and the line on which that begins.

    Text between two lines of hyphens is front matter if some line of it begins with a known key.
    """
    start = _OPEN.match(text)
    end = _CLOSE.search(text, start.end()) if start else None
    if start and end and end.end() <= _MAX:
        inner = text[start.end() : end.start()]
        if _KNOWN_KEY.search(inner):
            rest = text[end.end() :].removeprefix("\n")
            return inner, rest, text.count("\n", 0, len(text) - len(rest)) + 1
    return "", text, 1


def parse(source: str, folder: Path | None) -> FrontMatter:
    """What ``source`` sets, every scalar read as text; files are taken from ``folder``.

    An empty value sets nothing. Line 1 of the file is the line of hyphens.

    Raises:
        Unreadable: it is no YAML, or a known key has a value that it cannot have. So nothing is
            issued because, say, an embargo could not be read.
    """
    front = FrontMatter()
    if not source:
        return front
    named = set()
    for key, value in _entries(_root(source)):
        line = _line(value)
        if key not in KEYS:
            front.notes.append(
                note("front-matter-key", line, detail=f"{key}:", left_out=" ".join(_words(value)))
            )
        elif _filled(value):
            named.add(key)
            _set(front, key, value, folder)
    front.notes += [
        note("front-matter-comment", line, left_out=comment) for line, comment in _comments(source)
    ]
    front.named = frozenset(named)
    return front


def _root(source: str) -> yaml.MappingNode:
    if source.count("[") + source.count("{") > _MAX_BRACKETS:
        raise Unreadable(
            f"the front matter has more than {_MAX_BRACKETS} brackets; write lists out"
        )
    try:
        for token in yaml.scan(source, Loader=yaml.BaseLoader):
            if isinstance(token, yaml.AliasToken):
                line = token.start_mark.line + 2
                raise Unreadable(f"line {line}: front matter takes no YAML aliases; write it out")
        root = yaml.compose(source, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        problem = error.problem or "a mistake"
        raise Unreadable(
            f"line {line}: the front matter is not valid YAML ({problem}); put text that holds"
            " a colon or a hash in quotation marks"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable("the front matter is not valid YAML; correct it") from error
    if not isinstance(root, yaml.MappingNode):
        raise Unreadable("the front matter must be lines of the form `key: value`")
    return root


def _set(front: FrontMatter, key: str, value: yaml.Node, folder: Path | None) -> None:
    if key == "type":
        kind = lexicon.kind_named(_scalar(value, key))
        if kind is None:
            raise _wrong(value, key, "press, invitation or news")
        front.texts[key] = kind
    elif key == "boilerplate":
        rows = "\n".join(" ".join(row.split()) for row in _scalar(value, key).split("\n"))
        front.texts[key] = re.sub(r"\n{3,}", "\n\n", rows).strip()
    elif key in TEXTS:
        front.texts[key] = " ".join(_scalar(value, key).split())
    elif key in ("topics", "lists"):
        names = tuple(_strings(value, key))
        if key == "topics":
            front.topics = names
        else:
            front.lists = names
    elif key == "contacts":
        front.contacts = tuple(_contact(entry) for entry in _list(value))
    elif key == "event":
        event = _mapping(value, key, _EVENT)
        if event.get("status", "planned") not in ("planned", "changed", "cancelled"):
            raise _wrong(value, "the event's status", "planned, changed or cancelled")
        front.event = FoundEvent(**{"start": "", **event})
    elif key == "images":
        for entry in _list(value):
            _image(front, entry, folder)
    elif key == "attachments":
        for entry in _list(value):
            named = _file(entry, "attachments", _ATTACHMENT)
            file = named.pop("file")
            found = media.beside(folder, file)
            if found is None:
                left_out = " ".join([file, *named.values()])
                front.notes.append(note("file-missing", _line(entry), left_out=left_out))
            else:
                front.attachments.append(FoundFile(name=Path(file).name, data=found, **named))


def _image(front: FrontMatter, entry: yaml.Node, folder: Path | None) -> None:
    named = _file(entry, "images", _IMAGE)
    file = named.pop("file")
    decorative = named.pop("decorative", "").casefold() in _YES
    found = media.picture(file, folder, {})
    if isinstance(found, FoundImage):
        alt, caption, credit, licence, expires = (
            named.get(key, "") for key in ("alt", "caption", "credit", "licence", "expires")
        )
        front.images.append(
            replace(
                found,
                decorative=decorative,
                alt=alt,
                caption=caption,
                credit=credit,
                licence=licence,
                expires=expires,
            )
        )
    else:
        left_out = " ".join([file, *named.values()])
        front.notes.append(note(found, _line(entry), left_out=left_out))


def _contact(entry: yaml.Node) -> Contact:
    if isinstance(entry, yaml.ScalarNode):
        contact = contact_in(_scalar(entry, "contacts"))
        if contact is None:
            raise _wrong(entry, "contacts", "a name, and a phone number or an email address")
        return contact
    named = _mapping(entry, "contacts", _CONTACT)
    if "name" not in named:
        raise _wrong(entry, "contacts", "a name in each contact")
    return Contact(**named)


def _file(entry: yaml.Node, key: str, known: frozenset[str]) -> dict[str, str]:
    if isinstance(entry, yaml.ScalarNode):
        return {"file": _scalar(entry, key).strip()}
    named = _mapping(entry, key, known)
    if "file" not in named:
        raise _wrong(entry, key, "the key file in each entry")
    return named


def _mapping(node: yaml.Node, key: str, known: frozenset[str]) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(node, key, f"the keys {', '.join(sorted(known))}")
    values = dict(_entries(node))
    if unknown := next((name for name in values if name not in known), ""):
        raise _wrong(node, key, f"the keys {', '.join(sorted(known))}, not {unknown}")
    texts = {name: " ".join(_scalar(value, name).split()) for name, value in values.items()}
    return {name: text for name, text in texts.items() if text}


def _entries(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    seen = set()
    for name, value in node.value:
        key = _scalar(name, "a key").strip()
        if key in seen:
            raise Unreadable(f"line {_line(name)}: {key} stands twice in the front matter")
        seen.add(key)
        yield key, value


def _list(node: yaml.Node) -> Sequence[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else [node]


def _strings(node: yaml.Node, key: str) -> Iterator[str]:
    """The items of a list, or of a text parted by ``;`` (topics also by ``,``)."""
    if isinstance(node, yaml.SequenceNode):
        texts = [_scalar(item, key) for item in node.value]
    else:
        texts = re.split("[;,]" if key == "topics" else ";", _scalar(node, key))
    yield from (" ".join(text.split()) for text in texts if text.strip())


def _scalar(node: yaml.Node, key: str) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _wrong(node, key, "a text")
    return clean(node.value)


def _filled(node: yaml.Node) -> bool:
    return bool(node.value.strip() if isinstance(node, yaml.ScalarNode) else node.value)


def _words(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield clean(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _words(item)
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _words(name)
            yield from _words(value)


def _comments(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of what stands between the tokens: only comments can."""
    end, row = 0, 0
    for token in yaml.scan(source, Loader=yaml.BaseLoader):
        for number, part in enumerate(source[end : token.start_mark.index].split("\n")):
            if part.strip().startswith("#"):
                yield row + number + 2, part.strip().lstrip("# ")
        end, row = max(end, token.end_mark.index), token.end_mark.line


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 2


def _wrong(node: yaml.Node, key: str, wanted: str) -> Unreadable:
    return Unreadable(f"line {_line(node)}: {key} in the front matter must be {wanted}")
