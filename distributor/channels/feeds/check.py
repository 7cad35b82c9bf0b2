"""A document is read again, as a reader would, before it replaces the one that is out."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import lxml.html
from lxml import etree

from distributor.channels.feeds.generator import clark, whole_second
from distributor.channels.feeds.values import Entry, Feed

_PARSER = {"resolve_entities": False, "no_network": True, "huge_tree": True, "load_dtd": False}
_ADDRESS = re.compile(r"https?://[!#-;=?-~]+")
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[!#-;=?-~]+")
_ID = re.compile(r"tag:[!#-;=?-~]+,\d{4}[!#-;=?-~]*:[!#-;=?-~]+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_ACTIVE = frozenset(
    ("base", "button", "embed", "form", "frame", "iframe", "input", "link", "math", "object")
    + ("script", "style", "svg")
)
_URL_ATTRIBUTES = {"href", "src", "poster", "cite"}


@dataclass(frozen=True, slots=True)
class _Item:
    """What was read back of one entry. ``urls`` are those of links and files."""

    id: str
    url: str
    title: str
    summary: str
    html: str
    published: datetime
    updated: datetime
    authors: tuple[str, ...]
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Document:
    own_urls: tuple[str, ...]
    updated: datetime | None
    items: tuple[_Item, ...]
    urls: tuple[str, ...]


def problems(feed: Feed, entries: Sequence[Entry], documents: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with ``documents``, each a line; nothing if they may be published.

    ``entries`` is what each must hold, in that order.
    """
    twice = [id for id, count in Counter(entry.id for entry in entries).items() if count > 1]
    if twice:
        yield f"two entries have the id {twice[0]}"
    yield from _names(feed.id, feed.language)
    for entry in entries:
        for problem in (*_names(entry.id, entry.language), *_markup(entry.html)):
            yield f"{entry.id}: {problem}"
    for format, content in documents.items():
        try:
            document = _READERS[format](content)
        except (ValueError, LookupError, TypeError, AttributeError, etree.XMLSyntaxError) as error:
            yield f"{format}: cannot be read back: {error}"
        else:
            for problem in _differences(feed, entries, format, document):
                yield f"{format}: {problem}"


def _names(id: str, language: str) -> Iterator[str]:
    if not _ID.fullmatch(id):
        yield f"{id!r} is no tag URI"
    if not _LANGUAGE.fullmatch(language):
        yield f"{language!r} is no language (BCP 47), such as sv or en-GB"


def _differences(
    feed: Feed, entries: Sequence[Entry], format: str, document: _Document
) -> Iterator[str]:
    if document.own_urls != (feed.address(format),):
        yield f"names itself as {', '.join(document.own_urls) or 'nothing'}"
    if document.updated and document.updated != whole_second(feed.updated(entries)):
        yield f"says it changed at {document.updated.isoformat()}"
    if len(document.items) != len(entries):
        yield f"holds {len(document.items)} entries, not {len(entries)}"
    for url in document.urls:
        if not _ADDRESS.fullmatch(url):
            yield f"{url!r} is no absolute address in ASCII"
    for entry, item in zip(entries, document.items, strict=False):
        for problem in _difference(entry, item):
            yield f"{entry.id}: {problem}"


def _difference(entry: Entry, item: _Item) -> Iterator[str]:
    for name in ("id", "url", "title", "summary", "html"):
        if getattr(entry, name) != getattr(item, name):
            yield f"its {name} reads back as {getattr(item, name)[:200]!r}"
    for name in ("published", "updated"):
        if whole_second(getattr(entry, name)) != getattr(item, name):
            yield f"its {name} date reads back as {getattr(item, name).isoformat()}"
    if not item.id or not item.title:
        yield "has no id or no title"
    if not all(item.authors) or ", ".join(item.authors) != ", ".join(entry.authors):
        yield f"its authors read back as {item.authors!r}"
    if not item.authors:
        yield "has no author"
    for url in (item.url, *item.urls):
        if not _ADDRESS.fullmatch(url):
            yield f"{url!r} is no absolute address in ASCII"


@lru_cache(maxsize=1024)
def _markup(text: str) -> tuple[str, ...]:
    """What is wrong with an entry's HTML. Kept, since one text stands in many feeds."""
    if not text.strip():
        return ("has no text",)
    return tuple(_markup_problems(lxml.html.fragment_fromstring(text, create_parent="div")))


def _markup_problems(root: Any) -> Iterator[str]:
    for node in root.iter(etree.Element):
        if node.tag in _ACTIVE:
            yield f"its text holds <{node.tag}>"
        for name, value in node.attrib.items():
            if name in _URL_ATTRIBUTES and not _LINK.fullmatch(value):
                yield f"its text holds the address {value!r}, which is not absolute ASCII"
            if name == "style" or name.startswith("on"):
                yield f"its text holds the attribute {name!r}"


