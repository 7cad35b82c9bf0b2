"""The languages of the site, for choices in forms."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import get_language_info


def choices() -> list[tuple[str, str]]:
    """The tag (BCP 47) and the name of each of the site's languages."""
    return [(code, name(code)) for code in settings.DISTRIBUTOR.site.languages]


def name(code: str) -> str:
    """The name of a language in itself, else its tag."""
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code
