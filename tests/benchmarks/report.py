"""What every benchmark says at its end: a table, and the same as JSON in ``bench-results/``."""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "bench-results"


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print ``rows``: the first column at the left, the others at the right."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        first, *others = (
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *others]).rstrip())


def conclude(name: str, figures: dict[str, Any], targets: dict[str, bool]) -> int:
    """Write ``figures`` beside the table, say which of ``targets`` was missed; the exit code."""
    document = {
        "benchmark": name,
        **figures,
        "targets": targets,
        "passed": all(targets.values()),
        "ran_on": machine(),
    }
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    for target, met in targets.items():
        print(f"{'met   ' if met else 'MISSED'}  {target}")
    return 0 if all(targets.values()) else 1


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return {
        "commit": done.stdout.strip() or "none",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in ("django", "celery", "redis", "psycopg")},
    }
