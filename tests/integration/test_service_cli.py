"""The command line as a whole: what it lists exists, what is wrong is said in one line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from distributor import __version__
from distributor.service.cli import COMMANDS, distributor, main
from tests.running import Service


@pytest.fixture
def installation(tmp_path: Path) -> Service:
    """An installation that is not started."""
    return Service(tmp_path / "installation")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_explains_itself(name: str) -> None:
    command = distributor.get_command(distributor.make_context("distributor", [name]), name)
    assert command is not None
    assert command.name == name
    if name != "manage":
        assert command.help
        with pytest.raises(SystemExit, match="0"):
            command.main(["--help"], prog_name=f"distributor {name}")


def test_the_list_of_commands_needs_none_of_them(installation: Service) -> None:
    said = installation.cli("--help").stdout
    assert all(f"\n  {name} " in said for name in COMMANDS)
    assert __version__ in installation.cli("--version").stdout


def test_every_option_is_shown_with_where_it_came_from(installation: Service) -> None:
    shown = installation.json("config", "show")
    assert shown["site.url"] == {
        "value": installation.url,
        "origin": "$DISTRIBUTOR_SITE__URL",
    }
    assert shown["email.digest_at"]["value"] == "07:30"
    assert shown["site.secret_key"]["value"] == "***"
    assert shown["redis.url"] == {"value": "", "origin": "default"}
    lines = installation.cli("config", "show").stdout.splitlines()
    assert lines[0].split() == ["OPTION", "VALUE", "FROM"]
    assert len(lines) == len(shown) + 1
    assert "good" in installation.cli("config", "check").stdout


WRONG = {"DISTRIBUTOR_UNDO_SECONDS": "soon", "DISTRIBUTOR_FEEDS__ENTRIES": "1"}
LINE = (
    'distributor: feeds.entries = "1" ($DISTRIBUTOR_FEEDS__ENTRIES): allowed: a whole number from '
    "30 to 200; and 1 more: distributor config check\n"
)


def test_wrong_options_stop_a_command_with_one_line(installation: Service) -> None:
    installation.environ |= WRONG
    done = installation.cli("status", code=1)
    assert (done.stdout, done.stderr) == ("", LINE)


@pytest.mark.parametrize("command", ["up", "web", "worker", "clock", "config show"])
def test_wrong_options_stop_every_part_before_it_starts(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in WRONG.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="1"):
        main(command.split())
    assert capsys.readouterr() == ("", LINE)


def test_all_that_is_wrong_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in WRONG.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="1"):
        main(["config", "check"])
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["feeds.entries", "undo_seconds"]


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["up", "--port", "0"], ["worker", "--queue", "slow"], ["config", "--what"]],
)
def test_wrong_usage_is_told_and_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    said = capsys.readouterr().err
    assert said.startswith("Usage: distributor")
    assert "Error: " in said


def test_djangos_own_commands_are_there(installation: Service) -> None:
    """The one that a cluster begins with, twice: the second time there is nothing to do."""
    assert json.loads(installation.cli("manage", "prepare").stdout)["login"]
    assert json.loads(installation.cli("manage", "prepare").stdout)["migrated"] == 0


def test_whoever_reads_only_the_beginning_sees_no_traceback(installation: Service) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "distributor", "topics", "list"],
            env=installation.environ,
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
