"""Finished bytes of an edition, made once, kept, and the same for every worker and retry."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from django.conf import settings

from distributor.channels import email, webhooks
from distributor.dispatch.models import Composition, Edition
from distributor.release import Site


def site() -> Site:
    """The newsroom as the channels name it."""
    options = settings.DISTRIBUTOR.site
    return Site(
        name=options.name,
        url=options.url,
        languages=tuple(options.languages),
        time_zone=options.time_zone,
    )


def sender() -> email.Sender:
    """Who a mail is from."""
    options = settings.DISTRIBUTOR.email
    return email.Sender(
        from_=options.from_,
        reply_to=options.reply_to or "",
        bounce_domain=options.bounce_domain or "",
        site=site(),
    )


def mail(edition: Edition, *, first: bool, segment: str = "reader") -> email.Composition:
    """The mail of an edition for a segment's readers who hear of it first, or had an earlier one.

    Raises:
        Refused: the release cannot be mailed as it is (a limit, or a fault of its words).
    """

    def make() -> bytes:
        return email.compose(edition.release, sender(), segment=segment, first=first).to_bytes()

    form = segment if first else f"{segment}-follow-up"
    return email.Composition.from_bytes(_once(edition, "email", form, make))


def webhook(edition: Edition, format: str, *, first: bool = False) -> webhooks.Body:
    """The body that every endpoint of a format gets for an edition.

    A chat that had no edition ``first`` hears of it under the plain title.

    Raises:
        Refused: even cut it is larger than the format allows.
    """

    plain = first and webhooks.FORMATS[format].chat

    def make() -> bytes:
        ident, words = webhook_id(edition), edition.release
        return webhooks.compose(words, site(), format, webhook_id=ident, first=plain).to_bytes()

    form = f"{format}-first" if plain else format
    return webhooks.Body.from_bytes(_once(edition, "webhook", form, make))


def webhook_id(edition: Edition) -> str:
    """The event's id, the same for every endpoint, retry and redelivery."""
    return f"msg_{edition.event_id.hex}"


def _once(edition: Edition, channel: str, form: str, make: Callable[[], bytes]) -> bytes:
    kept = Composition.objects.filter(edition=edition, channel=channel, form=form)
    if found := kept.first():
        return bytes(found.content)
    content = make()
    row = Composition(
        edition=edition,
        channel=channel,
        form=form,
        content=content,
        sha256=sha256(content).hexdigest(),
    )
    Composition.objects.bulk_create([row], ignore_conflicts=True)
    return bytes(kept.get().content)
