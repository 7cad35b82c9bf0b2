"""What became of releases, and having it tried again: ``status``, ``redeliver``, ``sweep``."""

from __future__ import annotations

import uuid
from os.path import commonprefix
from typing import Any

import click
from django.utils import timezone

from distributor.dispatch import control, editions, endpoint_control, pausing, standing
from distributor.dispatch.models import Edition
from distributor.service import sweep as sweeping
from distributor.service import vitals
from distributor.service.cli import outcome, output
from distributor.service.cli.ready import ready

SHOWN = 20
"""How many releases ``status`` lists, the newest first."""
_WIDE = 140
"""A terminal of so many columns has room for titles beside the counts."""
_SHORT = 8
"""Of an id so many letters are shown, or more where another release has the same ones."""
_NAMED = 5
"""How many releases are named of those that an id in short may mean."""


def known(text: str) -> uuid.UUID:
    """The id of the one release whose id begins with ``text``.

    Raises:
        click.ClickException: there is none, or more than one.
    """
    ready()
    wanted = text.replace("-", "").lower()
    found = [ident for ident in _ids() if wanted and ident.hex.startswith(wanted)]
    if not found:
        output.fail(f"no release begins with {text}; distributor status lists them")
    if len(found) > 1:
        output.fail(f"{text} begins {len(found)} releases; say which: {_named(found)}")
    return found[0]


def _ids() -> list[uuid.UUID]:
    """Of every release, the newest first."""
    newest = Edition.objects.order_by("-issued_at", "-pk")
    return list(dict.fromkeys(newest.values_list("release_id", flat=True)))


def _named(found: list[uuid.UUID]) -> str:
    said = []
    for ident in found[:_NAMED]:
        newest = Edition.objects.filter(release_id=ident).latest("number")
        said.append(f"{ident} ({newest.title or newest.content['uri']})")
    rest = len(found) - len(said)
    return ", ".join(said) + (f" and {rest} more" if rest else "")


def _shorts() -> dict[str, str]:
    """By its id as much of the id of each release as no other begins with."""
    ids = ["", *sorted(map(str, _ids())), ""]
    return {
        ident: ident[: max(_SHORT, *(1 + len(commonprefix([ident, other])) for other in others))]
        for *others, ident in zip(ids, ids[2:], ids[1:], strict=False)
    }


def issued(text: str) -> uuid.UUID:
    """Like :func:`known`, of a release that has an edition which was not taken back."""
    ident = known(text)
    if not editions.standing(ident).exists():
        output.fail(f"{ident} was taken back before anything left; publish it again")
    return ident


