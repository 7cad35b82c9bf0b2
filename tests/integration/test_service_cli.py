"""The command line as a whole: what it lists exists, what is wrong is said in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from distributor import __version__
from distributor.service.cli import COMMANDS, distributor
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


def test_wrong_options_stop_every_command_with_one_line(installation: Service) -> None:
    installation.environ |= {
        "DISTRIBUTOR_UNDO_SECONDS": "soon",
        "DISTRIBUTOR_FEEDS__ENTRIES": "1",
    }
    for arguments in (["up"], ["web"], ["worker"], ["clock"], ["status"], ["config", "show"]):
        done = installation.cli(*arguments, code=1)
        assert done.stdout == ""
        assert done.stderr == (
            'distributor: feeds.entries = "1" ($DISTRIBUTOR_FEEDS__ENTRIES): allowed: a whole '
            "number from 30 to 200; and 1 more: distributor config check\n"
        )
    lines = installation.cli("config", "check", code=1).stderr.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["feeds.entries", "undo_seconds"]


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["up", "--port", "0"], ["worker", "--queue", "slow"], ["config", "--what"]],
)
def test_wrong_usage_is_told_and_exits_with_2(installation: Service, arguments: list[str]) -> None:
    done = installation.cli(*arguments, code=2)
    assert done.stderr.startswith("Usage: distributor")
    assert "Error: " in done.stderr


def test_djangos_own_commands_are_there(installation: Service) -> None:
    said = installation.cli("manage", "showmigrations", "--plan").stdout
    assert "dispatch.0001" in said
    assert json.loads(installation.cli("manage", "prepare").stdout)["login"]
