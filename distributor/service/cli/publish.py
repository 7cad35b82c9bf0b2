"""``publish``: files in, releases out."""

from __future__ import annotations

import getpass
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from django.conf import settings
from django.utils import translation

from distributor.audience.models import Topic
from distributor.channels import email
from distributor.dispatch import bell, compositions, editions, fanout, standing
from distributor.dispatch.models import Edition
from distributor.errors import Refused
from distributor.newsroom import (
    drafting,
    importing,
    issuing,
    slugs,
    snapshot,
    stops,
    times,
    trouble,
)
from distributor.newsroom.importing import Draft, Unreadable
from distributor.newsroom.models import ReleasePage
from distributor.rendering import addresses
from distributor.service.cli import output
from distributor.service.cli.ready import ready

MAX_BYTES = 50_000_000
"""No file that can be imported is larger: a Word file, packed."""

_POLL = 0.25
"""Seconds between two looks at what is owed."""


@click.command(short_help="Publish releases from files.")
@click.argument("paths", metavar="FILE ...", nargs=-1, required=True)
@click.option("--topic", "topics", multiple=True, help="The slug of a topic (repeat).")
@click.option("--list", "lists", multiple=True, help="A press list (repeat).")
@click.option("--lang", "language", help="The language of the files.")
@click.option("--type", "kind", type=click.Choice(["press", "invitation", "news"]))
@click.option("--at", metavar="TIME", help="When it leaves, such as 2026-10-14T06:00.")
@click.option("--embargo", metavar="TIME", help="Until when it is under embargo.")
@click.option("--again", is_flag=True, help="Also if the same words are already out.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and send nothing.")
@click.option("--wait", is_flag=True, help="Until nothing is owed any more.")
@click.option("--timeout", default=600, show_default=True, type=click.IntRange(0))
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def publish(
    paths: tuple[str, ...],
    topics: tuple[str, ...],
    lists: tuple[str, ...],
    language: str | None,
    kind: str | None,
    at: str | None,
    embargo: str | None,
    again: bool,
    dry_run: bool,
    wait: bool,
    timeout: int,
    as_json: bool,
) -> None:
    """Publish each FILE as a release: .md, .txt, .docx or .html; "-" reads standard input.

    What was published is kept and is delivered by the service, at once or when it is up.
    """
    translation.activate("en")
    # What the bell would log is said below in words.
    logging.getLogger(bell.__name__).setLevel(logging.ERROR)
    ready()
    _check(topics, language, at, embargo, lists)
    drafts = [
        _overridden(path, _read(path, language), topics=topics, kind=kind, at=at) for path in paths
    ]
    handle = _tried if dry_run else _published
    documents = handle(list(zip(paths, drafts, strict=True)), again=again)
    waited_for = None
    if wait and not dry_run:
        waited_for = _wait([document["release"] for document in documents], timeout)
        documents = [
            _now(document["release"]) | {"notes": document["notes"]} for document in documents
        ]
    if as_json:
        output.document(documents[0] if len(documents) == 1 else {"releases": documents})
    else:
        _tell(documents, dry_run)
    if waited_for:
        output.fail(
            f"{waited_for} deliveries are still owed after {timeout} seconds; they go on while the "
            "service is up: distributor status"
        )


def _check(
    topics: Sequence[str],
    language: str | None,
    at: str | None,
    embargo: str | None,
    lists: Sequence[str],
) -> None:
    if at and embargo:
        raise click.UsageError("A release has --at or --embargo, not both.")
    if embargo:
        raise click.UsageError("--embargo: embargoes are not there yet; use --at.")
    if lists:
        raise click.UsageError("--list: press lists are not there yet; use --topic.")
    site = settings.DISTRIBUTOR.site
    if language and language not in site.languages:
        raise click.UsageError(f"--lang {language}: choose one of {', '.join(site.languages)}.")
    known = set(Topic.objects.filter(ended_at=None).values_list("slug", flat=True))
    for slug in topics:
        if slug not in known:
            raise click.UsageError(
                f"--topic {slug}: no such topic. There are: {', '.join(sorted(known)) or 'none'}. "
                f'Add it: distributor topics add {slug} "NAME"'
            )
    if at:
        try:
            times.future(at, site.time_zone, datetime.now(UTC))
        except ValueError as error:
            raise click.UsageError(f"--at: {error}.") from None


def _read(path: str, language: str | None) -> Draft:
    """The draft in a file; a picture or document that it names is looked for beside it."""
    site = settings.DISTRIBUTOR.site
    try:
        if path == "-":
            data, folder = sys.stdin.buffer.read(MAX_BYTES + 1), None
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            folder = Path(path).parent
    except OSError as error:
        output.fail(f"{path}: {error.strerror}; name a file that can be read")
    try:
        return importing.read(
            path,
            data,
            language=language,
            languages=site.languages,
            sender=site.name,
            media_folder=folder,
        )
    except Unreadable as error:
        output.fail(f"{path}: {error}")


def _overridden(
    path: str, draft: Draft, *, topics: Sequence[str], kind: str | None, at: str | None
) -> Draft:
    """``draft`` with what the command line says instead."""
    if draft.embargo or draft.lists:
        what = "embargo" if draft.embargo else "lists"
        output.fail(f"{path}: {what} in the front matter is not there yet; take it out")
    for note in draft.notes:
        if note.rule == "image-kind":
            output.fail(f"{path}: {note.text}")
    if topics:
        draft = replace(draft, topics=tuple(dict.fromkeys(topics)))
    return replace(draft, type=kind or draft.type, at=at or draft.at)


