"""``config``: every option, its value, and where the value came from."""

from __future__ import annotations

import json

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
        shown = [
            (key, json.dumps(value, ensure_ascii=False), origin) for key, value, origin in rows
        ]
        output.table(("OPTION", "VALUE", "FROM"), shown)


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
