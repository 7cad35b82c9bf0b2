"""Whether the lock files hold what ``pyproject.toml`` asks for. Reads them; asks no network."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent


def pins(path: Path) -> dict[str, str]:
    """The version that a lock file pins of each package. Every pin must have a hash."""
    text = path.read_text("utf-8")
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)[^\\\n]*\\\n\s+--hash=sha256:", text, re.M)
    pinned = re.findall(r"^[A-Za-z0-9._-]+==", text, re.M)
    assert len(found) == len(pinned), f"{path.name}: a pin without a hash"
    return {_name(name): version for name, version in found}


def wrong(wanted: Iterable[str], path: Path) -> list[str]:
    """What of ``wanted`` the lock file does not hold, and what else is wrong with it."""
    locked = pins(path)
    problems = []
    for line in wanted:
        requirement = Requirement(line)
        version = locked.get(_name(requirement.name))
        if version is None:
            problems.append(f"{path.name}: {requirement.name} is not locked; run make lock")
        elif not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{path.name}: {line} is locked at {version}; run make lock")
    for word in ("://", "--index-url", "--find-links"):
        if word in path.read_text("utf-8"):
            problems.append(f"{path.name}: holds {word}")
    return problems


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    runtime = project["project"]["dependencies"]
    groups = project["dependency-groups"]
    problems = wrong(runtime, ROOT / "requirements.lock")
    problems += wrong([*runtime, *groups["test"], *groups["check"]], ROOT / "requirements-dev.lock")
    locked, both = pins(ROOT / "requirements.lock"), pins(ROOT / "requirements-dev.lock")
    problems += [
        f"{name} is {version} in one lock file and {both.get(name)} in the other"
        for name, version in locked.items()
        if both.get(name) != version
    ]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