def _published(files: Sequence[tuple[str, Draft]], *, again: bool) -> list[dict[str, Any]]:
    """Publish all of ``files``, or none if one of them may not be."""
    with drafting.whole() as names:
        pages = _created(files, names, again=again)
    documents = []
    for (path, draft), page in zip(files, pages, strict=True):
        at = _moment(path, draft) or datetime.now(UTC)
        edition = issuing.publish(page, by=getpass.getuser(), leaves_at=at)
        documents.append(_now(edition.release_id) | {"notes": page.import_notes})
    if trouble.redis_is_away():
        output.note("Delivery waits: Redis is not reachable. It begins when the service is up.")
    return documents


def _tried(files: Sequence[tuple[str, Draft]], *, again: bool) -> list[dict[str, Any]]:
    """What :func:`_published` would do, undone again; the mails are kept to look at."""
    documents = []
    with suppress(_Undone), drafting.whole() as names:
        for page in _created(files, names, again=again):
            release, shown = snapshot.snapshot(page)
            edition = editions.issue(
                release,
                revision="dry-run",
                leaves_at=datetime.now(UTC) + timedelta(days=36_500),
                issuer=getpass.getuser(),
                files=shown,
            )
            documents.append(_would(edition) | {"notes": page.import_notes})
        raise _Undone
    return documents


class _Undone(Exception):
    """Takes back what a dry run did."""


def _created(
    files: Sequence[tuple[str, Draft]], names: list[str], *, again: bool
) -> list[ReleasePage]:
    """The pages of ``files``, and what was noticed; ends the command if one may not be published.

    Whatever is wrong is one line that names the file.
    """
    pages, seen = [], dict[str, str]()
    for path, draft in files:
        _moment(path, draft)
        try:
            page = drafting.create(draft, names)
        except drafting.Unusable as error:
            output.fail(f"{path}: {error}")
        _stop(path, page, seen, again=again)
        pages.append(page)
    for (path, _), page in zip(files, pages, strict=True):
        for note in page.import_notes:
            line = f":{note['line']}" if note["line"] else ""
            output.note(f"{path}{line}: {note['level']}: {note['text']}")
    return pages


def _moment(path: str, draft: Draft) -> datetime | None:
    """When ``draft`` is to leave; None at once."""
    if not draft.at:
        return None
    try:
        return times.future(draft.at, settings.DISTRIBUTOR.site.time_zone, datetime.now(UTC))
    except ValueError as error:
        output.fail(f"{path}: at: {error}")


def _would(edition: Edition) -> dict[str, Any]:
    release = replace(edition.release, published_at=datetime.now(UTC), updated_at=datetime.now(UTC))
    folder = settings.DISTRIBUTOR.site.data_dir / "dry-run"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{slugs.slug(release.title) or 'release'}.{release.language}.eml"
    try:
        file.write_bytes(email.sample(email.compose(release, compositions.sender())))
    except Refused as error:
        output.fail(f"the mail cannot be made: {error}")
    sizes = fanout.audience_size(edition)
    none = dict.fromkeys(standing.COUNTS, 0)
    channels = {name: none | {"owed": sizes.get(name, 0)} for name in ("email", "webhook", "feed")}
    return {
        "title": release.title,
        "state": "draft",
        "event": edition.act,
        "channels": channels,
        "files": [str(file)],
    }


def _stop(path: str, page: ReleasePage, seen: dict[str, str], *, again: bool) -> None:
    """End the command if ``page`` may not be published; ``seen`` has the digests before it."""
    if problems := stops.stops(page):
        output.fail(f"{path}: {' '.join(problems)}")
    release, _ = snapshot.snapshot(page)
    digest = release.digest()
    out = editions.holding(digest)
    if out and not again:
        where = addresses.permanent(compositions.site(), str(out.release_id))
        output.fail(f"{path}: these words are already out: {where} (--again insists)")
    if digest in seen and not again:
        output.fail(f"{path}: {seen[digest]} has the same words (--again insists)")
    seen[digest] = path


def _now(release_id: UUID | str) -> dict[str, Any]:
    return standing.standing(release_id)


def _wait(release_ids: Sequence[str], timeout: int) -> int:
    """Until nothing is owed of the releases, or ``timeout`` seconds; how much is owed then."""
    end = time.monotonic() + timeout
    owed = total = sum(standing.owed(ident) for ident in release_ids)
    with output.progress("delivered", max(total, 1)) as show:
        while owed and time.monotonic() < end:
            time.sleep(_POLL)
            owed = sum(standing.owed(ident) for ident in release_ids)
            total = max(total, owed)
            show(total - owed)
    return owed


def _tell(documents: Sequence[dict[str, Any]], dry_run: bool) -> None:
    for document in documents:
        if dry_run:
            click.echo(f"Would publish: {document['title']}")
        else:
            click.echo(f"{document['state'].capitalize()}: {document['title']}")
            click.echo(f"  {document['url']}")
            click.echo(f"  release {document['release']}, edition {document['edition']}")
        for channel, counts in document["channels"].items():
            told = ", ".join(f"{counts[name]} {name}" for name in standing.COUNTS if counts[name])
            click.echo(f"  {channel}: {told or 'nobody'}")
        for file in document.get("files", ()):
            click.echo(f"  {file}")


def _later(name: str) -> click.Command:
    """A command that is promised and not there yet."""

    @click.command(name, context_settings={"ignore_unknown_options": True})
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> None:
        raise click.UsageError(f"{name} is not there yet.")

    return command


correct = _later("correct")
withhold = _later("withhold")
resume = _later("resume")
withdraw = _later("withdraw")
erase = _later("erase")
embargo = _later("embargo")