def _read_rss(content: bytes) -> _Document:
    channel = _parse(content).find("channel")
    return _Document(
        own_urls=tuple(link.get("href") for link in _links(channel, "atom:link", "self")),
        updated=_mail_date(channel.findtext("lastBuildDate")),
        items=tuple(map(_read_item, channel.findall("item"))),
        urls=(channel.findtext("link"), *_addresses(channel, "atom:link", "image/url")),
    )


def _read_item(item: Any) -> _Item:
    (link,) = item.findall("link")
    (guid,) = item.findall("guid")
    (creator,) = item.findall(clark("dc:creator"))
    if guid.get("isPermaLink") != "false":
        raise ValueError("a guid is said to be an address")
    return _Item(
        id=guid.text or "",
        url=link.text or "",
        title=item.findtext("title") or "",
        summary=html.unescape(item.findtext("description") or ""),
        html=item.findtext(clark("content:encoded")) or "",
        published=_mail_date(item.findtext("pubDate")),
        updated=_date(item.findtext(clark("atom:updated"))),
        authors=(creator.text,) if creator.text else (),
        urls=tuple(_addresses(item, "atom:link", "enclosure", "media:content")),
    )


def _read_atom(content: bytes) -> _Document:
    feed = _parse(content)
    return _Document(
        own_urls=tuple(link.get("href") for link in _links(feed, "atom:link", "self")),
        updated=_date(feed.findtext(clark("atom:updated"))),
        items=tuple(map(_read_entry, feed.findall(clark("atom:entry")))),
        urls=tuple(_addresses(feed, "atom:link", "atom:author/atom:uri", "atom:logo", "atom:icon")),
    )


def _read_entry(entry: Any) -> _Item:
    (alternate,) = _links(entry, "atom:link", "alternate")
    if entry.find(clark("atom:content")).get("type") != "html":
        raise ValueError("the text of an entry is not said to be HTML")
    return _Item(
        id=entry.findtext(clark("atom:id")) or "",
        url=alternate.get("href"),
        title=entry.findtext(clark("atom:title")) or "",
        summary=entry.findtext(clark("atom:summary")) or "",
        html=entry.findtext(clark("atom:content")) or "",
        published=_date(entry.findtext(clark("atom:published"))),
        updated=_date(entry.findtext(clark("atom:updated"))),
        authors=tuple(node.text or "" for node in entry.findall(_path("atom:author/atom:name"))),
        urls=tuple(_addresses(entry, "atom:link", "media:content")),
    )


def _read_json(content: bytes) -> _Document:
    feed = json.loads(content)
    own = (feed["home_page_url"], *(feed[key] for key in ("icon", "favicon") if key in feed))
    return _Document(
        own_urls=(feed["feed_url"],),
        updated=None,
        items=tuple(map(_read_object, feed["items"])),
        urls=(*own, *(hub["url"] for hub in feed.get("hubs", ()))),
    )


def _read_object(item: Any) -> _Item:
    about = item["_release"]
    urls = [each["url"] for each in item.get("attachments", ())]
    urls += [each["url"] for each in about.get("translations", ())]
    return _Item(
        id=item["id"],
        url=item["url"],
        title=item["title"],
        summary=item["summary"],
        html=item["content_html"],
        published=_date(item["date_published"]),
        updated=_date(item["date_modified"]),
        authors=tuple(author["name"] for author in item["authors"]),
        urls=(*urls, about["about"], *([about["ninjs"]] if "ninjs" in about else [])),
    )


_READERS = {"rss": _read_rss, "atom": _read_atom, "json": _read_json}


def _parse(content: bytes) -> Any:
    root = etree.fromstring(content, etree.XMLParser(**_PARSER))
    for name in ("author", "managingEditor", "webMaster", clark("atom:email")):
        if root.find(f".//{name}") is not None:
            raise ValueError(f"an element <{name}> is for mail addresses, which no feed gives")
    return root


def _path(path: str) -> str:
    return "/".join(map(clark, path.split("/")))


def _links(parent: Any, path: str, rel: str) -> list[Any]:
    return [link for link in parent.findall(_path(path)) if link.get("rel", "alternate") == rel]


def _addresses(parent: Any, *paths: str) -> Iterator[str]:
    for path in paths:
        for node in parent.findall(_path(path)):
            yield node.get("href") or node.get("url") or node.text or ""


def _date(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.utcoffset() != timedelta(0) or moment.microsecond:
        raise ValueError(f"{text} is not a whole second in UTC")
    return moment


def _mail_date(text: str) -> datetime:
    if not text.endswith(" +0000"):
        raise ValueError(f"{text} is not in UTC")
    return parsedate_to_datetime(text)
