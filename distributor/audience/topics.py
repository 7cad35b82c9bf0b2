"""What one may follow."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from distributor.audience.addresses import FORBIDDEN
from distributor.audience.models import Topic

RESERVED = frozenset({"all", "archive"})
"""Names of lists that are no topic's."""

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST = 64
_LONGEST_NAME = 80


def followable() -> QuerySet[Topic]:
    """The topics that have not ended."""
    return Topic.objects.filter(ended_at=None)


def add(slug: str, names: Mapping[str, str]) -> Topic:
    """Make a topic, or open again one that has ended; ``names`` has a name for each language.

    Raises:
        ValueError: one line that says what is wrong with the slug or a name.
    """
    if len(slug) > _LONGEST or not _SLUG.fullmatch(slug):
        raise ValueError(
            f"the slug {slug!r} goes into addresses: a to z, 0 to 9 and single hyphens between, "
            f"at most {_LONGEST} of them"
        )
    if slug in RESERVED:
        raise ValueError(f"{slug!r} is the name of a list that is always there; take another slug")
    kept = {language: _name(language, name) for language, name in names.items()}
    topic, is_new = Topic.objects.get_or_create(slug=slug, defaults={"names": kept})
    if not is_new and topic.ended_at is None:
        raise ValueError(f"there is a topic {slug!r} already")
    if not is_new:
        Topic.objects.filter(pk=topic.pk).update(names=kept, ended_at=None)
        topic.refresh_from_db()
    return topic


def end(slug: str) -> None:
    """End a topic: nobody can choose it any more. Wishes and what was issued stay as they are.

    Raises:
        ValueError: there is no such topic, or it has ended.
    """
    if not followable().filter(slug=slug).update(ended_at=timezone.now()):
        raise ValueError(f"there is no topic {slug!r} that has not ended")


def _name(language: str, name: str) -> str:
    languages = settings.DISTRIBUTOR.site.languages
    if language not in languages:
        raise ValueError(
            f"{language!r} is not a language of this site; there is {', '.join(languages)}"
        )
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or FORBIDDEN.search(name):
        raise ValueError(
            f"the name {name!r} has to have 1 to {_LONGEST_NAME} characters, none of them a control"
        )
    return name
