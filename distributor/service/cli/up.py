"""``up``, and the parts of it alone: ``web``, ``worker`` and ``clock``."""

from __future__ import annotations

import os
import signal

import click

from distributor.service import house, options, parts


@click.command(short_help="The whole service, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--catch-mail",
    is_flag=True,
    help="Write mail to data_dir/mail while no email.smtp_host is set.",
)
def up(host: str, port: int, catch_mail: bool) -> None:
    """Migrate, then run site, workers, clock and embedded Redis, until Ctrl-C."""
    try:
        house.up(options.load(), host, port, catch_mail=catch_mail)
    except house.Failed as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
def web(host: str, port: int) -> None:
    """Run the web server alone."""
    try:
        house.check_port(host, port)
    except house.Failed as error:
        raise click.ClickException(str(error)) from None
    _become("web", parts.web(host, port))


@click.command()
@click.option(
    "--queue",
    "queues",
    multiple=True,
    type=click.Choice(parts.QUEUES),
    help="A queue to drain, first named first (repeat). All of them where none is named.",
)
def worker(queues: tuple[str, ...]) -> None:
    """Run one worker alone."""
    chosen = tuple(dict.fromkeys(queues)) or parts.QUEUES
    _become("worker", parts.worker("-".join(chosen) if queues else "all", chosen))


@click.command()
def clock() -> None:
    """Run the clock alone. One is enough, and two do no harm."""
    _become("clock", parts.clock())


def _become(role: str, command: list[str]) -> None:
    """Replace this process, so that signals reach the part itself."""
    options.load()
    os.environ["DISTRIBUTOR_ROLE"] = role
    # The part lets it through once it is loaded so far that it can end in silence.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    os.execv(command[0], command)
