"""All releases in one table: state, edition, and how far each channel has come."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.ui.tables import Column
from wagtail.admin.viewsets.pages import PageListingViewSet

from distributor.dispatch import standing
from distributor.newsroom import states
from distributor.newsroom.models import ReleasePage

COUNTS = {
    "owed": gettext_lazy("%d owed"),
    "delivered": gettext_lazy("%d delivered"),
    "failed": gettext_lazy("%d failed"),
    "bounced": gettext_lazy("%d bounced"),
    "superseded": gettext_lazy("%d superseded"),
}


def _standing(page: ReleasePage) -> dict[str, Any] | None:
    """The standing of a page's release, asked once for all columns; None for a draft."""
    if not hasattr(page, "_standing_of_release"):
        try:
            found: dict[str, Any] | None = standing.standing(page.release_id)
        except LookupError:
            found = None
        page._standing_of_release = found
    known: dict[str, Any] | None = page._standing_of_release
    return known


def _state(page: ReleasePage) -> str:
    found = _standing(page)
    state = str(states.NAMES[found["state"] if found else states.state(page)])
    if found and page.has_unpublished_changes:
        return _("%s, with changes") % state
    return state


def _edition(page: ReleasePage) -> str:
    found = _standing(page)
    return str(found["edition"]) if found else "–"


def _counts(channel: str) -> Any:
    def told(page: ReleasePage) -> str:
        found = _standing(page)
        counts = found["channels"][channel] if found else {}
        return ", ".join(str(COUNTS[name]) % counts[name] for name in COUNTS if counts.get(name))

    return told


class ReleaseListing(PageListingViewSet):
    """Every release, whatever its language."""

    name = "newsroom_releases"
    url_prefix = "releases"
    model = ReleasePage
    icon = "doc-full-inverse"
    menu_label = gettext_lazy("Releases")
    menu_order = 110
    add_to_admin_menu = True
    list_per_page = 20
    columns = [
        *PageListingViewSet.index_view_class.base_columns[:2],
        Column("state", label=gettext_lazy("State"), accessor=_state),
        Column("edition", label=gettext_lazy("Edition"), accessor=_edition),
        Column("email", label=gettext_lazy("Email"), width="13%", accessor=_counts("email")),
        Column(
            "webhook", label=gettext_lazy("Endpoints"), width="13%", accessor=_counts("webhook")
        ),
        Column("feed", label=gettext_lazy("Feeds"), width="13%", accessor=_counts("feed")),
        PageListingViewSet.index_view_class.base_columns[3],
    ]


releases = ReleaseListing()
