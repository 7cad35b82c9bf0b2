"""The last part of a release's address: its title in lower-case ASCII."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

MAX_LENGTH = 100

TAKEN = frozenset(
    {
        "accessibility",
        "admin",
        "api",
        "confirm",
        "corrections",
        "django-admin",
        "embargo",
        "favicon",
        "feeds",
        "files",
        "healthz",
        "hooks",
        "inbound",
        "jwks",
        "mail",
        "media",
        "metrics",
        "news-sitemap",
        "newsroom",
        "preferences",
        "privacy",
        "readyz",
        "release",
        "releases",
        "robots",
        "search",
        "sitemap",
        "static",
        "subscribe",
        "topics",
        "unsubscribe",
        "verify",
        "webhooks",
        "well-known",
        "_util",
    }
)
"""First parts of paths that the site serves, or may come to serve, itself."""

_LETTERS = str.maketrans(
    {"æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "ß": "ss", "đ": "d", "ł": "l", "þ": "th"}
)


def slug(text: str) -> str:
    """``text`` as ``[a-z0-9-]``, cut at a word; "" if it has no letter or digit of ours."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    plain = plain.encode("ascii", "ignore").decode().lower()
    whole = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(whole) <= MAX_LENGTH:
        return whole
    cut = whole[: MAX_LENGTH + 1].rpartition("-")[0] or whole[:MAX_LENGTH]
    return cut.strip("-")


def free(
    title: str, otherwise: str, languages: tuple[str, ...], taken: Callable[[str], bool]
) -> str:
    """A slug of ``title`` that is no path of the site's own and not ``taken``.

    ``otherwise`` serves where the title gives none; a number is put behind one that is not free.
    No slug begins with a language of the site: ``/en-ny-skola/`` would be read as a path in
    English, so it becomes ``/ny-skola/``.
    """
    codes = {language.partition("-")[0].lower() for language in languages}
    parts = slug(title).split("-")
    while parts and parts[0] in codes:
        del parts[0]
    first = "-".join(parts) or otherwise
    candidate, number = first, 1
    while candidate in TAKEN or taken(candidate):
        number += 1
        candidate = f"{first}-{number}"
    return candidate
