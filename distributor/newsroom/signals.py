"""Wagtail's word that a page was published: a hint, since the sweep finds what it misses."""

from __future__ import annotations

from typing import Any

import structlog

from distributor.newsroom import issuing
from distributor.newsroom.models import ReleasePage

_log = structlog.get_logger()


def on_published(sender: type, instance: ReleasePage, revision: Any, **_: Any) -> None:
    """Issue the edition now. The page is live already: an error here must not reach the editor."""
    if instance.alias_of_id:
        return
    try:
        issuing.issue_page(instance, revision)
    except Exception:
        _log.exception("newsroom.issue_failed", page=instance.pk, revision=revision.pk)
