"""Ctrl-C: what waits ends with a line that says how things stand, and what runs ends clean."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from distributor.service import redis, tether
from tests.listeners.smtp import Listener
from tests.running import Service, free_port, mail_to, until

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


@pytest.mark.parametrize("form", [pytest.param((), marks=pytest.mark.long), ("--json",)])
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


@pytest.fixture(scope="module")
def relay() -> Iterator[Listener]:
    with Listener(delay=0.02) as listening:
        yield listening


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory, relay: Listener) -> Iterator[Service]:
    """A service whose parts run alone: of it there is a database with a topic, and a Redis."""
    ours = Service(tmp_path_factory.mktemp("parts") / "service", **mail_to(relay.port))
    ours.cli("topics", "add", "kultur", "Kultur")
    server = tether.spawn(redis.command(ours.data_dir))
    assert redis.wait(ours.data_dir, server)
    yield ours
    server.terminate()
    server.wait()


@contextmanager
def running(service: Service, *arguments: str) -> Iterator[Callable[[], tuple[int, str]]]:
    """A part alone; gives what sends it Ctrl-C and tells how it ended and what it said."""
    log = service.folder / f"{arguments[0]}.log"
    with log.open("wb") as said:
        command = [sys.executable, "-m", "distributor", *arguments]
        part = subprocess.Popen(command, env=service.environ, stdout=said, stderr=said)

    def interrupt() -> tuple[int, str]:
        part.send_signal(signal.SIGINT)
        return part.wait(15), log.read_text("utf-8")

    try:
        yield interrupt
    finally:
        part.kill()
        part.wait()


def ended_clean(code: int, said: str) -> bool:
    return code == 0 and "Traceback" not in said and "Aborted" not in said


@pytest.mark.long
def test_a_worker_gives_back_what_it_has_at_ctrl_c(parts: Service, relay: Listener) -> None:
    parts.readers(60, "kultur")
    publish = ("publish", RELEASE, "--topic", "kultur", "--json")
    release = parts.json(*publish)["release"]
    with running(parts, "worker") as interrupt:
        until(lambda: len(relay.copies) > 5, 60, "the first mails")
        assert ended_clean(*interrupt())
    counts = parts.json("status", release)["channels"]["email"]
    assert 0 < counts["delivered"] == len(relay.copies) < 60
    assert counts["owed"] == 60 - counts["delivered"]
    with running(parts, "worker") as interrupt:
        until(lambda: parts.cli("sweep") and len(relay.copies) == 60, 60, "the others")
        assert ended_clean(*interrupt())
    assert set(relay.copies.values()) == {1}


def test_the_clock_and_the_site_end_clean_at_ctrl_c(parts: Service) -> None:
    with running(parts, "clock") as interrupt:
        until(lambda: parts.json("status")["services"]["clock"] == "ok", 60, "the clock")
        assert ended_clean(*interrupt())
    port = free_port()
    with running(parts, "web", "--port", str(port)) as interrupt:
        until(lambda: _answers(port), 60, "the site")
        assert ended_clean(*interrupt())


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize(
    "part",
    ["up", *(pytest.param(part, marks=pytest.mark.long) for part in ("worker", "clock", "web"))],
)
def test_ctrl_c_while_it_loads_says_nothing(parts: Service, part: str) -> None:
    port = ("--port", str(free_port())) if part in ("web", "up") else ()
    for wait in (0.2, 0.4, 0.7):
        with running(parts, part, *port) as interrupt:
            time.sleep(wait)
            code, said = interrupt()
        assert code in (0, 130, -signal.SIGINT)
        assert "Traceback" not in said
        assert "Aborted" not in said
