"""``topics``: what one may follow."""

from __future__ import annotations

import click
from django.conf import settings

from distributor.audience import topics as following
from distributor.audience.models import Topic
from distributor.service import prepare
from distributor.service.cli import output
from distributor.service.cli.ready import ready


@click.group(short_help="List, add or end topics.")
def topics() -> None:
    """List, add or end topics."""
    ready()


@topics.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def list_(as_json: bool) -> None:
    """List all topics, ended ones too."""
    found = list(Topic.objects.all())
    if as_json:
        output.document([_document(topic) for topic in found])
    elif found:
        output.table(
            ("slug", "names", "ended"),
            [
                (
                    topic.slug,
                    ", ".join(f"{name} ({code})" for code, name in topic.names.items()),
                    topic.ended_at and topic.ended_at.date(),
                )
                for topic in found
            ],
        )
    else:
        click.echo('There is no topic yet: distributor topics add SLUG "NAME"')


@topics.command()
@click.argument("slug")
@click.argument("name")
@click.option("--name", "names", multiple=True, metavar="LANGUAGE=NAME", help="Repeat.")
def add(slug: str, name: str, names: tuple[str, ...]) -> None:
    """Add the topic SLUG with its NAME in the site's first language; open an ended one again."""
    given = {settings.DISTRIBUTOR.site.languages[0]: name}
    for each in names:
        language, sign, text = each.partition("=")
        if not sign:
            raise click.UsageError(f"--name {each}: write it as en=NAME.")
        given[language.strip()] = text
    try:
        topic = following.add(slug, given)
    except ValueError as error:
        output.fail(str(error))
    prepare.write_feeds()
    click.echo(f"{topic.slug} can be followed now.")


@topics.command()
@click.argument("slug")
def end(slug: str) -> None:
    """End the topic SLUG: nobody can choose it any more; what was issued stays."""
    try:
        following.end(slug)
    except ValueError as error:
        output.fail(f"{error}; distributor topics list")
    click.echo(f"{slug} has ended.")


def _document(topic: Topic) -> dict[str, object]:
    return {"slug": topic.slug, "names": topic.names, "ended_at": topic.ended_at}
