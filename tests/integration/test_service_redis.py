"""The embedded Redis: there while the service is, gone when it goes, whatever was left before."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from distributor.service import datadir, redis, tether
from distributor.service.option_sections import Options, RedisOptions
from tests.running import until

Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    datadir.prepare(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Clears what is there and starts a server, as the service does."""
    begun = []

    def start() -> subprocess.Popen[bytes]:
        redis.clear(folder)
        begun.append(tether.spawn(redis.command(folder)))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


def url(folder: Path) -> str:
    return f"unix://{redis.socket_path(folder)}"


def gone(pid: int) -> bool:
    """Whether a process has ended, be it that nobody has waited for it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_answers_on_a_closed_socket_and_nowhere_else(folder: Path, start: Start) -> None:
    server = start()
    assert redis.wait(folder, server)
    path = redis.socket_path(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert not psutil.Process(server.pid).net_connections("inet")
    with redis.client(url(folder)) as connected:
        assert connected.config_get("appendonly")["appendonly"] == "yes"


def test_what_it_was_told_is_there_after_a_kill(folder: Path, start: Start) -> None:
    server = start()
    assert redis.wait(folder, server)
    with redis.client(url(folder)) as connected:
        connected.set("key", "value")
    server.kill()
    server.wait()
    assert redis.wait(folder, start())
    with redis.client(url(folder)) as connected:
        assert connected.get("key") == b"value"


def test_a_server_that_was_left_over_is_ended(folder: Path, start: Start) -> None:
    old = start()
    assert redis.wait(folder, old)
    new = start()
    assert redis.wait(folder, new)
    assert gone(old.pid)
    with redis.client(url(folder)) as connected:
        assert connected.info("server")["process_id"] == new.pid


def test_a_server_that_hangs_is_ended(folder: Path, start: Start) -> None:
    old = start()
    assert redis.wait(folder, old)
    old.send_signal(signal.SIGSTOP)
    new = start()
    assert redis.wait(folder, new)
    until(lambda: gone(old.pid))


def test_a_process_that_only_has_the_number_of_an_old_one_is_left_alone(
    folder: Path, start: Start
) -> None:
    (folder / "redis/redis.pid").write_text(f"{os.getpid()}\n")
    assert redis.wait(folder, start())


def test_contents_that_cannot_be_read_are_set_aside(folder: Path, start: Start) -> None:
    for name in ("appendonly.aof", "appendonlydir"):
        (folder / "redis" / name).write_text("no such thing\n")
    assert not redis.wait(folder, start())
    redis.set_aside(folder)
    assert redis.wait(folder, start())
    assert (folder / "redis/damaged/appendonly.aof").read_text() == "no such thing\n"


def test_in_a_folder_too_deep_for_a_socket_it_is_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    datadir.prepare(deep)
    path = redis.socket_path(deep)
    assert len(os.fsencode(path)) < 100
    assert path != redis.socket_path(deep / "other")
    redis.clear(deep)
    server = tether.spawn(redis.command(deep))
    try:
        assert redis.wait(deep, server)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        server.kill()
        server.wait()
        path.unlink()
        path.parent.rmdir()


_PARENT = """
import sys, time
from pathlib import Path
from distributor.service import redis, tether
server = tether.spawn(redis.command(Path(sys.argv[1])))
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_goes_when_its_parent_is_killed(folder: Path, how: signal.Signals) -> None:
    redis.clear(folder)
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        server = int(parent.stdout.readline())
    until(lambda: redis.answers(folder))
    parent.send_signal(how)
    parent.wait()
    until(lambda: gone(server))


def test_where_the_kernel_does_not_tie_a_process_between_does(folder: Path) -> None:
    redis.clear(folder)
    between = [sys.executable, "-m", "distributor.service.tether", str(int(signal.SIGKILL))]
    script = "import os, sys; os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:]); input()"
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *between, *redis.command(folder)], stdin=subprocess.PIPE
    )
    until(lambda: redis.answers(folder))
    with redis.client(url(folder)) as connected:
        server = connected.info("server")["process_id"]
    parent.kill()
    parent.wait()
    until(lambda: gone(server))


def test_the_newest_server_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = redis.executable()
    newer = tmp_path / "valkey-server"
    newer.write_text("#!/bin/sh\necho Valkey server v=99.0.1 sha=0:0\n")
    older = tmp_path / "redis-server"
    older.write_text("#!/bin/sh\necho Redis server v=5.0.1 sha=0:0\n")
    for path in (newer, older):
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    redis.executable.cache_clear()
    assert redis.executable() == str(newer)
    newer.unlink()
    redis.executable.cache_clear()
    assert redis.executable() == bundled


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("redis://host:6379/2", "redis://host:6379/2"),
        ("rediss://:secret@host/0", "rediss://:secret@host/0"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
    ],
)
def test_celery_has_its_own_way_of_writing_the_url(given: str, broker: str) -> None:
    from_options = Options(redis=RedisOptions(url=given))
    assert redis.client_url(from_options) == given
    assert redis.broker_url(from_options) == broker
