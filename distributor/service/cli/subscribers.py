"""``subscribers``: readers from the command line."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from django.conf import settings

from distributor.audience import exporting, importing, subscribing
from distributor.audience.addresses import normal
from distributor.audience.columns import Rules
from distributor.audience.models import Consent, Subscriber
from distributor.audience.topics import followable
from distributor.dispatch.models import Delivery
from distributor.service.cli import output
from distributor.service.cli.ready import ready

SOURCE = "command line"
LONG = {"reading": (1_000_000, "bytes"), "importing": (10_000, "rows")}
"""From how much of what on the steps of an import show their progress."""

SHOWN = 20
"""Problems of an import that are printed; ``--json`` has all."""

TOPIC = click.option("--topic", "topics", multiple=True, help="The slug of a topic (repeat).")
LANGUAGE = click.option(
    "--language", "--lang", "languages", multiple=True, help="What they read (repeat)."
)
CONFIRMED = click.option("--confirmed", is_flag=True, help="They have agreed: you vouch for it.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")

_WHY_NOT = {
    subscribing.SUPPRESSED: "mail to this address is suppressed",
    subscribing.ENDED: "this person has unsubscribed; only they can undo that",
    subscribing.UNAGREED: (
        "this reader has not asked for all of these topics; say --confirmed if they have agreed"
    ),
}


@click.group(short_help="Add, import, export, show or erase subscribers.")
def subscribers() -> None:
    """Add, import, export, show or erase subscribers."""
    ready()


@subscribers.command()
@click.argument("email")
@TOPIC
@LANGUAGE
@CONFIRMED
def add(email: str, topics: tuple[str, ...], languages: tuple[str, ...], confirmed: bool) -> None:
    """Add one reader of at least one --topic. Without --confirmed nothing is sent to them yet."""
    if not topics:
        raise click.UsageError("Say at least one --topic.")
    _check(topics, languages)
    with _one_line(email):
        address = normal(email)
    wish = subscribing.Wish(
        address=address,
        paces=dict.fromkeys(topics, "immediate"),
        languages=languages or _languages(),
        agreement=subscribing.Agreement(basis="consent", source=SOURCE) if confirmed else None,
    )
    (outcome,) = subscribing.record([wish], by=getpass.getuser())
    if outcome in _WHY_NOT:
        output.fail(f"{address.address}: {_WHY_NOT[outcome]}; nothing was changed")
    done = {subscribing.ADDED: "Added", subscribing.MERGED: "Changed"}
    click.echo(f"{done.get(outcome, 'Here already')}: {address.address}")
    if Subscriber.objects.filter(key=address.key, confirmed_at=None).exists():
        click.echo("Nothing is sent to them before they have confirmed.")


@subscribers.command("import")
@click.argument("path", metavar="FILE.csv")
@click.option("--topic", "topics", multiple=True, help="For rows without topics (repeat).")
@click.option("--language", "--lang", "languages", multiple=True, help="For rows without (repeat).")
@CONFIRMED
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@AS_JSON
def import_(
    path: str,
    topics: tuple[str, ...],
    languages: tuple[str, ...],
    confirmed: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import readers; the good rows are taken, whatever is wrong with others.

    Who has neither consent_at, nor a legal basis, nor --confirmed, waits to confirm.
    """
    _check(topics, languages)
    rules = Rules(
        topics=frozenset(followable().values_list("slug", flat=True)),
        languages=tuple(settings.DISTRIBUTOR.site.languages),
        time_zone=settings.DISTRIBUTOR.site.time_zone,
        file=Path(path).name,
        confirmed=confirmed,
        default_topics=tuple(dict.fromkeys(topics)),
        default_languages=languages or _languages(),
    )
    with _one_line(path):
        try:
            with Path(path).open("rb") as source, _progress() as progress:
                report = importing.import_csv(
                    source, rules, by=getpass.getuser(), dry_run=dry_run, progress=progress
                )
        except OSError as error:
            output.fail(f"{path}: {error.strerror}; name a file that can be read")
    if as_json:
        output.document(_counted(report))
    else:
        _tell(report, dry_run)
    if report.refused and not (report.added or report.merged):
        output.fail(f"{path}: no row can be imported; mend the lines named and try again")


@subscribers.command()
def export() -> None:
    """Write every reader as CSV to standard output, in the form that import takes."""
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    count = exporting.export_csv(sys.stdout)
    output.note(f"{count} readers.")


@subscribers.command()
@click.argument("email")
@AS_JSON
def show(email: str, as_json: bool) -> None:
    """Show what is kept of one person."""
    with _one_line(email):
        key = normal(email).key
    person = Subscriber.objects.filter(key=key).first()
    if person is None:
        output.fail(f"there is no subscriber {email}; distributor subscribers export lists all")
    record = _record(person)
    if as_json:
        output.document(record)
        return
    click.echo(f"{record['email']}: {record['state']}")
    for name in ("languages", "pace", "name", "outlet", "beat", "suppressed"):
        value = record[name]
        if value:
            click.echo(f"  {name}: {', '.join(value) if isinstance(value, list) else value}")
    for head in ("topics", "consents", "deliveries"):
        if rows := record[head]:
            click.echo(f"\n{head}")
            output.table(list(rows[0]), [list(row.values()) for row in rows])


