"""The feed files behind the servers that may stand in front of them."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributor.adapters.files import replace, retire
from distributor.channels.feeds import build, stylesheet, stylesheet_path
from distributor.web.feedfiles import FeedFiles
from tests.running import free_port
from tests.unit.feeds_samples import FORMATS, SITE, sample_entries, sample_feed

CHECKOUT = Path(__file__).parents[2]
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[..., Answer]


def other_application(environ: dict[str, Any], start: Any) -> list[bytes]:
    """Stands for Django: says what it was asked for."""
    start("200 OK", [("Content-Type", "text/plain"), ("X-Application", "yes")])
    return [environ["PATH_INFO"].encode("latin-1")]


def layer(public: Path, **more: Any) -> FeedFiles:
    return FeedFiles(other_application, public, SITE.url, f"{SITE.url}/feeds/hub", **more)


def granian_target() -> FeedFiles:
    """What granian loads, in a process of its own."""
    return layer(Path(os.environ["FEED_FILES_PUBLIC"]))


def publish(public: Path, count: int = 3) -> None:
    """Every kind of file: feeds, an archive document, one that has ended, a stylesheet."""
    entries = sample_entries(count)
    for name in ("all", "sv/all", "archive/sv/all/1", "sv/ended"):
        feed = sample_feed(name=name, url=f"{SITE.url}/feeds/{name}")
        for format, content in build(feed, entries, SITE).documents.items():
            replace(public / "feeds" / f"{name}.{format}", content, compress=True)
    for format in FORMATS:
        retire(public / "feeds" / f"sv/ended.{format}")
    path = stylesheet_path("sv").removeprefix("/")
    replace(public / path, stylesheet("sv"), compress=True)


def direct(public: Path) -> Ask:
    """The layer called as a WSGI server would."""
    application = layer(public)

    def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        return call(application, path, method, **headers)

    return ask


def call(application: Any, path: str, method: str = "GET", **headers: str) -> Answer:
    path, _, query = path.partition("?")
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    said: list[Any] = []
    body = b"".join(application(environ, lambda status, fields: said.extend((status, fields))))
    fields = [(name.lower(), value) for name, value in said[1]]
    assert len(dict(fields)) == len(fields), "a header stands twice"
    return Answer(int(said[0].split(" ")[0]), dict(fields), body)


def over_http(port: int) -> Ask:
    def ask(path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in named.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            fields = [(name.lower(), value) for name, value in response.getheaders()]
            assert len(dict(fields)) == len(fields), "a header stands twice"
            return Answer(response.status, dict(fields), response.read())
        finally:
            connection.close()

    return ask


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    process.kill()
                    raise RuntimeError(process.communicate()[0].decode()) from None
                time.sleep(0.02)
        yield
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@contextmanager
def granian(public: Path) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    command += ["--factory", "--blocking-threads", "2", "--no-ws"]
    command += ["tests.integration.feed_files_servers:granian_target"]
    with running(command, port, FEED_FILES_PUBLIC=str(public)):
        yield port


@contextmanager
def nginx(public: Path, folder: Path, application: int) -> Iterator[int]:
    """nginx with the configuration that the operator gets."""
    port = free_port()
    places = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "SITE": SITE.url,
        "HOST": "press.ekvik.example",
        "DATA_DIR": str(public.parent),
        "APPLICATION": f"127.0.0.1:{application}",
    }
    text = (CHECKOUT / "config" / "nginx.conf").read_text()
    head, body = text.split("\n\nmap ", 1)
    for place, value in places.items():
        body = body.replace(place, value)
    (folder / "distributor.conf").write_text(f"map {body}")
    shutil.copy(CHECKOUT / "config" / "feed-headers.conf", folder)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log stderr;\n"
        "events { worker_connections 256; }\n"
        "http {\naccess_log off;\nkeepalive_requests 1000000;\nsendfile on;\n"
        f"{temporary}include distributor.conf;\n}}\n"
    )
    assert NGINX is not None
    with running([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
        yield port
