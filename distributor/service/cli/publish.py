"""``publish``: files in, releases out."""

from __future__ import annotations

import getpass
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from django.conf import settings

from distributor.audience.models import Topic
from distributor.channels import email
from distributor.dispatch import bell, compositions, editions, fanout, standing
from distributor.dispatch.models import Edition
from distributor.errors import Refused
from distributor.newsroom import (
    drafting,
    importing,
    lifecycle,
    slugs,
    snapshot,
    states,
    stops,
    times,
    trouble,
)
from distributor.newsroom.importing import Draft, Unreadable
from distributor.newsroom.models import ReleasePage
from distributor.rendering import addresses
from distributor.service import datadir
from distributor.service.cli import outcome, output
from distributor.service.cli.ready import ready

MAX_BYTES = 50_000_000
"""No file that can be imported is larger: a Word file, packed."""


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
@outcome.options
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
    # What the bell would log is said below in words.
    logging.getLogger(bell.__name__).setLevel(logging.ERROR)
    ready()
    _check(topics, language, at, embargo, lists)
    drafts = [
        _overridden(path, read(path, language), topics=topics, kind=kind, at=at, embargo=embargo)
        for path in paths
    ]
    handle = _tried if dry_run else _published
    documents = handle(list(zip(paths, drafts, strict=True)), again=again)
    if dry_run:
        if as_json:
            output.document(documents[0] if len(documents) == 1 else {"releases": documents})
        else:
            outcome.show(documents, dry_run=True)
        return
    outcome.tell(documents, wait=wait, timeout=timeout, as_json=as_json)


def _check(
    topics: Sequence[str],
    language: str | None,
    at: str | None,
    embargo: str | None,
    lists: Sequence[str],
) -> None:
    if at and embargo:
        raise click.UsageError("A release has --at or --embargo, not both.")
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
    for option, text in (("--at", at), ("--embargo", embargo)):
        if text:
            outcome.moment(option, text)


def read(path: str, language: str | None) -> Draft:
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
    path: str,
    draft: Draft,
    *,
    topics: Sequence[str],
    kind: str | None,
    at: str | None,
    embargo: str | None,
) -> Draft:
    """``draft`` with what the command line says instead."""
    if draft.lists:
        output.fail(f"{path}: lists in the front matter is not there yet; take it out")
    if at or embargo:
        draft = replace(draft, at=at or "", embargo=embargo or "")
    if draft.at and draft.embargo:
        output.fail(f"{path}: a release has at or embargo, not both; take one out")
    for note in draft.notes:
        if note.rule == "image-kind":
            output.fail(f"{path}: {note.text}")
    if topics:
        draft = replace(draft, topics=tuple(dict.fromkeys(topics)))
    return replace(draft, type=kind or draft.type)


def _published(files: Sequence[tuple[str, Draft]], *, again: bool) -> list[dict[str, Any]]:
    """Publish all of ``files``, or none if one of them may not be.

    Nobody else here publishes meanwhile: who has the same words finds them out.
    """
    with datadir.publishing(settings.DISTRIBUTOR.site.data_dir):
        documents = _issued(files, again=again)
    if trouble.redis_is_away():
        output.note("Delivery waits: Redis is not reachable. It begins when the service is up.")
    return documents


def _issued(files: Sequence[tuple[str, Draft]], *, again: bool) -> list[dict[str, Any]]:
    with drafting.whole() as names:
        pages = _created(files, names, again=again)
    documents = []
    for (path, draft), page in zip(files, pages, strict=True):
        by = lifecycle.Actor(getpass.getuser())
        try:
            edition = lifecycle.publish(page, by=by, at=_moment(path, "at", draft.at))
        except states.NotNow as error:
            output.fail(f"{path}: {error}")
        documents.append(standing.standing(edition.release_id) | {"notes": page.import_notes})
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
                embargo_until=page.embargo_until,
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
        _moment(path, "at", draft.at)
        _moment(path, "embargo", draft.embargo)
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


def _moment(path: str, name: str, text: str) -> datetime | None:
    """The time to come that ``text`` names; None if it is empty."""
    if not text:
        return None
    try:
        return times.future(text, settings.DISTRIBUTOR.site.time_zone, datetime.now(UTC))
    except ValueError as error:
        output.fail(f"{path}: {name}: {error}")


def _would(edition: Edition) -> dict[str, Any]:
    now = datetime.now(UTC)
    release, segment = replace(edition.release, updated_at=now), "granted"
    if edition.embargo_until is None:
        release, segment = replace(release, published_at=now), "reader"
    folder = settings.DISTRIBUTOR.site.data_dir / "dry-run"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{slugs.slug(release.title) or 'release'}.{release.language}.eml"
    try:
        mail = email.compose(release, compositions.sender(), segment=segment)
        file.write_bytes(email.sample(mail))
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
        how = "already out" if out.leaves_at <= datetime.now(UTC) else "to leave soon"
        output.fail(f"{path}: these words are {how}: {where} (--again insists)")
    if digest in seen and not again:
        output.fail(f"{path}: {seen[digest]} has the same words (--again insists)")
    seen[digest] = path
