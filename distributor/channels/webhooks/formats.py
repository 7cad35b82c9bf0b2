"""The formats, and a body in each of them."""

from datetime import datetime

from distributor.channels.webhooks import (
    cloudevents,
    googlechat,
    mattermost,
    ninjs,
    slack,
    standard,
    teams,
)
from distributor.channels.webhooks.shapes import Body, Edition, Format, Trial
from distributor.release import Release, Site, canonical
from distributor.rendering.words import is_swedish

FORMATS: dict[str, Format] = {
    "standard": standard.FORMAT,
    "cloudevents": cloudevents.FORMAT,
    "ninjs": ninjs.FORMAT,
    "slack": slack.FORMAT,
    "teams": teams.FORMAT,
    "mattermost": mattermost.FORMAT,
    "googlechat": googlechat.FORMAT,
}


def compose(
    release: Release, site: Site, format: str, *, webhook_id: str = "", first: bool = False
) -> Body:
    """The body for every endpoint of ``format``: the same input gives the same bytes.

    Args:
        webhook_id: ``msg_`` and the event's 32 hex digits; CloudEvents bodies hold it.
        first: these receivers had no edition before, so a chat post has the plain title.

    Raises:
        KeyError: there is no such format.
        ValueError: the release has no ``updated_at``, or CloudEvents no ``webhook_id``.
        Refused: even cut it is larger than the format allows.
    """
    kind = FORMATS[format]
    edition = Edition(release=release, site=site, webhook_id=webhook_id, first=first)
    return Body(kind.content_type, canonical(kind.build(edition)))


def test_body(
    format: str,
    site: Site,
    *,
    endpoint: str,
    webhook_id: str,
    now: datetime,
    language: str,
) -> Body:
    """The body of ``endpoint.test``, or a post or item that says plainly that it is a test.

    Args:
        endpoint: the endpoint's name.
        now: an aware moment, in the body too.
        language: of the words in it, Swedish or English.
    """
    trial = Trial(
        site=site,
        webhook_id=webhook_id,
        endpoint=endpoint,
        message=_TRIAL["sv" if is_swedish(language) else "en"].format(name=site.name),
        language=language,
        now=now,
    )
    kind = FORMATS[format]
    return Body(kind.content_type, canonical(kind.test(trial)))


def wanted(format: str, release: Release, *, first: bool = False) -> bool:
    """Whether receivers of ``format`` are told of this edition.

    A chat is not told of a correction of language to a post that it has.
    """
    correction = release.correction
    trifle = correction is not None and correction.kind == "language" and release.status == "usable"
    return first or not (trifle and FORMATS[format].chat)


_TRIAL = {
    "sv": "Det här är ett test från {name}. Inget har publicerats.",
    "en": "This is a test from {name}. Nothing has been published.",
}
