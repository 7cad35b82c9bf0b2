"""What follows a publication, up to its withdrawal and erasure."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Callable
from typing import Any

import click

from distributor.dispatch import bell, standing
from distributor.dispatch.models import Edition
from distributor.newsroom import drafting, issuing, lifecycle, states, trouble
from distributor.newsroom.models import ReleasePage
from distributor.release import Correction
from distributor.service.cli import outcome, output
from distributor.service.cli.delivery import known
from distributor.service.cli.publish import read


@click.command()
@click.argument("release")
@click.argument("path", metavar="FILE")
@click.option("--kind", required=True, type=click.Choice(lifecycle.KINDS), help="What it mends.")
@click.option("--note", required=True, help="What is said in public of it.")
@click.option("--wrong", default="", help="Of a fact: what was wrong.")
@click.option("--right", default="", help="Of a fact: what is right.")
@outcome.options
def correct(
    release: str, path: str, kind: str, note: str, wrong: str, right: str, **asked: Any
) -> None:
    """Issue FILE as a correction of RELEASE. It replaces title, lead and body, and ends a hold.

    What else the file does not name stays as it was.
    """
    if not note.strip():
        raise click.UsageError("--note: say in public what was corrected.")
    if (wrong or right) and kind != "fact":
        raise click.UsageError("--wrong and --right belong to --kind fact.")
    page = _page(release)
    draft = read(path, page.language)
    said = Correction(kind=kind, note=note, wrong=wrong or None, right=right or None)
    with _refusals(path):
        states.require(page, "correct")
        with drafting.whole() as names:
            corrected = drafting.correct(page, draft, names)
            lifecycle.may_correct(corrected)
        edition = lifecycle.correct(corrected, by=_actor(), correction=said)
    for found in corrected.import_notes:
        line = f":{found['line']}" if found["line"] else ""
        output.note(f"{path}{line}: {found['level']}: {found['text']}")
    _told(edition, notes=corrected.import_notes, **asked)


@click.command()
@click.argument("release")
def undo(release: str) -> None:
    """Take back what of RELEASE has not left yet: a schedule, or a press of a button."""
    page = _page(release)
    with _refusals():
        edition = lifecycle.take_back(page, by=_actor())
    click.echo(f"Edition {edition.number} is taken back; the release is as it was before.")


@click.command()
@click.argument("release")
@click.option("--reason", required=True, help="Why; those who have the text are told.")
@outcome.options
def withhold(release: str, reason: str, **asked: Any) -> None:
    """Hide the text and pictures of RELEASE for now, and tell all who have it."""
    _with_reason(lifecycle.withhold, release, reason, asked)


@click.command()
@click.argument("release")
@click.option("--reason", required=True, help="Why; those who have the text are told.")
@outcome.options
def resume(release: str, reason: str, **asked: Any) -> None:
    """Let RELEASE be used again as it was, and tell all who have it."""
    _with_reason(lifecycle.resume, release, reason, asked)


@click.command()
@click.argument("release")
@click.option("--reason", required=True, help="Why, in public.")
@outcome.options
def withdraw(release: str, reason: str, **asked: Any) -> None:
    """Take RELEASE from the public for good, and tell all who have it."""
    _with_reason(lifecycle.withdraw, release, reason, asked)


@click.command()
@click.argument("release")
@click.option("--reason", required=True, help="Which order demands it; this is kept.")
@outcome.options
def erase(release: str, reason: str, **asked: Any) -> None:
    """Take text, files and revisions of RELEASE away for good; withdraw it, if it is not."""
    _with_reason(lifecycle.erase, release, reason, asked)


@click.command()
@click.argument("release")
@click.option("--until", metavar="TIME", help="When it ends instead, such as 2026-10-14T06:00.")
@click.option("--lift", is_flag=True, help="End it now.")
@outcome.options
def embargo(release: str, until: str | None, lift: bool, **asked: Any) -> None:
    """Move or end the embargo of RELEASE."""
    if bool(until) == lift:
        raise click.UsageError("Say --until TIME or --lift.")
    moment = outcome.moment("--until", until) if until else None
    page = _page(release)
    with _refusals():
        if moment:
            edition = lifecycle.move_embargo(page, by=_actor(), until=moment)
        else:
            edition = lifecycle.lift(page, by=_actor())
    _told(edition, **asked)


def _with_reason(
    act: Callable[..., Edition], release: str, reason: str, asked: dict[str, Any]
) -> None:
    if not reason.strip():
        raise click.UsageError("--reason: say why.")
    page = _page(release)
    with _refusals():
        edition = act(page, by=_actor(), reason=reason)
    _told(edition, **asked)


def _page(release: str) -> ReleasePage:
    # What the bell would log is said below in words.
    logging.getLogger(bell.__name__).setLevel(logging.ERROR)
    ident = known(release)
    page: ReleasePage | None = ReleasePage.objects.filter(release_id=ident).first()
    if page is None:
        output.fail(f"{ident} has no page in the newsroom; it cannot be changed")
    return page


def _actor() -> lifecycle.Actor:
    return lifecycle.Actor(getpass.getuser())


class _refusals:
    """Ends the command with one line if the newsroom refuses."""

    def __init__(self, path: str = "") -> None:
        self.prefix = f"{path}: " if path else ""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, states.NotNow | issuing.NotReady | drafting.Unusable):
            output.fail(f"{self.prefix}{error}")


def _told(edition: Edition, *, notes: Any = (), **asked: Any) -> None:
    if trouble.redis_is_away():
        output.note("Delivery waits: Redis is not reachable. It begins when the service is up.")
    document = standing.standing(edition.release_id) | {"notes": list(notes)}
    outcome.tell([document], **asked)
