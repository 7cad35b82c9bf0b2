"""The layer in front of Django: what it reads, keeps and says when files change or are missing."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from distributor.adapters.files import replace, retire
from distributor.web import feedfiles
from tests.integration import feed_files_servers as servers
from tests.integration.feed_files_servers import call, layer

PATH = "/feeds/sv/all.atom"


def write(public: Path, content: bytes, path: str = PATH) -> Path:
    """The file with its encodings, as if it were of long ago: the next version need not wait."""
    file = public / path[1:]
    replace(public / "feeds/all.atom", b"<feed/>")
    replace(file, content, compress=True)
    return file


def age(file: Path, second: int) -> None:
    for ending in ("", ".br", ".gz"):
        os.utime(f"{file}{ending}", (second, second))


def opened(application: Any, path: str, **headers: str) -> list[str]:
    """The files that one request opened."""
    names: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open":
            names.append(os.fspath(arguments[0]))

    sys.addaudithook(hook)
    call(application, path, **headers)
    watching = False
    return names


def test_a_file_is_read_once_and_looked_at_once_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    application, file = layer(tmp_path), write(tmp_path, b"one" * 100)
    assert opened(application, PATH) == [str(file)]
    looked: list[str] = []
    original = os.stat
    monkeypatch.setattr(
        feedfiles.os, "stat", lambda name, **more: looked.append(name) or original(name, **more)
    )
    assert opened(application, PATH) == []
    assert looked == [str(file)]
    assert opened(application, PATH, accept_encoding="br") == [f"{file}.br"]


def test_new_bytes_are_seen_by_the_next_request(tmp_path: Path) -> None:
    application, file = layer(tmp_path), write(tmp_path, b"one" * 100)
    age(file, 1_700_000_000)
    first = call(application, PATH, accept_encoding="gzip")
    write(tmp_path, b"two" * 100)
    second = call(application, PATH, accept_encoding="gzip")
    assert first.headers["etag"] != second.headers["etag"]
    assert call(application, PATH).body == b"two" * 100


def test_a_tag_is_a_hash_of_the_bytes_sent(tmp_path: Path) -> None:
    application = layer(tmp_path)
    write(tmp_path, b"one" * 100)
    for coding in ("identity", "gzip", "br"):
        answer = call(application, PATH, accept_encoding=coding)
        assert answer.headers["etag"] == f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'


def test_the_time_of_a_file_from_the_future_is_now(tmp_path: Path) -> None:
    application, file = layer(tmp_path), write(tmp_path, b"one")
    age(file, int(time.time()) + 3600)
    said = parsedate_to_datetime(call(application, PATH).headers["last-modified"]).timestamp()
    assert said <= time.time()


def test_files_without_encodings_are_served_plain(tmp_path: Path) -> None:
    application, file = layer(tmp_path), write(tmp_path, b"one")
    for ending in (".br", ".gz"):
        Path(f"{file}{ending}").unlink()
    answer = call(application, PATH, accept_encoding="br, gzip")
    assert (answer.status, answer.body) == (200, b"one")
    assert "content-encoding" not in answer.headers


def test_missing_files_are_written_soon(tmp_path: Path) -> None:
    application = layer(tmp_path)
    for path in (PATH, "/feeds/all.rss", "/feeds/style-sv.css"):
        answer = call(application, path)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.body.count(b"\n") == 1
    write(tmp_path, b"one")
    assert call(application, PATH).status == 200


def test_a_feed_that_ends_is_gone_at_once(tmp_path: Path) -> None:
    application, file = layer(tmp_path), write(tmp_path, b"one")
    assert call(application, PATH).status == 200
    retire(file)
    assert call(application, PATH).status == 410
    assert call(application, PATH, accept_encoding="gzip").status == 410


def test_the_least_recently_used_leave_memory(tmp_path: Path) -> None:
    application = layer(tmp_path, memory=25_000)
    paths = [f"/feeds/sv/{name}.atom" for name in "abc"]
    for path in paths:
        write(tmp_path, os.urandom(10_000), path)
    for path in (paths[0], paths[1], paths[0], paths[2]):
        call(application, path)
    assert opened(application, paths[0]) == []
    assert opened(application, paths[2]) == []
    assert opened(application, paths[1]) != []


def test_a_file_larger_than_memory_is_served_and_not_kept(tmp_path: Path) -> None:
    application = layer(tmp_path, memory=1000)
    file = write(tmp_path, os.urandom(2000))
    small = write(tmp_path, b"small", "/feeds/sv/small.atom")
    call(application, "/feeds/sv/small.atom")
    assert call(application, PATH).body == file.read_bytes()
    assert opened(application, PATH) == [str(file)]
    assert opened(application, "/feeds/sv/small.atom") == []
    assert small.exists()


def test_every_body_is_whole_while_files_are_replaced(tmp_path: Path) -> None:
    servers.publish(tmp_path, 1)
    versions = [bytes([letter]) * 50_000 for letter in b"abcdef"]
    file = write(tmp_path, versions[0], "/feeds/sv/busy.atom")
    age(file, 1)
    wrong: list[object] = []
    polls = 0
    done = threading.Event()

    def poll(port: int) -> None:
        nonlocal polls
        ask = servers.over_http(port)
        while not done.is_set():
            answer = ask("/feeds/sv/busy.atom")
            digest = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
            if answer.status != 200 or answer.body not in versions:
                wrong.append(answer.status)
            elif answer.headers["etag"] != digest:
                wrong.append(answer.headers["etag"])
            polls += 1

    with servers.granian(tmp_path) as port:
        pollers = [threading.Thread(target=poll, args=(port,)) for _ in range(4)]
        for poller in pollers:
            poller.start()
        try:
            second = 1
            while second < 51 or (polls <= 50 and not wrong):
                second += 1
                replace(file, versions[second % len(versions)], compress=True)
                age(file, second)
        finally:
            done.set()
            for poller in pollers:
                poller.join()
    assert wrong == []
    assert polls > 50
