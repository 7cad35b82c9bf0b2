"""Ctrl-C: what waits ends with a line that says how things stand, and what runs ends clean."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.running import Service

RELEASE = Path(__file__).parents[1] / "files" / "ljuspriset.txt"


@pytest.fixture(scope="module")
def down(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service that has a topic with a reader and is not up."""
    ours = Service(tmp_path_factory.mktemp("interrupts") / "service")
    ours.cli("topics", "add", "kultur", "Kultur")
    ours.readers(1, "kultur")
    return ours


def begun(service: Service, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "distributor", *map(str, arguments)],
        env=service.environ,
        cwd=service.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(waiting: subprocess.Popen[str]) -> list[str]:
    """The last lines on standard error of a command that waits and gets Ctrl-C."""
    assert waiting.stderr
    assert any("Delivery waits" in line for line in iter(waiting.stderr.readline, ""))
    time.sleep(1)
    waiting.send_signal(signal.SIGINT)
    said, wrong = waiting.communicate(timeout=30)
    assert (said, waiting.returncode) == ("", 130)
    assert "Traceback" not in wrong
    return wrong.split("\n")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_whoever_waits_no_longer_is_told_that_it_goes_on(
    down: Service, form: tuple[str, ...]
) -> None:
    publish = ("publish", RELEASE, "--topic", "kultur", "--again", "--wait", *form)
    lines = interrupted(begun(down, *publish))
    release = down.json("status")["releases"][0]["release"]
    going_on = "and sending goes on without this command: distributor status"
    assert f"The release is published, {going_on} {release}" in lines
    assert down.json("status", release)["channels"]["email"]["owed"] == 1
    withdraw = ("withdraw", release, "--reason", "Fel.", "--wait", *form)
    assert f"The release is withdrawn, {going_on} {release}" in interrupted(begun(down, *withdraw))
