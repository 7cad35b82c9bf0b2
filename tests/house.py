"""The whole service as real processes, for tests from one door to another."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from distributor.service import tether

ROOT = Path(__file__).parent.parent
READY = 90.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(true: Callable[[], object], seconds: float = 30.0, what: str = "") -> Any:
    """Wait for ``true`` to give something true, and give that; fail after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or true}"
        time.sleep(0.05)
    return value


@dataclass
class House:
    """A data folder of its own, a site on a free port, and the commands that run there."""

    folder: Path
    port: int = field(default_factory=free_port)
    options: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DISTRIBUTOR_", "DJANGO"))}
        return kept | {
            "DISTRIBUTOR_CONFIG": str(ROOT / "config" / "distributor.toml"),
            "DISTRIBUTOR_SITE__DATA_DIR": str(self.folder / "data"),
            "DISTRIBUTOR_SITE__URL": self.url,
            "DISTRIBUTOR_SITE__NAME": "Ekviks kommun",
            "DISTRIBUTOR_EMAIL__FROM": "press@ekvik.example",
            "DISTRIBUTOR_WEBHOOKS__ALLOW_NETWORKS": '["127.0.0.0/8"]',
            **self.options,
        }

    def mail_to(self, port: int) -> None:
        """Have mail go to the listener on ``port``."""
        self.options |= {
            "DISTRIBUTOR_EMAIL__SMTP_HOST": "127.0.0.1",
            "DISTRIBUTOR_EMAIL__SMTP_PORT": str(port),
            "DISTRIBUTOR_EMAIL__SECURITY": "none",
        }

    def run(self, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        """A command of the command line, whatever its exit code."""
        command = [sys.executable, "-m", "distributor", *arguments]
        done = subprocess.run(
            command, env=self.environ, input=stdin, capture_output=True, timeout=120, check=False
        )
        text = (done.stdout.decode(), done.stderr.decode())
        return subprocess.CompletedProcess(command, done.returncode, *text)

    def cli(self, *arguments: str) -> str:
        """What a command prints; it must exit with 0."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """The document that a command prints with ``--json``."""
        return json.loads(self.cli(*arguments, "--json"))

    def up(self, *arguments: str) -> None:
        """Start the service and wait until it is ready."""
        log = (self.folder / "service.log").open("ab")
        command = [sys.executable, "-m", "distributor", "up", "--port", str(self.port), *arguments]
        self.process = tether.spawn(
            command,
            environ=self.environ,
            at_death=signal.SIGTERM,
            stdout=log.fileno(),
            stderr=log.fileno(),
        )
        log.close()
        until(self._ready, READY, "ready")

    def _ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, self.said()
        return self.status("/readyz") == 200

    def said(self) -> str:
        """What the service said of itself."""
        return (self.folder / "service.log").read_text("utf-8", "replace")

    def status(self, path: str) -> int:
        with suppress(OSError), urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return int(answer.status)
        return 0

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            body: bytes = answer.read()
            return body

    def down(self) -> int:
        """Stop the service as Ctrl-C would; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.process = None
        return code

    def processes(self, *words: str) -> list[psutil.Process]:
        """The service's own processes whose command line holds all of ``words``."""
        assert self.process is not None
        family = psutil.Process(self.process.pid).children(recursive=True)
        found = []
        for process in family:
            with suppress(psutil.NoSuchProcess):
                line = " ".join(process.cmdline())
                if all(word in line for word in words):
                    found.append(process)
        return found

    def readers(self, count: int, topic: str) -> None:
        """Import that many confirmed readers of a topic."""
        sheet = self.folder / "readers.csv"
        rows = "".join(f"r{n}@readers.example,{topic}\n" for n in range(count))
        sheet.write_text("email,topics\n" + rows, "utf-8")
        self.cli("subscribers", "import", str(sheet), "--confirmed")


@contextmanager
def house(**options: str) -> Iterator[House]:
    """A house that is stopped and removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="distributor-house-") as folder:
        built = House(Path(folder), options=options)
        try:
            yield built
        finally:
            built.down()
