"""What letters say, by their kind, in the language of whom they go to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distributor.audience.models import Letter
from distributor.channels import email
from distributor.rendering import dates


def words(letter: Letter) -> email.Letter:
    """The letter in words."""
    with translation.override(letter.language):
        subject, paragraphs = _KINDS[letter.kind](letter)
        return email.Letter(
            key=f"{letter.kind}-{letter.pk}",
            language=letter.language,
            subject=subject,
            paragraphs=tuple(paragraphs),
            action=(_("Open the comms office"), f"{settings.DISTRIBUTOR.site.url}/admin/"),
        )


def _failing(letter: Letter) -> tuple[str, list[str]]:
    said = _said(letter)
    return _("The webhook “%(name)s” does not get through") % said, [
        _("Nothing that we sent to “%(name)s” at %(host)s has got through since %(since)s.") % said,
        _("We go on trying. After five days without success it is disabled, and you are told."),
        _("See whether the receiver is up and answers with a status from 200 to 299."),
    ]


def _disabled(letter: Letter) -> tuple[str, list[str]]:
    said = _said(letter)
    ident, waiting = letter.context["id"], letter.context["waiting"]
    how = f"distributor endpoints enable {ident}; distributor endpoints replay {ident} --since TIME"
    return _("The webhook “%(name)s” is disabled") % said, [
        _("“%(name)s” at %(host)s is sent nothing any more: %(why)s") % said,
        _("It has failed since %(since)s.") % said,
        ngettext("%(count)d delivery waits for it.", "%(count)d deliveries wait for it.", waiting)
        % {"count": waiting},
        _("Enable it when the receiver is mended, and send again what it has missed: %(how)s")
        % {"how": how},
    ]


def _said(letter: Letter) -> dict[str, Any]:
    """The facts of an endpoint's letter, as its words need them."""
    since = datetime.fromisoformat(letter.context["since"])
    zone = settings.DISTRIBUTOR.site.time_zone
    return {
        **letter.context,
        "since": dates.written_with_zone(since, letter.language, zone),
        "why": _why(letter.context.get("reason", "")),
    }


def _why(reason: str) -> str:
    return {
        "gone": _("the receiver says that it is gone for good (410)."),
        "target": _("the chat service says that the address is dead."),
        "blocked": _("its address may not be opened any more."),
        "failing": _("nothing has got through for five days."),
    }.get(reason, "")


_KINDS: dict[str, Callable[[Letter], tuple[str, list[str]]]] = {
    "endpoint-failing": _failing,
    "endpoint-disabled": _disabled,
}