@click.command(short_help="What is owed, delivered, failed; and who is alive.")
@click.argument("release", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(release: str | None, as_json: bool) -> None:
    """How far RELEASE has come, or the newest releases, and whether the service is well."""
    if release:
        document = standing.standing(issued(release))
        output.document(document) if as_json else _show(document)
        return
    ready()
    releases = [standing.standing(ident) for ident in _newest()]
    services, ended = vitals.services(), endpoint_control.troubles()
    if as_json:
        output.document({"releases": releases, "services": services, "endpoints": ended})
        return
    for name, well in services.items():
        output.line(f"{name:9} {well}", indent=10)
    for endpoint in ended:
        output.line(
            "endpoint  {id} ({name}) is disabled: {reason}; it has missed {missed} releases. "
            "When it is mended: distributor endpoints enable {id}".format(**endpoint),
            indent=10,
        )
    shorts = _shorts()
    for document in releases:
        if document["sending"]:
            short, told = shorts[document["release"]], outcome.interruption(document["sending"])
            output.line(f"sending   {short} is {told}", indent=10)
    click.echo()
    if releases:
        _list(releases, shorts)
    else:
        click.echo("No release was published yet: distributor publish FILE")


def _newest() -> list[uuid.UUID]:
    issued = Edition.objects.filter(taken_back_at=None).order_by("-issued_at")
    return list(dict.fromkeys(issued.values_list("release_id", flat=True)[: 5 * SHOWN]))[:SHOWN]


def _list(releases: list[dict[str, Any]], shorts: dict[str, str]) -> None:
    head = ("release", "state", "channel", *standing.COUNTS)
    if (output.width() or _WIDE) >= _WIDE:
        rows = [row for document in releases for row in _rows(document, shorts)]
        output.table((*head, "title"), rows)
        return
    below: list[tuple[Any, ...] | str] = []
    for document in releases:
        below += [output.title(document), *(row[:-1] for row in _rows(document, shorts))]
    output.table(head, below)


def _rows(document: dict[str, Any], shorts: dict[str, str]) -> list[tuple[Any, ...]]:
    head = [(shorts[document["release"]], document["state"]), *[("", "")] * 2]
    titles = [output.title(document)[:60], "", ""]
    return [
        (*left, channel, *(counts[name] for name in standing.COUNTS), title)
        for left, (channel, counts), title in zip(
            head, document["channels"].items(), titles, strict=True
        )
    ]


def _show(document: dict[str, Any]) -> None:
    output.line(output.title(document))
    click.echo(f"  {document['url']}")
    click.echo(f"  {document['state']}, edition {document['edition']} ({document['event']})")
    if document["sending"]:
        output.line(f"  the sending is {outcome.interruption(document['sending'])}", indent=2)
    click.echo()
    rows = [
        (channel, *(counts[name] for name in standing.COUNTS))
        for channel, counts in document["channels"].items()
    ]
    output.table(("channel", *standing.COUNTS), rows)


@click.command()
@click.argument("release")
@click.option(
    "--pause",
    is_flag=True,
    help="Stop within one round; hold what is issued later, but for who is told at once.",
)
@click.option("--resume", is_flag=True, help="Go on with what is pending.")
@click.option("--cancel", is_flag=True, help="Never send what is pending.")
def sending(release: str, pause: bool, resume: bool, cancel: bool) -> None:
    """Pause, resume or cancel the sending of RELEASE."""
    if pause + resume + cancel != 1:
        raise click.UsageError("Say one of --pause, --resume and --cancel.")
    ident = issued(release)
    if cancel:
        _cancel(ident)
    elif pause:
        paused = control.pause(ident)
        click.echo(
            "Paused. What is issued later waits, too, but for those who are told of it at once."
            if paused
            else "It was paused already."
        )
    else:
        click.echo("Resumed." if control.resume(ident) else "It was not paused.")


def _cancel(ident: uuid.UUID) -> None:
    undo = f"take it back: distributor undo {ident}"
    try:
        cancelled = control.cancel(ident)
    except control.NotLeft as error:
        output.fail(f"{error}; {undo}")
    click.echo(
        f"{cancelled} deliveries are cancelled. "
        "A correction or update that is issued later goes to all who follow, them too."
    )
    if pausing.holds_since(ident):
        output.note(f"It waits for the end of the pause: distributor sending {ident} --resume")
    newest = editions.standing(ident).first()
    if newest and newest.leaves_at > timezone.now():
        output.note(f"Edition {newest.number} has not left and is not cancelled; {undo}")


@click.command()
@click.argument("release")
@click.option("--channel", required=True, type=click.Choice(["email", "webhook"]))
@click.option("--failed", is_flag=True, help="What failed, too.")
def redeliver(release: str, channel: str, failed: bool) -> None:
    """Deliver now what is owed of RELEASE, whatever it was waiting for."""
    ident = issued(release)
    due = control.redeliver(ident, channel, failed=failed)
    click.echo(f"{due} deliveries are due now." if due else "Nothing is owed.")
    stopped = standing.interruption(editions.standing(ident))
    if due and stopped:
        output.note(f"The sending is {outcome.interruption(stopped)}")


@click.command()
def sweep() -> None:
    """Hand over everything owed, once."""
    ready()
    found = sweeping.run()
    click.echo(f"{found} editions and batches are owed." if found else "Nothing is owed.")
