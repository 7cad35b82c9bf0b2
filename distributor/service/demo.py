"""The main job on a throw-away data folder: a release leaves by every channel, and arrives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributor.service import options, tether

_READY = 60.0


class NotArrived(Exception):
    """The demo did not get to its end; the message says what is missing."""


def port() -> int:
    """A port of loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
        return number


def prepare(folder: Path, at: int) -> None:
    """Turn this process's environment into that of a demo; nothing of the user's is touched."""
    for name in [name for name in os.environ if name.startswith(options.PREFIX)]:
        del os.environ[name]
    package = Path(__file__).resolve().parents[1]
    shipped = next(
        path for path in (package / options.FILE, package.parent / options.FILE) if path.is_file()
    )
    os.environ |= {
        "DISTRIBUTOR_CONFIG": str(shipped),
        "DISTRIBUTOR_SITE__DATA_DIR": str(folder),
        "DISTRIBUTOR_SITE__URL": f"http://127.0.0.1:{at}",
        "DISTRIBUTOR_SITE__NAME": "Exempelby kommun",
        "DISTRIBUTOR_EMAIL__FROM": "Exempelby kommun <press@exempelby.example>",
        "DISTRIBUTOR_WEBHOOKS__ALLOW_NETWORKS": '["127.0.0.0/8"]',
        "DISTRIBUTOR_WEBHOOKS__RETRY_SCHEDULE": "[1, 2, 5]",
        "DJANGO_SETTINGS_MODULE": "distributor.service.settings",
    }


@contextmanager
def service(at: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """``distributor up --catch-mail``, ready, until the block ends. Its words are kept in ``log``.

    Raises:
        NotArrived: it ended, or was not ready within a minute.
    """
    command = [sys.executable, "-m", "distributor", "up", "--catch-mail", "--port", str(at)]
    with log.open("wb") as said:
        process = tether.spawn(command, stdout=said.fileno(), stderr=said.fileno())
        try:
            deadline = time.monotonic() + _READY
            while b"is ready" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    last = log.read_text("utf-8", "replace").strip().splitlines()[-3:]
                    raise NotArrived(f"the service did not start: {' / '.join(last)}")
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            process.wait()
