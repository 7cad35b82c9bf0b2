"""A person's pause of a release: it holds for what was issued, and for what is issued later.

Of a later edition it spares those who are told at once: they have the faulty words, and are owed
what mends them. An edition has two marks of it: while ``paused_at`` is set nothing of it leaves,
while ``pause_holds_since`` is, nothing that goes out in turn. Feeds show what has left, and are
held by neither.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from distributor.dispatch.models import Edition


def lock(release_id: UUID | str) -> None:
    """Keep everybody else from issuing, pausing and resuming, until the transaction ends.

    Whoever pauses sees what was issued before, and whoever issues sees the pause. On SQLite a
    transaction has everything to itself from its beginning.
    """
    first = Edition.objects.filter(release_id=release_id).order_by("number")
    first.select_for_update(no_key=True).values_list("pk").first()


def holds_since(release_id: UUID | str) -> datetime | None:
    """Since when a person's pause holds for what is issued next; None if none does."""
    standing = Edition.objects.filter(release_id=release_id, taken_back_at=None)
    newest = standing.order_by("-number").values_list("pause_holds_since", flat=True)
    since: datetime | None = newest.first()
    return since
