"""Erasure in the newsroom: the page's text, its revisions, and the files that only it used."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, transaction
from wagtail.admin.models import FormState
from wagtail.models import ModelLogEntry, PageLogEntry, WorkflowState

from distributor.dispatch import erasing
from distributor.dispatch.models import EditionFile
from distributor.newsroom.models import Picture, ReleasePage, UploadedDocument

_TEXTS = (
    "title",
    "draft_title",
    "seo_title",
    "search_description",
    "lead",
    "place",
    "boilerplate",
    "case_number",
    "event_place",
    "event_address",
    "event_url",
    "event_registration",
)
_INDEX = "wagtailsearch_indexentry_fts"
_KEYS = {"image": "image", "attachment": "document"}


def finish() -> int:
    """Finish each erasure that was cut short, or that somebody wrote behind; how many."""
    finished = 0
    for release_id in erasing.erased():
        page = ReleasePage.objects.filter(release_id=release_id).first()
        if erasing.is_finished(release_id) and not (page and page.latest_revision_id):
            continue
        erasing.scrub(release_id)
        if page:
            scrub(page)
        finished += 1
    return finished


def scrub(page: ReleasePage) -> None:
    """Take all words and files of a release out of the newsroom; its address and its log stay.

    The editions must be erased already: a file that another edition shows is kept.
    """
    mine = _used(page)
    others: set[tuple[str, Any]] = set()
    for other in ReleasePage.objects.exclude(pk=page.pk).iterator():
        others |= _used(other)
    with erasing.wiped(), transaction.atomic():
        _empty(page)
    for kind, ident in mine - others:
        kept = (Picture if kind == "image" else UploadedDocument)._default_manager
        if upload := kept.filter(pk=ident).first():
            _delete(upload)
    # What a dry run composed was for looking at, and may hold the words.
    shutil.rmtree(settings.DISTRIBUTOR.site.data_dir / "dry-run", ignore_errors=True)
    # Wagtail takes the words out of its index on commit as well, and before.
    transaction.on_commit(_clear_index)


def _used(page: ReleasePage) -> set[tuple[str, Any]]:
    """The pictures and documents in any version of ``page``."""
    versions = [page, *(revision.as_object() for revision in page.revisions.all())]
    return {
        (block["type"], block["value"].get(_KEYS[block["type"]]))
        for version in versions
        for block in version.body.raw_data
        if block["type"] in _KEYS
    }


def _empty(page: ReleasePage) -> None:
    for name in _TEXTS:
        setattr(page, name, "")
    page.body = page.contacts = "[]"
    page.event_start = page.event_end = None
    page.import_notes = []
    page.live_revision = page.latest_revision = None
    page.has_unpublished_changes = False
    page.save(clean=False)
    page.revisions.all().delete()
    WorkflowState.objects.for_instance(page).delete()
    # What was last previewed, also of a page that had not been saved then.
    FormState.objects.for_instance(page).delete()
    FormState.objects.for_instance(ReleasePage()).delete()
    entries = PageLogEntry.objects.filter(page=page.pk)
    entries.update(label="")
    entries.exclude(action__startswith="newsroom.").update(data={})
    for entry in entries.filter(action="newsroom.correct"):
        entries.filter(pk=entry.pk).update(data=entry.data | {"reason": ""})


def _clear_index() -> None:
    """Have SQLite's full-text index merged: until then it only marks a word as gone, and keeps it
    with its places in the text."""
    if connection.vendor == "sqlite":
        with erasing.wiped(), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {_INDEX} ({_INDEX}) VALUES ('optimize')")


def _delete(upload: Picture | UploadedDocument) -> None:
    """Delete an upload, and the copies of it that no edition shows."""
    copies = [copy["path"] for role, copy in upload.copies.items() if role != "of"]
    ModelLogEntry.objects.for_instance(upload).update(label="", data={})
    upload.delete()
    shown = set(EditionFile.objects.filter(path__in=copies).values_list("path", flat=True))
    for path in set(copies) - shown:
        default_storage.delete(path)
