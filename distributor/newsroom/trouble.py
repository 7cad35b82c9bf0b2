"""What needs a hand, said on the dashboard; and what became of the press of a button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError
from wagtail.admin.ui.components import Component

from distributor.dispatch.models import Edition
from distributor.newsroom.models import Act, ReleasePage
from distributor.rendering import dates

if TYPE_CHECKING:
    from collections.abc import Mapping

WAITS = gettext_lazy(
    "Delivery waits: Redis is not reachable. What you publish is kept, and leaves when it is back."
)


def redis_is_away() -> bool:
    """Whether the workers cannot be rung; asked for a second at most."""
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1
        ) as connected:
            connected.ping()
    except (RedisError, OSError):
        return True
    return False


def lines() -> list[str]:
    """What needs a hand, a line each."""
    found = []
    if redis_is_away():
        found.append(str(WAITS))
    refused = Act.objects.exclude(problem="").filter(
        revision__in=ReleasePage.objects.filter(live=True).values("live_revision")
    )
    for act in refused.select_related("revision"):
        found.append(
            _("“%(title)s” is published and has no edition: %(problem)s")
            % {"title": act.revision.object_str, "problem": act.problem}
        )
    return found


def told(page: ReleasePage, act: Act) -> str:
    """What became of a Publish, for whoever pressed it."""
    edition = Edition.objects.get(release_id=page.release_id, number=act.edition_number or 0)
    title = page.get_admin_display_title()
    if edition.revision != str(act.revision_id):
        return _("Nothing of “%s” has changed: nothing new is sent.") % title
    seconds = round((act.leaves_at - timezone.now()).total_seconds())
    if seconds <= 0:
        return _("“%s” is published, and leaves now.") % title
    if seconds < 120:
        return ngettext(
            "“%(title)s” is published, and leaves in %(count)d second.",
            "“%(title)s” is published, and leaves in %(count)d seconds.",
            seconds,
        ) % {"title": title, "count": seconds}
    when = dates.written_with_zone(
        act.leaves_at, get_language() or "en", settings.DISTRIBUTOR.site.time_zone
    )
    return _("“%(title)s” is published, and leaves %(when)s.") % {"title": title, "when": when}


class TroublePanel(Component):
    """The lines on top of the dashboard; nothing when all is well."""

    name = "newsroom_trouble"
    template_name = "newsroom/admin/trouble.html"
    order = 10

    def get_context_data(self, parent_context: Mapping[str, Any]) -> dict[str, Any]:
        return {"lines": lines()}

    def render_html(self, parent_context: Any = None) -> str:
        return super().render_html(parent_context) if lines() else ""
