"""``distributor up``: the whole service on one machine."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from distributor.service import datadir, parts, redis
from distributor.service.option_sections import Options
from distributor.service.parts import FIRST_USER
from distributor.service.supervisor import Part, Supervisor, say

_LOCK = "up.lock"
_PATIENCE = 60.0
_WORKERS_GRACE = 11.0
"""A little more than their own supervisor has, so that it is the one who ends them."""

_REDIS, _CATCHER, _WORKERS, _DOORS = range(4)
"""The stages: what is started first ends last."""


class Failed(Exception):
    """The service cannot start. The text is one line that says what to do."""


def up(options: Options, host: str, port: int, *, catch_mail: bool) -> None:
    """Run everything until a signal comes.

    Raises:
        Failed: the port or the data folder is taken, or there is no Redis, or the tables cannot be
            brought up to date.
    """
    check_port(host, port)
    with _alone(options.site.data_dir), _caught(options, catch_mail) as catcher:
        environ = dict(os.environ)
        if catcher:
            environ |= _mail_to(catcher, options)
        supervisor = Supervisor(environ)
        with supervisor.running():
            if not options.redis.url:
                _start_redis(supervisor, options.site.data_dir)
            with datadir.preparing(options.site.data_dir):
                for part in _parts(options.site.data_dir, host, port, catcher):
                    supervisor.start(part)
                login = _prepare(supervisor)
            _wait_until_ready(supervisor, host, port)
            print(_welcome(options, port, login, catching=catcher is not None), flush=True)
            while True:
                supervisor.turn()


def _parts(data_dir: Path, host: str, port: int, catcher: socket.socket | None) -> Iterator[Part]:
    if catcher:
        yield _catcher(data_dir, catcher)
    yield Part(
        name="workers", role="worker", command=parts.workers(), stage=_WORKERS, grace=_WORKERS_GRACE
    )
    yield Part(name="clock", command=parts.clock(), stage=_DOORS, grace=5)
    yield Part(name="web", command=parts.web(host, port), stage=_DOORS, grace=8)


def check_port(host: str, port: int) -> None:
    """Raises Failed unless ``port`` of ``host`` can be listened on."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failed(f"port {port} of {host} is taken; name another with --port") from None
        why = error.strerror or error
        raise Failed(f"cannot listen on {host}, port {port}: {why}; see --host, --port") from None


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: one service at a time runs in it."""
    descriptor = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20).decode().strip() or "unknown"
            raise Failed(
                f"the service runs already in {data_dir} (process {pid}); stop it, or set "
                "site.data_dir to another folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def _start_redis(supervisor: Supervisor, data_dir: Path) -> None:
    try:
        part = Part(
            name="redis",
            command=redis.command(data_dir),
            stage=_REDIS,
            grace=5,
            before=lambda: redis.clear(data_dir),
        )
        if redis.wait(data_dir, supervisor.start(part)):
            return
        say(f"Redis cannot read {data_dir / datadir.REDIS}: what it held is set aside")
        redis.set_aside(data_dir)
    except redis.NotStarted as error:
        raise Failed(str(error)) from None
    deadline = time.monotonic() + _PATIENCE / 4
    while not redis.answers(data_dir):
        if time.monotonic() > deadline:
            raise Failed(f"Redis does not start; see {data_dir / datadir.REDIS / 'redis.log'}")
        supervisor.turn()


def _prepare(supervisor: Supervisor) -> str | None:
    """Bring the tables up to date; where the first user chooses a password, if nobody has."""
    with tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "distributor", "manage", "prepare"]
        ended = supervisor.once(
            Part(name="prepare", command=command, stage=0, grace=0, stdout=said.fileno())
        )
        if ended.returncode:
            raise Failed("the database could not be prepared; the lines above say why")
        said.seek(0)
        login: str | None = json.load(said)["login"]
        return login


@contextmanager
def _caught(options: Options, wanted: bool) -> Iterator[socket.socket | None]:
    """A socket for mail to be caught on, if it is to be. It outlives the catcher."""
    if not wanted or options.email.smtp_host:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        yield listening


def _mail_to(catcher: socket.socket, options: Options) -> dict[str, str]:
    return {
        "DISTRIBUTOR_EMAIL__SMTP_HOST": "127.0.0.1",
        "DISTRIBUTOR_EMAIL__SMTP_PORT": str(catcher.getsockname()[1]),
        "DISTRIBUTOR_EMAIL__SECURITY": "none",
        "DISTRIBUTOR_EMAIL__FROM": options.email.from_,
        "DISTRIBUTOR_EMAIL__RELAYS": "[]",
    }


def _catcher(data_dir: Path, listening: socket.socket) -> Part:
    descriptor = listening.fileno()
    module = [sys.executable, "-m", "distributor.adapters.catcher"]
    return Part(
        name="catcher",
        command=[*module, str(data_dir / datadir.MAIL), str(descriptor)],
        stage=_CATCHER,
        grace=3,
        keep=(descriptor,),
    )


def _wait_until_ready(supervisor: Supervisor, host: str, port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        supervisor.turn()
        well, said = _asked_ready(host, port)
        if well:
            return
        if time.monotonic() > deadline:
            say(f"still not ready: {said or 'no answer'}")
            deadline += _PATIENCE


def _asked_ready(host: str, port: int) -> tuple[bool, str]:
    """Whether ``/readyz`` says 200, and what else it says."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    answer = b""
    with suppress(OSError), socket.create_connection((target, port), timeout=5) as connection:
        connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        while more := connection.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b" ")[1:2] == [b"200"], " ".join(body.decode("utf-8", "replace").split())


def _welcome(options: Options, port: int, login: str | None, *, catching: bool) -> str:
    url, mail = options.site.url, options.email
    if catching:
        whither = f"caught in {options.site.data_dir / datadir.MAIL}; none leaves"
    elif mail.smtp_host:
        whither = f"by {', '.join(f'{server.host}:{server.port}' for server in mail.servers)}"
    else:
        whither = "waits: set email.smtp_host, or start with --catch-mail"
    lines = [
        "Distributor is ready; Ctrl-C stops it.",
        f"  site    {url}/",
        f"  office  {url}/admin/",
    ]
    if login:
        lines += [
            f"  log-in  {FIRST_USER}; choose a password within three days at",
            f"          {login}",
        ]
    lines += [f"  mail    {whither}", f"  data    {options.site.data_dir}"]
    if urlsplit(url).port != port and urlsplit(url).hostname in ("127.0.0.1", "localhost"):
        lines += [f"  note    links lead to {url}, but port {port} is served: set site.url"]
    return "\n".join(lines)
