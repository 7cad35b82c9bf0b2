"""A real ``distributor up`` for a test, and its command line."""

from __future__ import annotations

import email
import email.policy
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import psutil
import requests

from distributor.service import tether
from tests.shell import APART, Shell

T = TypeVar("T")
_PORTS = iter(random.SystemRandom().sample(range(12_000, 27_000), 15_000))


def free_port() -> int:
    """A port that nobody listens at, and that is none of those that are given for port 0: such a
    one may be somebody else's connection by the time it is used."""
    while True:
        port = next(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def until(
    look: Callable[[], T], seconds: float = 120.0, what: str = "it", *, pause: float = 0.05
) -> T:
    """What ``look`` gives as soon as that is true; fails after ``seconds``.

    Between two looks is a ``pause`` of so many seconds: a longer one where a look costs much.
    """
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}, saw {seen!r}"
        time.sleep(pause)
    return seen


class Service:
    """The service on a data folder of its own, with mail caught and loopback endpoints allowed.

    Tied to the test's process: it goes when that goes, in whatever way. ``folder`` is new.
    """

    def __init__(self, folder: Path, **options: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "service.log"
        base = {name: value for name, value in os.environ.items() if "DISTRIBUTOR_" not in name}
        given = {
            "SITE__DATA_DIR": str(self.data_dir),
            "SITE__URL": self.url,
            "UNDO_SECONDS": "0",
            "WEBHOOKS__ALLOW_NETWORKS": '["127.0.0.0/8"]',
            **options,
        }
        self.environ = base | {f"DISTRIBUTOR_{name}": value for name, value in given.items()}
        self.process: subprocess.Popen[bytes] | None = None
        self._shell: Shell | None = None
        folder.mkdir(parents=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self, *arguments: str) -> None:
        """Start it and wait until it says that it is ready."""
        command = [sys.executable, "-m", "distributor", "up", "--catch-mail"]
        with self.log.open("ab") as said:
            begun = said.tell()
            self.process = tether.spawn(
                [*command, "--port", str(self.port), *arguments],
                environ=self.environ,
                stdout=said.fileno(),
                stderr=said.fileno(),
            )
        running = self.process

        def ready() -> bool:
            assert running.poll() is None, self.words()
            return b"is ready" in self.log.read_bytes()[begun:]

        until(ready, 180, "the service to be ready")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop it with a signal; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(90)
        finally:
            self.process.kill()
            self.process = None

    def close(self) -> None:
        """Stop it, and the shell of its commands."""
        self.stop()
        if self._shell:
            self._shell.close()
            self._shell = None

    def words(self) -> str:
        """What the service has printed."""
        return self.log.read_text("utf-8", "replace")

    def processes(self, *words: str) -> list[psutil.Process]:
        """Its processes, below ``up``, whose command line has all ``words``."""
        assert self.process is not None
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if all(word in line for word in words):
                found.append(child)
        return found

    def cli(
        self,
        *arguments: str | Path,
        stdin: str | bytes = "",
        code: int | None = 0,
        timeout: float = 120,
        anew: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run ``distributor`` with ``arguments``; fails unless it exits with ``code``.

        It comes from a shell that has loaded what it needs already, options in files too, or else
        is begun ``anew``.
        """
        words = [str(argument) for argument in arguments]
        given = stdin if isinstance(stdin, bytes) else stdin.encode()
        if anew or words[0] in APART:
            done = subprocess.run(
                [sys.executable, "-m", "distributor", *words],
                env=self.environ,
                cwd=self.folder,
                input=given,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        else:
            try:
                done = self._in_shell().run(words, given, timeout)
            except subprocess.TimeoutExpired:
                self._shell = None
                raise
        said = (done.stdout.decode(), done.stderr.decode())
        ended = subprocess.CompletedProcess(words, done.returncode, *said)
        assert code is None or ended.returncode == code, (
            f"{arguments} exited with {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        )
        return ended

    def _in_shell(self) -> Shell:
        if self._shell is None or self._shell.environ != self.environ:
            self._shell = Shell(self.environ, self.folder)
        return self._shell

    def json(self, *arguments: str | Path, code: int | None = 0, stdin: str = "") -> Any:
        """The document that ``distributor … --json`` prints."""
        return json.loads(self.cli(*arguments, "--json", code=code, stdin=stdin).stdout)

    def answer(self, path: str) -> requests.Response:
        """What the site says at ``path``."""
        return requests.get(self.url + path, timeout=60)

    def readers(self, count: int, topic: str) -> None:
        """Import ``r0@readers.example`` and so on as confirmed readers of ``topic``."""
        rows = "".join(f"r{n}@readers.example,{topic}\n" for n in range(count))
        sheet = self.folder / "readers.csv"
        sheet.write_text("email,topics\n" + rows, "utf-8")
        self.cli("subscribers", "import", sheet, "--confirmed")

    def mails(self) -> list[EmailMessage]:
        """Every mail caught so far, oldest first."""
        files = sorted((self.data_dir / "mail").glob("*.eml"))
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in files
        ]


def mail_to(port: int) -> dict[str, str]:
    """The options by which a service sends its mail to a listener on ``port``."""
    return {
        "EMAIL__FROM": "press@ekvik.example",
        "EMAIL__SMTP_HOST": "127.0.0.1",
        "EMAIL__SMTP_PORT": str(port),
        "EMAIL__SECURITY": "none",
    }
