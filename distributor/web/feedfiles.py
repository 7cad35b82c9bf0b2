"""The feeds as files over HTTP, in front of Django: no database, session or template.

What is served is what stands in the public folder; a web server that serves the folder itself
(``config/nginx.conf``) answers alike.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.http import http_date, parse_etags, parse_http_date_safe

from distributor.adapters import files
from distributor.channels.feeds import TYPES

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MEMORY = 64_000_000

_OURS = re.compile(r"/feeds/.*\.(rss|atom|json)|/feeds/style-.*\.(css)", re.DOTALL)
_SAFE = re.compile(r"/feeds(?:/[A-Za-z0-9_-]+)+\.(?:rss|atom|json|css)")
_METHODS = "GET, HEAD, OPTIONS"
_ALWAYS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Last-Modified, Link"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'self'"),
)
_FOR_PROGRAMS = "public, max-age=60, stale-while-revalidate=30"
_FOR_BROWSERS = "private, max-age=60"

Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was read. ``etag`` is strong: a hash of these bytes (RFC 9110 §8.8.3)."""

    state: tuple[int, int, int]
    content: bytes
    etag: str
    modified: int


class FeedFiles:
    """A WSGI layer that answers for feeds and their stylesheets and hands on all else.

    ``public`` is the folder whose files have the paths of the addresses, ``site_url`` what stands
    before them, ``hub_url`` the WebSub hub that every feed but an archive document names. No more
    than ``memory`` octets of files are kept; the least recently used leave first.
    """

    def __init__(
        self,
        application: WSGIApplication,
        public: Path,
        site_url: str,
        hub_url: str | None,
        *,
        memory: int = MEMORY,
    ) -> None:
        self._application = application
        self._public = os.fspath(public)
        self._site = site_url.rstrip("/")
        self._hub = hub_url
        self._memory = memory
        self._table: OrderedDict[str, _File] = OrderedDict()
        self._octets = 0
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/feeds/"):
            return self._application(environ, start)
        ours = _OURS.fullmatch(path)
        if ours is None:
            return self._application(environ, start)
        kind = ours[1] or ours[2]
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return self._without_file(method, start)
        wanted = _negotiated(environ.get("HTTP_ACCEPT_ENCODING", ""))
        try:
            coding, file = self._find(path, wanted)
        except FileNotFoundError:
            return self._missing(path, method, start)
        except OSError:
            return self._later(method, start)
        if coding is None:
            return self._text(start, "406 Not Acceptable", "Accept identity, gzip or br.", method)
        in_browser = kind in ("rss", "atom") and environ.get("HTTP_SEC_FETCH_DEST") == "document"
        headers = self._headers(path, kind, in_browser)
        headers += [("ETag", file.etag), ("Last-Modified", _last_modified(file.modified))]
        if _not_modified(environ, file):
            start("304 Not Modified", headers)
            return [b""]
        headers += [
            ("Content-Type", _content_type(kind, in_browser)),
            ("Content-Length", str(len(file.content))),
        ]
        if coding != "identity":
            headers.append(("Content-Encoding", coding))
        start("200 OK", headers)
        return [file.content if method == "GET" else b""]

    def _find(self, path: str, wanted: tuple[str, ...]) -> tuple[str | None, _File]:
        """The first of ``wanted`` codings there is, and its file.

        Raises:
            FileNotFoundError: there is none at this path, or nothing may be there.
        """
        if not _SAFE.fullmatch(path):
            raise FileNotFoundError(path)
        for coding in wanted:
            try:
                return coding, self._read(self._public + path + files.ENCODINGS.get(coding, ""))
            except FileNotFoundError:
                continue
        return None, self._read(self._public + path)

    def _read(self, name: str) -> _File:
        """The file as it is now: one ``stat``, and its bytes from the table if they still hold."""
        found = os.stat(name)
        file = self._table.get(name)
        if file is not None and file.state == _state(found):
            with self._lock:
                if name in self._table:
                    self._table.move_to_end(name)
            return file
        with open(name, "rb") as opened:
            found = os.fstat(opened.fileno())
            content = opened.read()
        digest = hashlib.sha256(content).hexdigest()[:32]
        file = _File(_state(found), content, f'"{digest}"', int(found.st_mtime))
        if len(content) <= self._memory:
            self._keep(name, file)
        return file

    def _keep(self, name: str, file: _File) -> None:
        with self._lock:
            old = self._table.pop(name, None)
            self._octets += len(file.content) - (len(old.content) if old else 0)
            self._table[name] = file
            while self._octets > self._memory:
                _, least = self._table.popitem(last=False)
                self._octets -= len(least.content)

    def _headers(self, path: str, kind: str, in_browser: bool) -> list[Header]:
        by_destination = ", Sec-Fetch-Dest" if kind in ("rss", "atom") else ""
        headers = [
            ("Cache-Control", _FOR_BROWSERS if in_browser else _FOR_PROGRAMS),
            ("Vary", "Accept-Encoding" + by_destination),
            *_ALWAYS,
        ]
        if kind != "css":
            link = f'<{self._site}{path}>; rel="self"'
            if self._hub and not path.startswith("/feeds/archive/"):
                link += f', <{self._hub}>; rel="hub"'
            headers.append(("Link", link))
        return headers

    def _without_file(self, method: str, start: StartResponse) -> Iterable[bytes]:
        if method != "OPTIONS":
            allow = ("Allow", _METHODS)
            return self._text(start, "405 Method Not Allowed", "Use GET.", method, allow)
        headers = [
            ("Allow", _METHODS),
            ("Access-Control-Allow-Methods", _METHODS),
            ("Access-Control-Allow-Headers", "If-None-Match, If-Modified-Since"),
            ("Access-Control-Max-Age", "86400"),
            ("Cache-Control", "public, max-age=60"),
            *_ALWAYS,
        ]
        start("204 No Content", headers)
        return [b""]

    def _missing(self, path: str, method: str, start: StartResponse) -> Iterable[bytes]:
        listed = f"{self._site}/feeds/"
        if not os.path.exists(f"{self._public}/feeds/all.atom"):
            return self._later(method, start)
        caching = ("Cache-Control", "public, max-age=60")
        if _SAFE.fullmatch(path) and files.retired(Path(self._public + path)):
            words = f"Flödet har upphört. This feed has ended. {listed}"
            return self._text(start, "410 Gone", words, method, caching)
        words = f"Det finns inget sådant flöde. There is no such feed. {listed}"
        return self._text(start, "404 Not Found", words, method, caching)

    def _later(self, method: str, start: StartResponse) -> Iterable[bytes]:
        words = f"Flödena skrivs just nu. The feeds are being written. {self._site}/feeds/"
        later = (("Retry-After", "5"), ("Cache-Control", "no-store"))
        return self._text(start, "503 Service Unavailable", words, method, *later)

    def _text(
        self, start: StartResponse, status: str, words: str, method: str, *more: Header
    ) -> Iterable[bytes]:
        content = f"{words}\n".encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(content))),
            *more,
            *_ALWAYS,
        ]
        start(status, headers)
        return [b"" if method == "HEAD" else content]


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _content_type(kind: str, in_browser: bool) -> str:
    # A browser offers a feed's own type for download; XML it shows, with the stylesheet.
    media = "text/css" if kind == "css" else "application/xml" if in_browser else TYPES[kind]
    return f"{media}; charset=utf-8"


