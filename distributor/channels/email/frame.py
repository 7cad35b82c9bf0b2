"""What every mail's HTML needs around its own content."""

from typing import Any

from distributor.release import Site
from distributor.rendering import addresses
from distributor.rendering.words import spoken, word


def frame(site: Site, language: str, subject: str) -> dict[str, Any]:
    """The context of the template ``email/base.html``."""
    return {
        "site": site,
        "language": language,
        "direction": direction(language),
        "subject": subject,
        "newsroom": addresses.newsroom(site, language),
        "words": spoken(language),
        "sent_by": word(language, "sent_by", name=site.name),
        "banner": None,
    }


def direction(language: str) -> str:
    """``rtl`` for languages written from right to left, else ``ltr``."""
    return "rtl" if language.split("-")[0] in ("ar", "ckb", "dv", "fa", "he", "ur", "yi") else "ltr"
