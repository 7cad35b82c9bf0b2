"""A release composed once for all readers of a segment."""

import json

from distributor.channels.email.composition import Composition
from distributor.channels.email.headers import WANTED_SUBJECT, Identity, Sender, head
from distributor.channels.email.message import fits, inlined, message, proper
from distributor.channels.email.release_mail import (
    SEGMENTS,
    Mail,
    html_blocks,
    html_context,
    kept_secret,
    text_part,
)
from distributor.channels.email.slots import Markers
from distributor.release import Release
from distributor.rendering.event import ics
from distributor.rendering.subject import under_embargo
from distributor.templating import render


def compose(
    release: Release,
    sender: Sender,
    *,
    segment: str = "reader",
    first: bool = True,
    test: bool = False,
) -> Composition:
    """The mail about ``release`` for one segment of its audience.

    ``segment`` is one of ``SEGMENTS``; ``granted`` and ``link-only`` are for granted readers under
    embargo. ``first`` is false for a follow-up to somebody who had an earlier edition. ``test``
    puts ``TEST:`` before the subject. Its slots are ``to date message_id unsubscribe
    preferences``, in a follow-up ``references``, under embargo ``personal``. Pure: equal arguments
    give equal bytes.

    Raises:
        Refused: the mail breaks a limit or a rule; ``about`` is ``message``, the reply says which.
        ValueError: the segment does not fit the release.
    """
    if segment not in SEGMENTS:
        raise ValueError(f"no segment {segment!r}: use one of {', '.join(SEGMENTS)}")
    if under_embargo(release) != (segment in ("granted", "link-only")):
        raise ValueError("mail under embargo goes to granted readers, and no other mail does")
    proper(release.to_dict())
    release = kept_secret(release, sender.site)
    mail = Mail(
        release=release,
        sender=sender,
        segment=segment,
        first=first,
        test=test,
        markers=Markers(json.dumps(release.to_dict())),
    )
    slots = {"unsubscribe": 1, "preferences": 1}
    if mail.personal and mail.action:
        slots["personal"] = 1
    html, shortened = _html(mail)
    notes = ["shortened"] if shortened else []
    notes += ["long-subject"] if len(mail.subject) > WANTED_SUBJECT else []
    return message(
        head(_identity(mail), mail.subject, sender),
        text_part(mail),
        html,
        markers=mail.markers,
        slots=slots,
        calendar=ics(release, sender.site) if _has_calendar(release) else b"",
        notes=tuple(notes),
    )


def _identity(mail: Mail) -> Identity:
    release = mail.release
    hidden = under_embargo(release) or not release.title
    return Identity(
        name=release.id,
        number=str(release.version),
        segment=mail.segment,
        language=release.language,
        list="press" if mail.segment.startswith("press") else "releases",
        follows=not mail.first,
        archived_at="" if hidden else release.url,
        release_id=release.id,
    )


def _has_calendar(release: Release) -> bool:
    return release.event is not None and release.status != "withheld"


def _html(mail: Mail) -> tuple[str, bool]:
    """The HTML part and whether blocks fell away from its end.

    Whole blocks go, as many as must for the part to stay under its limit; contacts and the footer
    stay.
    """
    blocks = html_blocks(mail)
    html = _rendered(mail, blocks, shortened=False)
    if fits(html):
        return html, False
    enough, too_many = 0, len(blocks)
    shortest = ""
    while enough < too_many:
        count = (enough + too_many) // 2
        html = _rendered(mail, blocks[:count], shortened=True)
        if fits(html):
            enough, shortest = count + 1, html
        else:
            too_many = count
    return shortest or _rendered(mail, [], shortened=True), True


def _rendered(mail: Mail, blocks: list[str], *, shortened: bool) -> str:
    context = html_context(mail, blocks, shortened=shortened)
    return inlined(render("email/release.html", **context))