def _last_modified(modified: int) -> str:
    """RFC 9110 §8.8.2.1: never later than now."""
    return _dated(min(modified, int(time.time())))


@lru_cache(maxsize=256)
def _dated(second: int) -> str:
    return http_date(second)


def _not_modified(environ: WSGIEnvironment, file: _File) -> bool:
    """RFC 9110 §13.2.2: ``If-None-Match`` by weak comparison; only without it the date counts."""
    if tags := environ.get("HTTP_IF_NONE_MATCH"):
        if tags == file.etag:
            return True
        known = [tag.removeprefix("W/") for tag in parse_etags(tags)]
        return known == ["*"] or file.etag in known
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    moment = parse_http_date_safe(since) if since else None
    return moment is not None and file.modified <= moment


@lru_cache(maxsize=1024)
def _negotiated(accepted: str) -> tuple[str, ...]:
    """The codings that an ``Accept-Encoding`` allows, best first (RFC 9110 §12.5.3).

    Of equal weights ``br`` comes before ``gzip`` before ``identity``. Identity that is not named is
    the last choice.
    """
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights["gzip" if name == "x-gzip" else name] = _weight(parameters)
    others = weights.get("*", 0.0)
    identity = weights.get("identity", weights.get("*", 0.0001))
    offered = {
        "br": weights.get("br", others),
        "gzip": weights.get("gzip", others),
        "identity": identity,
    }
    return tuple(
        name for name, weight in sorted(offered.items(), key=lambda pair: -pair[1]) if weight > 0
    )


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if match := re.fullmatch(r"q\s*=\s*([01](?:\.\d{0,3})?)", parameter):
            return min(float(match[1]), 1.0)
    return 1.0
