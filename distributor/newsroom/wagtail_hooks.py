"""Where the newsroom meets Wagtail's admin: its menu, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.snippets.models import register_snippet

from distributor.newsroom import keeping, logged, screens, stops, trouble
from distributor.newsroom.listing import releases
from distributor.newsroom.models import Act, ReleasePage
from distributor.newsroom.register_screens import HOUSE

if TYPE_CHECKING:
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
    """Publishing many at once stops, like one, at the first that lacks something."""
    if action_type != "publish" or request.method != "POST":
        return None
    for page in objects:
        specific = page.get_latest_revision_as_object()
        if isinstance(specific, ReleasePage) and (problems := stops.stops(specific)):
            title = specific.get_admin_display_title()
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


@hooks.register("after_publish_page")
def tell_what_happens(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Say when what was published leaves, and whether delivery waits."""
    if not isinstance(page, ReleasePage):
        return None
    act = Act.objects.filter(revision_id=page.live_revision_id).first()
    title = page.get_admin_display_title()
    if act is None or act.edition_number is None:
        messages.error(
            request,
            (act.problem if act else "")
            or _("“%s” is published; its edition will be made within seconds.") % title,
        )
    else:
        messages.success(request, trouble.told(page, act))
    if trouble.redis_is_away():
        messages.warning(request, trouble.WAITS)
    return redirect("wagtailadmin_pages:edit", page.pk)
