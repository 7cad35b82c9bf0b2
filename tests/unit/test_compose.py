"""The container files name commands, queues and options that exist."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from distributor.service import options
from distributor.service.cli import distributor
from distributor.service.parts import QUEUES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return read


def filled(text: str) -> str:
    """``${NAME:-default}`` as it is where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def test_every_part_is_there(compose: dict[str, Any]) -> None:
    wanted = {"web", "clock", "postgres", "redis", "worker-urgent", "worker-email", "catcher"}
    assert wanted <= set(compose["services"])


def test_the_commands_exist(compose: dict[str, Any]) -> None:
    commands = [service.get("command", []) for service in compose["services"].values()]
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    commands += [json.loads(line) for line in re.findall(r"^CMD (\[.*\])$", dockerfile, re.M)]
    ours = [command[1:] for command in commands if command[:1] == ["distributor"]]
    assert len(ours) >= 7
    for arguments in ours:
        if arguments[0] != "manage":
            asked = CliRunner().invoke(distributor, [*arguments, "--help"])
            assert asked.exit_code == 0, asked.output


def test_every_queue_has_a_worker(compose: dict[str, Any]) -> None:
    drained = set()
    for service in compose["services"].values():
        words = service.get("command", [])
        drained |= {word for before, word in pairwise(words) if before == "--queue"}
    assert drained == set(QUEUES)


def test_the_options_exist_and_are_good(compose: dict[str, Any], tmp_path: Path) -> None:
    environ = compose["services"]["web"]["environment"]
    got = options.load({name: filled(value) for name, value in environ.items()}, working=tmp_path)
    assert got.redis.url == "redis://redis:6379/0"
    assert got.email.servers[0].host == "catcher"
    assert all(
        service["environment"] == environ
        for service in compose["services"].values()
        if service.get("command", [""])[0] == "distributor"
    )


def test_volumes_and_what_is_waited_for_exist(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    last = (ROOT / "Dockerfile").read_text("utf-8").split("\nFROM ")[-1]
    assert re.search(r"^USER distributor$", last, re.M)
    assert "HEALTHCHECK" in last
    assert "/readyz" in last
