"""``endpoints``: webhook addresses from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import click
from django.conf import settings

from distributor.adapters.http import Blocked
from distributor.audience import endpoints as hooks
from distributor.audience.models import Endpoint
from distributor.channels import webhooks
from distributor.dispatch import compositions, endpoint_control
from distributor.newsroom import times
from distributor.service.cli import output
from distributor.service.cli.ready import ready

AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
IDENT = click.argument("ident", metavar="ID", type=int)


@click.group(short_help="Manage webhook endpoints.")
def endpoints() -> None:
    """Manage webhook endpoints."""
    ready()


@endpoints.command()
@click.argument("url")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(webhooks.FORMATS)),
    default="standard",
    show_default=True,
)
@click.option("--topic", "topics", multiple=True, help="The slug of a topic (repeat); none: all.")
@click.option("--lang", "languages", multiple=True, help="A language (repeat); none: all.")
@click.option("--name", default="", help="What it is called; the host if not given.")
@click.option("--contact", default="", metavar="EMAIL", help="Who is told of trouble.")
@click.option("--trusted", is_flag=True, help="Gets releases under embargo too.")
@AS_JSON
def add(
    url: str,
    format_: str,
    topics: tuple[str, ...],
    languages: tuple[str, ...],
    name: str,
    contact: str,
    trusted: bool,
    as_json: bool,
) -> None:
    """Add an endpoint for URL. Its secret is shown this once."""
    with _one_line():
        added = hooks.add(
            url,
            format=format_,
            name=name,
            contact=contact,
            topics=topics,
            languages=languages,
            trusted=trusted,
        )
    _warn(added.warnings)
    _tell(added.endpoint, added.secret, as_json)


@endpoints.command("list")
@AS_JSON
def list_(as_json: bool) -> None:
    """List the endpoints; no secret and no more of a URL than its host."""
    found = Endpoint.objects.filter(deleted_at=None).order_by("pk").prefetch_related("topics")
    documents = [_document(endpoint) for endpoint in found]
    if as_json:
        output.document(documents)
    elif documents:
        output.table(
            ("id", "name", "url", "format", "state", "topics", "languages"),
            [
                (
                    *(each["id"], each["name"], each["url"], each["format"]),
                    each["state"] + (f" ({each['reason']})" if each["reason"] else ""),
                    ", ".join(each["topics"]) or "all",
                    ", ".join(each["languages"]) or "all",
                )
                for each in documents
            ],
        )
    else:
        click.echo("There is no endpoint yet: distributor endpoints add URL --format FORMAT")


@endpoints.command()
@IDENT
@AS_JSON
def test(ident: int, as_json: bool) -> None:
    """Send a test to endpoint ID once, whatever its state, and show the answer."""
    with _one_line():
        tried = hooks.try_out(hooks.known(ident), compositions.site())
    answer, error = tried.answer, tried.error
    said = answer.body[:4096].decode("utf-8", "replace") if answer else ""
    if as_json:
        output.document(
            {
                "id": ident,
                "delivered": error is None,
                "problem": error and error.reason,
                "status": answer and answer.status,
                "ms": answer and answer.ms,
                "answer": said,
            }
        )
    elif answer:
        click.echo(f"Status {answer.status} after {answer.ms} ms from {answer.seen.address}.")
        if said:
            click.echo(_printable(said))
    if isinstance(error, Blocked):
        output.fail(f"blocked by the rule {error.rule!r}: {error.message} Nothing was sent.")
    if error:
        output.fail(f"endpoint {ident} did not take the test: {error.reason}")


@endpoints.command()
@IDENT
@click.option(
    "--overlap-hours",
    default=hooks.OVERLAP,
    show_default=True,
    type=click.IntRange(0, hooks.LONGEST_OVERLAP),
    help="How long the old secret signs too.",
)
@AS_JSON
def rotate(ident: int, overlap_hours: int, as_json: bool) -> None:
    """Give endpoint ID a new secret. It is shown this once."""
    with _one_line():
        endpoint = hooks.known(ident)
        secret = hooks.rotate(endpoint, overlap_hours=overlap_hours)
    _tell(endpoint, secret, as_json)


@endpoints.command()
@IDENT
def enable(ident: int) -> None:
    """Let endpoint ID get what is issued from now on."""
    with _one_line():
        endpoint = hooks.known(ident)
        enabled = endpoint_control.enable(endpoint)
    _warn(enabled.warnings)
    if endpoint.state == Endpoint.State.DISABLED:
        output.fail(f"endpoint {ident} stays disabled ({endpoint.reason})")
    click.echo(f"Endpoint {ident} is enabled.")
    if enabled.missed:
        there = enabled.since.astimezone(ZoneInfo(settings.DISTRIBUTOR.site.time_zone))
        click.echo(
            f"It has missed {enabled.missed} releases, which are not sent unless you say so: "
            f"distributor endpoints replay {ident} --since {there.isoformat(timespec='minutes')}"
        )


@endpoints.command()
@IDENT
def disable(ident: int) -> None:
    """Send endpoint ID nothing until it is enabled again."""
    with _one_line():
        endpoint_control.disable(hooks.known(ident))
    click.echo(f"Endpoint {ident} is disabled.")


@endpoints.command()
@IDENT
def delete(ident: int) -> None:
    """Erase URL, headers and secrets of endpoint ID; what was sent to it stays on record."""
    with _one_line():
        endpoint_control.delete(hooks.known(ident))
    click.echo(f"Endpoint {ident} is deleted.")


@endpoints.command()
@IDENT
@click.option("--since", metavar="TIME", required=True, help="Such as 2026-10-14T06:00.")
@click.option("--delivered", is_flag=True, help="What it has got, too.")
def replay(ident: int, since: str, delivered: bool) -> None:
    """Send endpoint ID what it has missed: the newest edition of each release."""
    with _one_line():
        moment = times.moment(since, settings.DISTRIBUTOR.site.time_zone)
        count = endpoint_control.replay(hooks.known(ident), moment, delivered=delivered)
    click.echo(f"{count} deliveries are due now." if count else "It has missed nothing since then.")


@contextmanager
def _one_line() -> Iterator[None]:
    """Whatever is wrong ends the command with one line that says what to do."""
    try:
        yield
    except Blocked as error:
        output.fail(f"blocked by the rule {error.rule!r}: {error.message}")
    except ValueError as error:
        output.fail(str(error))


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        output.note(f"warning: {warning}")


def _tell(endpoint: Endpoint, secret: str | None, as_json: bool) -> None:
    if as_json:
        output.document(_document(endpoint) | {"secret": secret})
        return
    click.echo(f"Endpoint {endpoint.pk}: {hooks.shown(endpoint)} ({endpoint.format})")
    if secret:
        click.echo(f"Secret, shown this once: {secret}")


def _document(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.pk,
        "name": endpoint.name,
        "url": hooks.shown(endpoint),
        "format": endpoint.format,
        "state": endpoint.state,
        "reason": endpoint.reason,
        "topics": [topic.slug for topic in endpoint.topics.all()],
        "languages": endpoint.languages.split(),
        "trusted": endpoint.trusted,
        "contact": endpoint.contact,
    }


def _printable(text: str) -> str:
    """An answer that cannot steer the terminal."""
    return "".join(
        char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text
    )
