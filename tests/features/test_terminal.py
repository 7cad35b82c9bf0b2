"""What commands print fits a terminal, and stays whole where it is read by a program."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress

import pytest

from tests.running import Service

TITLE = "Ekvik får ett nytt badhus med en bassäng på femtio meter, och alla som vill får bada där"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service that has a release, and is not up."""
    service = Service(tmp_path_factory.mktemp("terminal") / "service")
    (service.folder / "badhus.md").write_text(f"# {TITLE}\n\nIngress.\n\nText.\n", "utf-8")
    service.cli("publish", "badhus.md")
    return service


def on_a_terminal(service: Service, *arguments: str, columns: int = 80) -> list[str]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in service.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "distributor", *arguments]
    with subprocess.Popen(command, env=environ, cwd=service.folder, stdout=theirs) as process:
        os.close(theirs)
        said = b""
        with suppress(OSError):  # the other end was closed
            while more := os.read(ours, 65_536):
                said += more
    os.close(ours)
    assert process.returncode == 0
    return said.decode().splitlines()


def test_the_status_fits_eighty_columns(ours: Service) -> None:
    release = ours.json("status")["releases"][0]["release"]
    for arguments in (("status",), ("status", release)):
        lines = on_a_terminal(ours, *arguments)
        # An address is not broken, nor is a path: nobody could open it.
        assert max(len(line) for line in lines if "/" not in line) <= 80
        assert all(len(line.split()) == 1 for line in lines if len(line) > 80)
        assert TITLE in " ".join(" ".join(lines).split())
    (row,) = [line for line in on_a_terminal(ours, "status") if release[:8] in line]
    assert row.split()[:3] == [release[:8], "published", "email"]
    (row,) = [line for line in ours.cli("status").stdout.splitlines() if release[:8] in line]
    assert row.endswith(TITLE[:60].rstrip())
    wide = on_a_terminal(ours, "status", columns=200)
    assert any(release[:8] in line and TITLE[:60].rstrip() in line for line in wide)


def test_the_options_fit_eighty_columns(ours: Service) -> None:
    piped = ours.cli("config", "show").stdout.splitlines()
    assert max(map(len, piped)) > 80
    lines = on_a_terminal(ours, "config", "show")
    named = next(at for at, line in enumerate(lines) if line.startswith("distributor.toml is"))
    table, path = lines[:named], " ".join(lines[named:]).removeprefix("distributor.toml is ")
    assert max(map(len, table)) == 80
    assert any(line.endswith(path) for line in piped)
    for line in piped:
        key, value, *_ = line.split()
        (row,) = [other.split() for other in table if other.startswith(f"{key} ")]
        assert value.startswith(row[1])
