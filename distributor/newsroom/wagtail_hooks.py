"""Where the newsroom meets Wagtail's admin: its menu, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.action_menu import PublishMenuItem
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets import Button
from wagtail.snippets.models import register_snippet

from distributor.newsroom import (
    act_screens,
    keeping,
    lifecycle,
    logged,
    release_screens,
    screens,
    states,
    stops,
    trouble,
)
from distributor.newsroom.listing import releases
from distributor.newsroom.models import ReleasePage
from distributor.newsroom.register_screens import HOUSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
    from wagtail.models import Page

register_snippet(HOUSE)


@hooks.register("register_admin_viewset")
def register_releases() -> Any:
    return releases


@hooks.register("register_admin_urls")
def register_urls() -> list[Any]:
    return [
        path("media/<path:path>", screens.upload, name="newsroom_upload"),
        path("release/<int:pk>/", release_screens.ReleaseView.as_view(), name="newsroom_release"),
        path("release/<int:pk>/<slug:act>/", act_screens.ActView.as_view(), name="newsroom_act"),
        path("import/", screens.ImportView.as_view(), name="newsroom_import"),
    ]


@hooks.register("register_admin_urls", order=-1)
def register_kept_uploads() -> list[Any]:
    return list(keeping.urls())


@hooks.register("before_bulk_action")
def refuse_bulk_delete(
    request: HttpRequest, action_type: str, objects: list[Any], action: Any
) -> HttpResponse | None:
    """Deleting many pictures or documents stops at the first that an edition shows."""
    if action_type == "delete" and (said := keeping.refusal(objects)):
        messages.error(request, said)
        return redirect(action.next_url)
    return None


@hooks.register("register_log_actions")
def register_log_actions(actions: Any) -> None:
    logged.register(actions)


@hooks.register("register_admin_menu_item")
def register_import() -> MenuItem:
    return MenuItem(
        gettext_lazy("Import a file"), reverse("newsroom_import"), icon_name="download", order=120
    )


@hooks.register("construct_homepage_panels")
def show_trouble(request: HttpRequest, panels: list[Any]) -> None:
    panels.insert(0, trouble.TroublePanel())


@hooks.register("construct_homepage_summary_items")
def no_summary(request: HttpRequest, items: list[Any]) -> None:
    """Numbers of pages, images and documents say nothing to a press office."""
    items.clear()


@hooks.register("before_bulk_action")
def refuse_bulk_publish(
    request: HttpRequest, action_type: str, objects: list[Page], action: Any
) -> HttpResponse | None:
    """Each release is published on its own screen, which says who will be told."""
    if action_type != "publish" or request.method != "POST":
        return None
    for page in objects:
        specific = page.get_latest_revision_as_object()
        if isinstance(specific, ReleasePage):
            title = specific.get_admin_display_title()
            problems = stops.stops(specific) or [_("Publish each release on its own screen.")]
            messages.error(
                request,
                _("“%(title)s” cannot be published. %(problems)s")
                % {"title": title, "problems": " ".join(problems)},
            )
            return redirect(action.next_url)
    return None


@hooks.register("before_copy_page")
def copy_is_a_draft(request: HttpRequest, page: Page) -> HttpResponse | None:
    """A copy is a release of its own: it begins as a draft, and follows nothing."""
    if request.method == "POST" and (
        request.POST.get("publish_copies") or request.POST.get("alias")
    ):
        messages.error(request, _("A copy begins as a draft. Publish it from its own page."))
        return redirect("wagtailadmin_pages:copy", page.pk)
    return None


@hooks.register("before_publish_page")
def ask_before_publishing(request: HttpRequest, page: Page) -> HttpResponse | None:
    """What was saved is published, or corrects what is out, once its screen is confirmed."""
    if not isinstance(page, ReleasePage):
        return None
    act = "correct" if page.is_issued() else "publish"
    return redirect("newsroom_act", page.pk, act)


@hooks.register("after_edit_page")
def cancel_a_changed_schedule(request: HttpRequest, page: Page) -> None:
    """What was scheduled was approved as it stood: once it is changed, it does not leave."""
    if not isinstance(page, ReleasePage) or not lifecycle.is_schedule_void(page):
        return
    user = request.user
    assert isinstance(user, User)
    lifecycle.take_back(page, by=lifecycle.Actor(user.get_username(), user))
    messages.warning(
        request, _("The schedule is cancelled, since the text has changed: publish it again.")
    )


@hooks.register("construct_page_action_menu")
def name_the_acts(items: list[Any], request: HttpRequest, context: dict[str, Any]) -> None:
    """An issued release offers Correct instead of Publish; one that is gone, neither."""
    page = context.get("page")
    if not (isinstance(page, ReleasePage) and page.is_issued()):
        return
    allowed = states.allowed(page)
    for place, item in enumerate(items):
        if isinstance(item, PublishMenuItem):
            items[place] = _Correct(order=item.order)
    items[:] = [item for item in items if not isinstance(item, _Correct) or "correct" in allowed]


class _Correct(PublishMenuItem):
    label = gettext_lazy("Correct")


@hooks.register("register_page_header_buttons")
@hooks.register("register_page_listing_more_buttons")
def offer_acts(
    page: Page, user: Any, view_name: str = "", next_url: str | None = None
) -> Iterator[Button]:
    if not isinstance(page.specific, ReleasePage):
        return
    url = reverse("newsroom_release", args=[page.pk])
    yield Button(gettext_lazy("How it stands"), url, icon_name="info-circle", priority=3)
    for act, label, url in release_screens.offered(page.specific, user):
        if act not in ("publish", "correct"):
            yield Button(label, url, icon_name="arrow-right", priority=100)
