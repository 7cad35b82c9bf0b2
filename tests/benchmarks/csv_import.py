"""Import of readers from CSV: seconds and memory, for one file and for one four times its size.

    python -m tests.benchmarks.csv_import [ROWS]

Each size runs in a process of its own on an empty SQLite database: an import, then the same again.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HEADER = "email;topics;language;name;consent_at;consent_text\n"


def lines(count: int) -> Iterator[str]:
    """``count`` rows: one in a hundred is wrong, as many say again what the next one says."""
    yield HEADER
    for n in range(count):
        reader = n if n % 50 else n + 1
        at = "@" if n % 100 else " at "
        yield (
            f'reader{reader}{at}kommun{reader % 997}.example;"skola;kultur";sv;'
            f"Läsare {reader};2024-05-01;Jag vill ha nyheter.\n"
        )


def measure(count: int) -> None:
    """In a process that has its settings: migrates, imports twice, prints a row of the table."""
    import django  # noqa: PLC0415 - the settings name a data folder made by the parent

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from distributor.audience.columns import Rules  # noqa: PLC0415
    from distributor.audience.importing import import_csv  # noqa: PLC0415
    from distributor.audience.models import Topic  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    Topic.objects.bulk_create(Topic(slug=slug, names={"sv": slug}) for slug in ("skola", "kultur"))
    rules = Rules(
        topics=frozenset({"skola", "kultur"}),
        languages=("sv", "en"),
        time_zone="Europe/Stockholm",
        file="readers.csv",
    )
    path = Path(os.environ["BENCH_FILE"])
    taken = []
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        with path.open("rb") as source:
            report = import_csv(source, rules, by="benchmark")
        taken.append(time.perf_counter() - started)
        if len(taken) == 1:
            added, refused = report.added, report.refused_rows
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{count:>9,} {taken[0]:>8.1f} {taken[1]:>8.1f} {grown:>10.1f} {added:>9,} {refused:>8,}",
        flush=True,
    )


def main(count: int) -> None:
    print(
        f"{'rows':>9} {'first s':>8} {'again s':>8} {'grown MiB':>10} {'added':>9} {'refused':>8}"
    )
    for size in (count, 4 * count):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "readers.csv"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(lines(size))
            environ = os.environ | {
                "DISTRIBUTOR_SITE__DATA_DIR": folder,
                "BENCH_FILE": str(path),
            }
            environ.setdefault("DJANGO_SETTINGS_MODULE", "distributor.service.settings")
            subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.csv_import", "--measure", str(size)],
                env=environ,
                check=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 100_000)