@subscribers.command()
@click.argument("email")
def erase(email: str) -> None:
    """Erase one person."""
    raise click.UsageError("erase is not there yet.")


def _record(person: Subscriber) -> dict[str, Any]:
    """Everything kept of a person, newest first; times in UTC."""
    wishes = person.subscriptions.select_related("topic").order_by("topic__slug")
    deliveries = Delivery.objects.filter(channel="email", recipient=person.pk)
    return {
        "email": person.address,
        "state": _state(person, [wish.ended_at is None for wish in wishes]),
        "suppressed": person.suppressed or None,
        "languages": person.languages.split(),
        "pace": _pace([wish.pace for wish in wishes if wish.ended_at is None]),
        "name": person.name,
        "outlet": person.outlet,
        "beat": person.beat,
        "created_at": person.created_at,
        "confirmed_at": person.confirmed_at,
        "topics": [
            {
                "topic": wish.topic.slug,
                "pace": wish.pace,
                "state": "ended" if wish.ended_at else "follows",
                "reason": wish.ended_reason or None,
                "since": wish.created_at,
                "ended_at": wish.ended_at,
            }
            for wish in wishes
        ],
        "consents": list(
            Consent.objects.filter(subscriber=person)
            .order_by("-recorded_at", "-pk")
            .values(
                *("basis", "source", "text", "recorded_by"),
                *("given_at", "recorded_at", "withdrawn_at"),
            )
        ),
        "deliveries": [
            {
                "release": str(delivery.edition.release_id),
                "edition": delivery.edition.number,
                "title": delivery.edition.title,
                "state": delivery.state,
                "reason": delivery.reason or None,
                "attempts": delivery.attempts,
                "done_at": delivery.done_at,
            }
            for delivery in deliveries.select_related("edition").order_by("-pk")
        ],
    }


def _state(person: Subscriber, following: list[bool]) -> str:
    if person.suppressed:
        return "suppressed"
    if following and not any(following):
        return "ended"
    return "confirmed" if person.confirmed_at else "unconfirmed"


def _pace(paces: list[str]) -> str | None:
    """The fastest: for a release of several topics it is the one that counts."""
    return min(paces, key=["immediate", "daily", "weekly", "paused"].index, default=None)


def _check(topics: tuple[str, ...], languages: tuple[str, ...]) -> None:
    known = set(followable().values_list("slug", flat=True))
    for slug in topics:
        if slug not in known:
            raise click.UsageError(
                f"--topic {slug}: no such topic. There are: {', '.join(sorted(known)) or 'none'}. "
                f'Add it: distributor topics add {slug} "NAME"'
            )
    allowed = settings.DISTRIBUTOR.site.languages
    for language in languages:
        if language not in allowed:
            raise click.UsageError(f"--language {language}: choose one of {', '.join(allowed)}.")


def _languages() -> tuple[str, ...]:
    """What somebody reads of whom nothing is said."""
    return (settings.DISTRIBUTOR.site.languages[0],)


@contextmanager
def _one_line(about: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        output.fail(f"{about}: {error}")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Progress of each step of an import that is long enough to be waited for."""
    with ExitStack() as shown:
        steps: dict[str, Callable[[int], None]] = {}

        def tell(step: str, done: int, total: int) -> None:
            long, unit = LONG[step]
            if total >= long and step not in steps:
                shown.close()
                steps[step] = shown.enter_context(output.progress(f"{step} ({unit})", total))
            if step in steps:
                steps[step](done)

        yield tell


def _counted(report: importing.Report) -> dict[str, Any]:
    return {
        "added": report.added,
        "merged": report.merged,
        "refused": [
            {"line": each.line, "column": each.column, "problem": each.problem}
            for each in report.refused
        ],
        "rows": report.rows,
        "waiting": report.waiting,
        "doubled": report.doubled,
        "already_here": report.already_here,
        "suppressed": report.suppressed,
        "ended": report.ended,
        "encoding": report.encoding,
        "separator": report.separator,
        "ignored_columns": report.ignored_columns,
    }


def _tell(report: importing.Report, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    click.echo(
        f"{report.rows} rows: {report.added} people {would}added, {report.merged} rows "
        f"{would}merged, {report.refused_rows} rows refused."
    )
    if report.waiting:
        click.echo(
            f"{report.waiting} of those added have not agreed on record: nothing is sent to them "
            "before they confirm (--confirmed vouches for them)."
        )
    if report.ignored_columns:
        output.note(f"ignored columns: {', '.join(report.ignored_columns)}")
    for each in report.refused[:SHOWN]:
        where = f", {each.column}" if each.column else ""
        output.note(f"line {each.line}{where}: {each.problem}")
    if len(report.refused) > SHOWN:
        output.note(f"and {len(report.refused) - SHOWN} more; --json lists them all")
