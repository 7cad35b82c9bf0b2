"""The command line. A command is loaded when called, and Django only for those that need it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import click

from distributor import __version__
from distributor.service import logs
from distributor.service.options import Wrong

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("up:up", "Migrate, then run site, workers, clock and embedded Redis."),
    "web": ("up:web", "Run the web server alone."),
    "worker": ("up:worker", "Run one worker alone."),
    "clock": ("up:clock", "Run the clock alone."),
    "demo": ("demo:demo", "Publish a sample release on a throw-away data folder."),
    "publish": ("publish:publish", "Publish releases from files."),
    "correct": ("lifecycle:correct", "Correct a release from a file."),
    "undo": ("lifecycle:undo", "Take back what has not left yet."),
    "withhold": ("lifecycle:withhold", "Hide a release for now, and tell who has it."),
    "resume": ("lifecycle:resume", "Let a withheld release be used again."),
    "withdraw": ("lifecycle:withdraw", "Take a release from the public for good."),
    "erase": ("lifecycle:erase", "Erase the words and files of a release, by order."),
    "embargo": ("lifecycle:embargo", "Move or end the embargo of a release."),
    "status": ("delivery:status", "What is owed, delivered, failed; and who is alive."),
    "sending": ("delivery:sending", "Pause, resume or cancel the sending of a release."),
    "redeliver": ("delivery:redeliver", "Deliver now what is owed, or what failed."),
    "sweep": ("delivery:sweep", "Hand over everything owed, once."),
    "subscribers": ("subscribers:subscribers", "Add, import, export, show or erase subscribers."),
    "endpoints": ("endpoints:endpoints", "Manage webhook endpoints."),
    "topics": ("topics:topics", "List, add or end topics."),
    "config": ("config:config", "Show or check the options."),
    "manage": ("manage:manage", "Django's own commands."),
}
"""Module and name of each command, and what it does in a line."""

_WITHOUT_DJANGO = {"up", "web", "worker", "clock", "demo", "config", "manage"}


class Commands(click.Group):
    """The commands of the table above, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        with _loading():
            if cmd_name not in _WITHOUT_DJANGO:
                _set_up_django()
            command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Have nobody look for garbage among what is loaded, which stays: a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distributor.service.settings")
    import_module("django").setup()
    # Whatever the site's first language is, commands and what their options refuse are English.
    import_module("django.utils.translation").activate("en")
    # A command's own lines are its answer; what the libraries say is only of use when it is bad.
    logs.quieten()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="distributor")
def distributor() -> None:
    """Publish once; reach everybody who asked, exactly once."""


def main(arguments: list[str] | None = None) -> None:
    """The entry point. Exits with 0 (done), 1 (it failed) or 2 (wrong usage)."""
    # Public files are for the web server's user too; what is not public has a mode of its own.
    os.umask(0o022)
    try:
        code: Any = distributor.main(arguments, prog_name="distributor", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        _tell(error.format_message())
        code = 1
    except Wrong as error:
        _tell(
            str(error),
            *(
                [f"and {len(error.lines) - 1} more: distributor config check"]
                if error.lines[1:]
                else []
            ),
        )
        code = 1
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        said = " ".join(str(error).split())
        _tell(f"the database does not answer: {said}", "try again when it does: distributor status")
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _is_of_the_database(error: Exception) -> bool:
    """Whether the database is away or cannot go on, and not our question wrong."""
    # Not every command needs Django, which takes its time to load.
    django = sys.modules.get("django.db")
    return django is not None and isinstance(
        error, (django.OperationalError, django.InterfaceError)
    )


def _tell(*texts: str) -> None:
    print("distributor: " + "; ".join(texts), file=sys.stderr)
