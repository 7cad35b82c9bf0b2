"""``config``: every option, its value, and where the value came from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from distributor.service import options
from distributor.service.cli import output


@click.group()
def config() -> None:
    """Show or check the options."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(as_json: bool) -> None:
    """Print every option, its value, and where the value came from. Secrets are hidden."""
    rows = list(options.rows(options.load()))
    if as_json:
        output.document({key: {"value": value, "origin": origin} for key, value, origin in rows})
    else:
        _print(
            [(key, json.dumps(value, ensure_ascii=False), origin) for key, value, origin in rows]
        )


def _print(rows: list[tuple[str, str, str]]) -> None:
    """On a terminal the file of the options is called by its name, and named in full once."""
    files = {origin for _, _, origin in rows if output.width() and origin.endswith(".toml")}
    short = {file: Path(file).name for file in files}
    shown = [(key, value, short.get(origin, origin)) for key, value, origin in rows]
    output.table(("OPTION", "VALUE", "FROM"), shown)
    for file, name in short.items():
        output.line(f"{name} is {file}")


@config.command()
def check() -> None:
    """Say what is wrong with the options, a line for each."""
    try:
        options.load()
    except options.Wrong as error:
        for line in error.lines:
            click.echo(line, err=True)
        raise SystemExit(1) from None
    click.echo("The options are good.")
