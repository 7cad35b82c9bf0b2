"""Every address that the site serves: from its URL configuration, and by a crawl from its front."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit
from wsgiref.types import WSGIEnvironment
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern

from distributor.service import datadir
from distributor.web.feedfiles import FeedFiles

Answer = tuple[int, dict[str, str], bytes]

_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)\??")
_UNNAMED = re.compile(r"\((?:[^()]|\([^()]*\))*\)")
_LINK = re.compile(r'(?:href|src|action)="([^"]+)"|<loc>([^<]+)</loc>|"(https?://[^"\s]+)"')


@dataclass(frozen=True)
class Pattern:
    """A pattern of the URL configuration, and the names of what it takes."""

    text: str
    takes: tuple[str, ...]

    def filled(self, values: dict[str, str]) -> str:
        """The address with ``values`` in its places; every place must have one."""
        path = self.text
        for name in self.takes:
            path = path.replace(f"{{{name}}}", values[name], 1)
        return "/" + path


def patterns() -> list[Pattern]:
    """Every pattern of the URL configuration, those of the admin included."""
    return list(_patterns(get_resolver().url_patterns, ""))


def _patterns(found: list[Any], before: str) -> Iterator[Pattern]:
    for each in found:
        if isinstance(each.pattern, LocalePrefixPattern):
            for prefix in ("", *(f"{code}/" for code in settings.DISTRIBUTOR.site.languages[1:])):
                yield from _patterns(each.url_patterns, before + prefix)
        elif isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, before + _plain(each.pattern))
        else:
            assert isinstance(each, URLPattern)
            text = before + _plain(each.pattern)
            yield Pattern(text, tuple(re.findall(r"\{(\w+)\}", text)))


def _plain(pattern: Any) -> str:
    """A pattern's text with ``{name}`` for what it takes; ``{path}`` if that has no name."""
    if isinstance(pattern, RoutePattern):
        return _PLACE.sub(r"{\1}", str(pattern))
    assert isinstance(pattern, RegexPattern)
    text = _GROUP.sub(r"{\1}", str(pattern).lstrip("^").removesuffix("$").removesuffix("/?"))
    text = _UNNAMED.sub("{path}", text).replace("\\", "")
    text = text.replace(".*/", "{path}").replace(".*", "{path}")
    assert re.fullmatch(r"[\w/.{}-]*", text), f"{pattern} is not understood: {text}"
    return text


class Visitor:
    """Somebody without a session, who asks the site for addresses."""

    def __init__(self) -> None:
        site = settings.DISTRIBUTOR.site
        public = site.data_dir / datadir.PUBLIC
        self._feeds = FeedFiles(lambda environ, start: [], public, site.url, None)
        self._host = urlsplit(site.url).netloc

    def ask(self, path: str, method: str = "GET") -> Answer:
        """The status, the headers but those that tell the time, and the body."""
        if path.startswith("/feeds/") and path.rpartition(".")[2] in ("rss", "atom", "json"):
            return self._feed(path, method)
        client = Client(raise_request_exception=False)
        response = client.generic(method, path)
        content = b"".join(response) if response.streaming else response.content
        assert not response.cookies or path.startswith(("/admin/", "/_util/", "/en/_util/")), path
        told = {name: value for name, value in response.items() if name not in ("Date", "Expires")}
        return response.status_code, told, content

    def crawl(self, starts: list[str]) -> dict[str, Answer]:
        """Every address of the site that can be reached from ``starts`` by links."""
        found: dict[str, Answer] = {}
        waiting = list(starts)
        while waiting:
            path = waiting.pop()
            if path in found or path.startswith("/static/"):
                continue
            found[path] = self.ask(path)
            _, headers, content = found[path]
            kind = headers.get("Content-Type", "")
            links = [headers.get("Location", "")]
            if re.search(r"html|xml|json|text/plain", kind):
                links += map("".join, _LINK.findall(content.decode()))
            waiting += [own for link in links if link and (own := self._own(path, link))]
        return found

    def _own(self, path: str, link: str) -> str:
        parts = urlsplit(urljoin(f"http://{self._host}{path}", link.replace("&amp;", "&")))
        if parts.scheme not in ("http", "https") or parts.netloc != self._host:
            return ""
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _feed(self, path: str, method: str) -> Answer:
        environ: WSGIEnvironment = {"REQUEST_METHOD": method, "PATH_INFO": path}
        setup_testing_defaults(environ)
        told: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[..., object]:
            told.extend((int(status[:3]), dict(headers)))
            return lambda content: None

        content = b"".join(self._feeds(environ, start))
        return told[0], told[1], content
