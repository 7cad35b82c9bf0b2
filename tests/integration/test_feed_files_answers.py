"""How a feed is answered: called directly, under granian, and by nginx with our configuration."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import brotli
import pytest

from tests.integration import feed_files_servers as servers
from tests.integration.feed_files_servers import NGINX, Ask
from tests.unit.feeds_samples import FORMATS, SITE

PATHS = [f"/feeds/sv/all.{format}" for format in FORMATS]
TYPES = {
    "rss": "application/rss+xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8",
    "json": "application/feed+json; charset=utf-8",
}
OLD = "Thu, 01 Jan 1970 00:00:00 GMT"
PROGRAMS = "public, max-age=60, stale-while-revalidate=30"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    public = tmp_path_factory.mktemp("data") / "public"
    servers.publish(public)
    return public


@pytest.fixture(scope="module")
def granian_port(public: Path) -> Iterator[int]:
    with servers.granian(public) as port:
        yield port


@pytest.fixture(scope="module", params=["direct", "granian", "nginx"])
def server(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="module")
def ask(
    server: str,
    public: Path,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ask]:
    if server == "direct":
        yield servers.direct(public)
        return
    granian_port = request.getfixturevalue("granian_port")
    if server == "granian":
        yield servers.over_http(granian_port)
        return
    if NGINX is None:
        pytest.skip("nginx is not installed")
    with servers.nginx(public, tmp_path_factory.mktemp("nginx"), granian_port) as port:
        yield servers.over_http(port)


def ending(path: str) -> str:
    return path.rpartition(".")[2]


@pytest.mark.parametrize("path", PATHS)
def test_type_and_headers(ask: Ask, public: Path, path: str) -> None:
    answer = ask(path, accept="text/html")
    assert answer.status == 200
    assert answer.body == (public / path[1:]).read_bytes()
    assert answer.headers["content-type"] == TYPES[ending(path)]
    assert answer.headers["cache-control"] == PROGRAMS
    by_destination = "" if ending(path) == "json" else ", Sec-Fetch-Dest"
    assert answer.headers["vary"] == f"Accept-Encoding{by_destination}"
    assert answer.headers["link"] == (
        f'<{SITE.url}{path}>; rel="self", <{SITE.url}/feeds/hub>; rel="hub"'
    )
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "ETag, Last-Modified, Link"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; style-src 'self'"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "content-encoding" not in answer.headers
    assert "set-cookie" not in answer.headers
    modified = parsedate_to_datetime(answer.headers["last-modified"]).timestamp()
    assert modified == int((public / path[1:]).stat().st_mtime) <= time.time()
    assert answer.headers["etag"].startswith('"')


@pytest.mark.parametrize("path", PATHS)
def test_in_a_browser_xml_is_xml(ask: Ask, path: str) -> None:
    plain, shown = ask(path), ask(path, sec_fetch_dest="document")
    assert shown.body == plain.body
    assert shown.headers["etag"] == plain.headers["etag"]
    assert shown.headers["vary"] == plain.headers["vary"]
    assert shown.headers["link"] == plain.headers["link"]
    if ending(path) == "json":
        assert shown.headers["content-type"] == TYPES["json"]
        assert shown.headers["cache-control"] == PROGRAMS
    else:
        assert shown.headers["content-type"] == "application/xml; charset=utf-8"
        assert shown.headers["cache-control"] == "private, max-age=60"


def codings(server: str) -> tuple[str, ...]:
    """nginx has no brotli unless it was built in."""
    return ("gzip", "br") if server != "nginx" else ("gzip",)


@pytest.mark.parametrize("path", PATHS)
def test_encodings_are_ready_made(ask: Ask, server: str, public: Path, path: str) -> None:
    tags = {ask(path).headers["etag"]}
    for coding in codings(server):
        answer = ask(path, accept_encoding=coding)
        unpack = {"gzip": gzip.decompress, "br": brotli.decompress}[coding]
        assert answer.headers["content-encoding"] == coding
        assert answer.body == (public / f"{path[1:]}.{coding[:2]}").read_bytes()
        assert unpack(answer.body) == (public / path[1:]).read_bytes()
        assert answer.headers["content-type"] == TYPES[ending(path)]
        assert answer.headers["cache-control"] == PROGRAMS
        tags.add(answer.headers["etag"])
    assert len(tags) == 1 + len(codings(server))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0", None),
        ("identity", None),
        ("deflate", None),
        ("GZIP", "gzip"),
        ("gzip;q=0.1", "gzip"),
    ],
)
def test_weights_are_honoured(ask: Ask, accepted: str, coding: str | None) -> None:
    answer = ask(PATHS[0], accept_encoding=accepted)
    assert answer.status == 200
    assert answer.headers.get("content-encoding") == coding


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, br", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("br;q=0, *", "gzip"),
        ("*", "br"),
        ("gzip;q=0.5, identity", None),
        ("x-gzip", "gzip"),
        ("gzip;q=bad", "gzip"),
        ("", None),
    ],
)
def test_weights_in_our_own_layer(public: Path, accepted: str, coding: str | None) -> None:
    answer = servers.direct(public)(PATHS[0], accept_encoding=accepted)
    assert answer.headers.get("content-encoding") == coding


def test_when_nothing_is_acceptable(public: Path) -> None:
    for refused in ("identity;q=0", "*;q=0"):
        assert servers.direct(public)(PATHS[0], accept_encoding=refused).status == 406


@pytest.mark.parametrize("path", PATHS)
def test_conditional_requests(ask: Ask, server: str, path: str) -> None:
    for coding in ("identity", *codings(server)):
        fresh = ask(path, accept_encoding=coding)
        tag, date = fresh.headers["etag"], fresh.headers["last-modified"]
        for condition in (
            {"if_none_match": tag},
            {"if_none_match": f"W/{tag}"},
            {"if_none_match": f'"other", W/"more", {tag}'},
            {"if_none_match": "*"},
            # nginx wants both to hold, and sends the whole feed once too often.
            *([{"if_none_match": tag, "if_modified_since": OLD}] if server != "nginx" else []),
            {"if_modified_since": date},
            {"if_modified_since": formatdate(time.time(), usegmt=True)},
        ):
            answer = ask(path, accept_encoding=coding, **condition)
            assert (answer.status, answer.body) == (304, b""), condition
            for name in ("etag", "last-modified", "cache-control", "vary"):
                assert answer.headers[name] == fresh.headers[name], name
            assert answer.headers["access-control-allow-origin"] == "*"
        for condition in (
            {"if_none_match": '"other"'},
            {"if_none_match": '"other"', "if_modified_since": date},
            {"if_modified_since": "yesterday"},
            {"if_modified_since": OLD},
        ):
            assert ask(path, accept_encoding=coding, **condition).status == 200, condition


def test_the_tag_of_one_encoding_is_not_that_of_another(ask: Ask) -> None:
    tag = ask(PATHS[0], accept_encoding="gzip").headers["etag"]
    assert ask(PATHS[0], if_none_match=tag).status == 200


def test_old_forms_of_dates(public: Path) -> None:
    ask = servers.direct(public)
    for date in ("Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"):
        assert ask(PATHS[0], if_modified_since=date).status == 200
    moment = time.gmtime(time.time() + 60)
    assert ask(PATHS[0], if_modified_since=time.asctime(moment)).status == 304


@pytest.mark.parametrize("path", [*PATHS, "/feeds/all.atom", "/feeds/archive/sv/all/1.rss"])
def test_head_is_get_without_a_body(ask: Ask, path: str) -> None:
    for headers in ({}, {"accept_encoding": "gzip"}, {"sec_fetch_dest": "document"}):
        get, head = ask(path, **headers), ask(path, "HEAD", **headers)
        assert (head.status, head.body) == (200, b"")
        without = {"date", "connection", "keep-alive"}
        assert {name: value for name, value in head.headers.items() if name not in without} == {
            name: value for name, value in get.headers.items() if name not in without
        }


def test_an_archive_document_names_no_hub(ask: Ask) -> None:
    for format in FORMATS:
        path = f"/feeds/archive/sv/all/1.{format}"
        assert ask(path).headers["link"] == f'<{SITE.url}{path}>; rel="self"'


@pytest.mark.parametrize("path", PATHS)
def test_a_query_is_ignored(ask: Ask, path: str) -> None:
    plain, asked = ask(path), ask(f"{path}?utm=1&x=%2F")
    assert asked.status == 200
    assert (asked.body, asked.headers["etag"]) == (plain.body, plain.headers["etag"])
    assert asked.headers["link"] == plain.headers["link"]


@pytest.mark.parametrize("path", PATHS)
def test_options_allow_the_conditions(ask: Ask, path: str) -> None:
    answer = ask(path, "OPTIONS", origin="https://reader.example")
    assert (answer.status, answer.body) == (204, b"")
    allowed = answer.headers["access-control-allow-headers"]
    assert "If-None-Match" in allowed
    assert "If-Modified-Since" in allowed
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(ask: Ask, path: str, method: str) -> None:
    answer = ask(path, method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.body.count(b"\n") == 1


@pytest.mark.parametrize("format", FORMATS)
def test_unknown_and_ended_feeds(ask: Ask, format: str) -> None:
    for path, status in ((f"/feeds/sv/none.{format}", 404), (f"/feeds/sv/ended.{format}", 410)):
        answer = ask(path)
        assert answer.status == status
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert answer.body.count(b"\n") == 1
        assert f"{SITE.url}/feeds/".encode() in answer.body
        assert ask(path, "HEAD").body == b""


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/../secret.rss",
        "/feeds/sv/../../secret.rss",
        "/feeds/%2e%2e/secret.rss",
        "/feeds/..%2fsecret.rss",
        "/feeds//etc/secret.rss",
        "/feeds/.all.atom.draft.rss",
        "/feeds/.hidden/all.rss",
        "/feeds/sv/all.atom%00.rss",
        "/feeds/sv/.ended.atom.retired",
        "/feeds/sv\\..\\secret.rss",
        "/feeds/å.rss".encode().decode("latin-1"),
    ],
)
def test_nothing_outside_is_ever_served(ask: Ask, server: str, public: Path, path: str) -> None:
    for place in (public.parent / "secret.rss", public / "secret.rss"):
        place.write_bytes(b"SECRET")
    (public / "feeds" / ".all.atom.draft.rss").write_bytes(b"SECRET")
    asked = path.encode("latin-1").decode("latin-1")
    if server != "direct":
        asked = "".join(each if each.isascii() else f"%{ord(each):02x}" for each in asked)
    answer = ask(asked)
    assert b"SECRET" not in answer.body
    if "x-application" not in answer.headers:
        assert answer.status in (400, 404)


def test_the_stylesheet(ask: Ask) -> None:
    answer = ask("/feeds/style-sv.css", accept_encoding="gzip")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "link" not in answer.headers
    assert ask("/feeds/style-de.css").status == 404


@pytest.mark.parametrize("path", ["/", "/feeds/", "/feeds/hub", "/feeds/feeds.opml", "/all.rss"])
def test_all_else_is_the_application_s(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.headers["x-application"] == "yes"
    assert answer.body == path.encode()
    assert ask(path, "POST").headers["x-application"] == "yes"
