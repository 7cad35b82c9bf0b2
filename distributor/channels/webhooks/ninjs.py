"""ninjs 3.1, for newsroom systems."""

from typing import Any

from distributor.channels.webhooks.answers import judge
from distributor.channels.webhooks.shapes import MAX_BODY, Edition, Format, Trial
from distributor.errors import Refused
from distributor.release import canonical, rfc3339
from distributor.rendering import addresses
from distributor.rendering.ninjs import STANDARD, ninjs
from distributor.rendering.words import word


def build(edition: Edition) -> dict[str, Any]:
    """The document; above 65,536 bytes without its bodies, and marked as partial."""
    document = ninjs(edition.release, edition.site)
    for left_out in ("bodies", "associations"):
        if len(canonical(document)) <= MAX_BODY:
            break
        document.pop(left_out, None)
        document["representationType"] = "partial"
    if len(canonical(document)) > MAX_BODY:
        raise Refused("too-large", f"the item is larger than {MAX_BODY} bytes", about="message")
    return document


def test(trial: Trial) -> dict[str, Any]:
    """An item that nobody can mistake for news: withheld, and headed so."""
    host = addresses.host(trial.site)
    return {
        "uri": f"tag:{host},{trial.now:%Y}:test/{trial.webhook_id}",
        "standard": STANDARD,
        "type": "composite",
        "profile": "press-release",
        "language": trial.language,
        "version": "1",
        "versionCreated": rfc3339(trial.now),
        "pubStatus": "withheld",
        "representationType": "partial",
        "headlines": [
            {
                "role": "main",
                "contentType": "text/plain",
                "value": f"{word(trial.language, 'test')}{trial.endpoint}",
            }
        ],
        "edNote": trial.message,
    }


FORMAT = Format(build=build, test=test, judge=judge)
