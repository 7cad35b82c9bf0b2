"""``demo``: the main job, seen to happen."""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from distributor.service import demo as running
from distributor.service import logs, receiver
from distributor.service.cli import output


@click.command(short_help="Publish a sample release on a throw-away data folder.")
@click.option("--keep", is_flag=True, help="Leave the site up until Ctrl-C.")
def demo(keep: bool) -> None:
    """Publish a sample release by mail, feeds and webhooks, and show what arrived where."""
    folder = Path(tempfile.mkdtemp(prefix="distributor-demo-"))
    port = running.port()
    running.prepare(folder, port)
    click.echo(f"Distributor starts on a data folder of its own: {folder}")
    log = folder / "service.log"
    try:
        with running.service(port, log), receiver.listening(folder / "webhooks") as listener:
            import_module("django").setup()
            logs.quieten()
            click.echo("A municipality publishes a release in Swedish and in English …")
            release = import_module("distributor.service.demo_release")
            rows, seconds = release.run(listener)
            _show(rows, seconds, folder)
            if keep:
                _stay(log, port)
    except running.NotArrived as error:
        output.fail(f"{error}; the service's own words are in {log}")
    if wrong := [row for row in rows if not row.arrived]:
        output.fail(f"{len(wrong)} deliveries did not arrive as they should; see {log}")


def _show(rows: list[Any], seconds: float, folder: Path) -> None:
    click.echo()
    output.table(
        ("channel", "address", "result", "seconds", "where to look"),
        [
            (
                row.channel,
                row.address,
                row.result,
                f"{row.seconds:.2f}" if row.seconds is not None else "",
                row.look,
            )
            for row in rows
        ],
    )
    click.echo()
    click.echo(f"{len(rows)} deliveries, none lost, none doubled, in {seconds:.1f} seconds.")
    click.echo(f"All of it is in {folder}; remove it when you have looked.")


def _stay(log: Path, port: int) -> None:
    """Say what the service said of itself, and leave it up."""
    said = log.read_text("utf-8", "replace")
    click.echo("\n" + said[said.find("Distributor is ready") :].rstrip())
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
