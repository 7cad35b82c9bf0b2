"""What became of a release, said by every command that issues an edition."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import click
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from distributor.dispatch import standing
from distributor.newsroom import times
from distributor.rendering import dates
from distributor.service import vitals
from distributor.service.cli import output

_POLL = 0.25
"""Seconds between two looks at what is owed."""
_PARTS = {"mail": "email", "feeds": "feed"}
"""What may be ill while the rest goes on, and the channel that then waits."""


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Give ``command`` the options ``--wait``, ``--timeout`` and ``--json``."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON document."),
        click.option("--timeout", default=600, show_default=True, type=click.IntRange(0)),
        click.option("--wait", is_flag=True, help="Until nothing is owed any more."),
    ):
        command = option(command)
    return command


def moment(option: str, text: str) -> datetime:
    """The time to come that ``option`` names.

    Raises:
        click.UsageError: it names none.
    """
    try:
        return times.future(text, settings.DISTRIBUTOR.site.time_zone, datetime.now(UTC))
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}.") from None


def tell(documents: Sequence[dict[str, Any]], *, wait: bool, timeout: int, as_json: bool) -> None:
    """Say how far the releases have come, with ``wait`` once nothing of them is owed any more."""
    waited_for = None
    if wait:
        try:
            waited_for = _wait([document["release"] for document in documents], timeout)
        except KeyboardInterrupt:
            output.note(_left(documents))
            raise
        documents = [
            standing.standing(document["release"]) | {"notes": document["notes"]}
            for document in documents
        ]
    if as_json:
        output.document(documents[0] if len(documents) == 1 else {"releases": documents})
    else:
        show(documents)
    if waited_for:
        output.fail(
            f"{waited_for} deliveries are still owed after {timeout} seconds; {_why(documents)}: "
            "distributor status"
        )


def interruption(found: dict[str, Any]) -> str:
    """That a sending is paused or cancelled, since when, by what, and what makes it go on."""
    zone = settings.DISTRIBUTOR.site.time_zone
    since = dates.brief(datetime.fromisoformat(found["since"]), datetime.now(UTC), "en", zone)
    why = "by a person"
    if found["by"] != "person":
        why = f"because receivers refuse this mail ({found['reply'] or found['reason']})"
    if found["spares_at_once"]:
        why += ", but for those who are told at once"
    goes_on = "goes on"
    if found["state"] == "cancelled":
        why += ", and paused, too" if found["holds_later"] else ""
        goes_on = "sends it after all"
    return f"{found['state']} since {since}, {why}; {found['resume']} {goes_on}"


def _left(documents: Sequence[dict[str, Any]]) -> str:
    """What whoever waits no longer should know."""
    what, look = f"The {len(documents)} releases are published", "distributor status"
    if len(documents) == 1:
        what = f"The release is {documents[0]['state']}"
        look += f" {documents[0]['release']}"
    return f"\n{what}, and sending goes on without this command: {look}"


def _why(documents: Sequence[dict[str, Any]]) -> str:
    """Why they wait, if that is known, and how they go on."""
    held_up = [document["sending"] for document in documents if document["sending"]]
    if held_up:
        return "; ".join(f"the sending is {interruption(found)}" for found in held_up)
    ill = {name: what for name, what in vitals.services().items() if what != "ok"}
    known = [f"{name}: {what}" for name, what in ill.items() if name in vitals.NEEDED]
    owing = {channel for document in documents for channel in _owing(document)}
    known += [ill[part] for part, channel in _PARTS.items() if part in ill and channel in owing]
    going_on = "they go on while the service is up"
    return "; ".join([*known, "they go on when that is mended" if known else going_on])


def _owing(document: dict[str, Any]) -> list[str]:
    return [channel for channel, counts in document["channels"].items() if counts["owed"]]


def _wait(release_ids: Sequence[str], timeout: int) -> int:
    """Until nothing is owed of the releases, or ``timeout`` seconds; how much is owed then.

    While the database is away too: the workers go on by themselves when it is back.
    """
    end = time.monotonic() + timeout
    owed = total = sum(standing.owed(ident) for ident in release_ids)
    failed_before = _failed(release_ids)
    away = False
    with output.progress("done", max(total, 1)) as shown:
        while owed and time.monotonic() < end:
            time.sleep(_POLL)
            try:
                owed = sum(standing.owed(ident) for ident in release_ids)
                failed = _failed(release_ids) - failed_before
            except DatabaseError:
                if not away:
                    output.note("The database does not answer; it is waited for.")
                away = True
                close_old_connections()
                continue
            away = False
            total = max(total, owed)
            shown(total - owed, f", {failed} of them failed" if failed > 0 else "")
    return owed


def _failed(release_ids: Sequence[str]) -> int:
    return sum(standing.failed(ident) for ident in release_ids)


def show(documents: Sequence[dict[str, Any]], *, dry_run: bool = False) -> None:
    """``documents`` in lines for people."""
    for document in documents:
        if dry_run:
            click.echo(f"Would publish: {document['title']}")
        else:
            click.echo(f"{document['state'].capitalize()}: {output.title(document)}")
            click.echo(f"  {document['url']}")
            click.echo(f"  release {document['release']}, edition {document['edition']}")
            if document["sending"]:
                click.echo(f"  the sending is {interruption(document['sending'])}")
        for channel, counts in document["channels"].items():
            told = ", ".join(f"{counts[name]} {name}" for name in standing.COUNTS if counts[name])
            click.echo(f"  {channel}: {told or 'nobody'}")
        for file in document.get("files", ()):
            click.echo(f"  {file}")
