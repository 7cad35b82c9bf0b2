"""What needs a hand, said on the dashboard; and what became of the press of a button."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError
from wagtail.admin.ui.components import Component

from distributor.adapters.smtp import SILENT
from distributor.dispatch import editions, feed_outage, pausing, relay_outage, standing
from distributor.dispatch.feed_outage import Unwritten
from distributor.dispatch.models import Edition
from distributor.dispatch.relay_outage import Ill
from distributor.newsroom.models import Act, ReleasePage
from distributor.rendering import dates

if TYPE_CHECKING:
    from collections.abc import Mapping

WAITS = gettext_lazy(
    "Delivery waits: Redis is not reachable. What you publish is kept, and leaves when it is back."
)

_OPTION = re.compile("--[a-z]+(?:-[a-z]+)*")


def redis_is_away() -> bool:
    """Whether the workers cannot be rung; asked for a second at most."""
    return _told_by_workers() is None


def _told_by_workers() -> tuple[list[Ill], Unwritten | None] | None:
    """The mail servers that take no mail, and what feeds wait for; None while Redis is away."""
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1
        ) as connected:
            return relay_outage.known(connected), feed_outage.known(connected)
    except (RedisError, OSError):
        return None


def lines() -> list[str]:
    """What needs a hand, a line each."""
    found = []
    told = _told_by_workers()
    if told is None:
        found.append(str(WAITS))
    else:
        ill, unwritten = told
        if relay_outage.mail_waits(ill):
            found += map(_mail_waits, ill)
        if unwritten:
            found.append(_feeds_wait(unwritten))
    refused = Act.objects.exclude(problem="").filter(
        revision__in=ReleasePage.objects.filter(live=True).values("live_revision")
    )
    for act in refused.select_related("revision"):
        found.append(
            _("“%(title)s” is published and has no edition: %(problem)s")
            % {"title": act.revision.object_str, "problem": act.problem}
        )
    for edition in standing.held_up():
        sending = standing.interruption(editions.standing(edition.release_id))
        facts = {"title": edition.title, "what": interrupted(sending)}
        found.append(_("“%(title)s”: %(what)s") % facts)
    return found


def _mail_waits(ill: Ill) -> str:
    since = relay_outage.clock(ill.since, get_language() or "en")
    facts = {"relay": ill.name, "since": since, "reply": ill.reply or ill.reason}
    if ill.refused:
        return (
            _(
                "Mail waits: the mail server %(relay)s has refused us since %(since)s "
                "(“%(reply)s”). The operator must see to it; it is asked again every five minutes."
            )
            % facts
        )
    if ill.reason == SILENT:
        return (
            _(
                "Mail waits: the mail server %(relay)s has fallen silent: it has not answered "
                "since %(since)s."
            )
            % facts
        )
    if ill.reason == "no-connection":
        return _("Mail waits: no connection to %(relay)s since %(since)s.") % facts
    return (
        _("Mail waits: the mail server %(relay)s takes no mail since %(since)s (“%(reply)s”).")
        % facts
    )


def _feeds_wait(unwritten: Unwritten) -> str:
    since = relay_outage.clock(unwritten.since, get_language() or "en")
    return _(
        "Feeds wait: their files cannot be written since %(since)s (“%(reply)s”). The operator "
        "must see to it; they are written by themselves as soon as that is possible."
    ) % {"since": since, "reply": unwritten.reply}


def told(page: ReleasePage, act: str, edition: Edition) -> str:
    """What became of an act, for whoever pressed the button."""
    title = page.get_admin_display_title()
    if act not in ("publish", "correct"):
        return str(_DONE[act]) % {"title": title}
    seconds = round((edition.leaves_at - timezone.now()).total_seconds())
    if seconds <= 0:
        return _("“%s” is published, and leaves now.") % title
    if seconds < 120:
        return ngettext(
            "“%(title)s” is published, and leaves in %(count)d second.",
            "“%(title)s” is published, and leaves in %(count)d seconds.",
            seconds,
        ) % {"title": title, "count": seconds}
    facts = {"title": title, "when": when(edition.leaves_at)}
    return _("“%(title)s” is published, and leaves %(when)s.") % facts


def interrupted(sending: dict[str, Any] | None) -> str:
    """That a release's sending is paused or cancelled, since when, and by what; empty if it is
    not. ``sending`` is what :func:`standing.interruption` found."""
    if not sending:
        return ""
    facts = {"when": when(datetime.fromisoformat(sending["since"])), "command": sending["resume"]}
    if sending["state"] == "cancelled":
        said = _("Its sending was cancelled on %(when)s.") % facts
        if sending["holds_later"]:
            said += " " + _("It is paused, too: what is issued later waits.")
        return said
    if sending["by"] == "refusals":
        return _(
            "Its sending has been paused since %(when)s: receivers refuse this mail (“%(reply)s”). "
            "When that is mended it goes on with: %(command)s"
        ) % (facts | {"reply": sending["reply"] or sending["reason"]})
    if sending["spares_at_once"]:
        return _holds(facts)
    return _("Its sending was paused on %(when)s. It goes on with: %(command)s") % facts


def held(page: ReleasePage) -> str:
    """That what is issued of a release next will wait, since a person has paused it; or empty."""
    since = pausing.holds_since(page.release_id)
    if since is None:
        return ""
    command = f"distributor sending {page.release_id} --resume"
    return _holds({"when": when(since), "command": command})


def _holds(facts: dict[str, str]) -> str:
    return (
        _(
            "Its sending was paused on %(when)s. Whoever is told at once is told all the same; "
            "everybody else waits until it goes on with: %(command)s"
        )
        % facts
    )


def in_html(text: str) -> SafeString:
    """``text`` as HTML in which no line breaks within an option of a command.

    It stands in marks and not in other letters, so that a command is copied as it is typed.
    """
    marked = _OPTION.sub(r'<span class="w-whitespace-nowrap">\g<0></span>', escape(text))
    return mark_safe(marked)


def when(moment: datetime, *, exact: bool = False) -> str:
    """``moment`` in words, with its zone, in the active language."""
    zone = settings.DISTRIBUTOR.site.time_zone
    return dates.written_with_zone(moment, get_language() or "en", zone, exact=exact)


_DONE = {
    "withhold": gettext_lazy("“%(title)s” is withheld."),
    "resume": gettext_lazy("“%(title)s” may be used again."),
    "withdraw": gettext_lazy("“%(title)s” is withdrawn."),
    "erase": gettext_lazy("%(title)s: the release is erased."),
    "lift": gettext_lazy("The embargo of “%(title)s” is lifted."),
    "move_embargo": gettext_lazy("The embargo of “%(title)s” is moved."),
    "undo": gettext_lazy("“%(title)s” is taken back; it is as it was before."),
}


class TroublePanel(Component):
    """The lines on top of the dashboard; nothing when all is well."""

    name = "newsroom_trouble"
    template_name = "newsroom/admin/trouble.html"
    order = 10

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        return {"lines": [in_html(line) for line in lines()]}

    def render_html(self, parent_context: Any = None) -> str:
        return super().render_html(parent_context) if lines() else ""
