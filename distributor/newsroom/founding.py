"""What a newsroom begins with: languages, pages, groups, and the house's first contact."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from wagtail.models import (
    Collection,
    GroupApprovalTask,
    GroupCollectionPermission,
    GroupPagePermission,
    Locale,
    Page,
    Site,
    Workflow,
    WorkflowPage,
    WorkflowTask,
)

from distributor.newsroom.models import House, HouseContact, NewsroomPage, Rules
from distributor.newsroom.words import word

WRITER = ("add_page", "change_page")
APPROVER = (*WRITER, "publish_page", "lock_page", "unlock_page")
GROUPS = {"writer": WRITER, "approver": APPROVER, "administrator": (*APPROVER, "bulk_delete_page")}
_MEDIA = ("add_image", "change_image", "choose_image") + (
    "add_document",
    "change_document",
    "choose_document",
)
_REGISTERS = ("housecontact", "house", "topic")
_APPS = (
    "wagtailadmin",
    "wagtailcore",
    "wagtailimages",
    "wagtaildocs",
    "simple_translation",
    "newsroom",
    "audience",
    "auth",
)
"""Those whose permissions the groups have, and whose tables a page needs to know."""
_BY_WAGTAIL = ("Editors", "Moderators")


def on_migrated(**_: Any) -> None:
    """Found the newsroom once its tables are there."""
    found()


@transaction.atomic
def found() -> None:
    """Make what is missing of a newsroom; what is there stays as it is.

    The site's address and name follow the options. It may run at every start, and twice at a time.
    """
    ContentType.objects.clear_cache()
    for label in _APPS:
        create_permissions(apps.get_app_config(label), verbosity=0)
    site = settings.DISTRIBUTOR.site
    locales = {code: Locale.objects.get_or_create(language_code=code)[0] for code in site.languages}
    first = locales[site.languages[0]]
    root = Page.get_first_root_node() or Page.add_root(
        instance=Page(title="Root", slug="root", locale=first)
    )
    if not Collection.get_first_root_node():
        Collection.add_root(name="Root")
    pages = _pages(root, locales)
    _site(pages[site.languages[0]])
    _welcome(root)
    _groups(root)
    for code in site.languages:
        House.objects.get_or_create(language=code)
        _contact(code)
    if not Rules.objects.exists():
        Rules.objects.create()
    _workflow(root)


def _pages(root: Page, locales: dict[str, Locale]) -> dict[str, NewsroomPage]:
    """The list of each language; all are translations of the first."""
    pages: dict[str, NewsroomPage] = {}
    for code, locale in locales.items():
        page = NewsroomPage.objects.filter(locale=locale).first()
        if page is None:
            page = NewsroomPage(
                title=f"{word(code, 'newsroom')} ({code})", slug=f"newsroom-{code}", locale=locale
            )
            if other := NewsroomPage.objects.exclude(locale=locale).first():
                page.translation_key = other.translation_key
            root.refresh_from_db()
            root.add_child(instance=page)
        pages[code] = page
    return pages


def _site(page: NewsroomPage) -> None:
    parts = urlsplit(settings.DISTRIBUTOR.site.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    wanted = {
        "hostname": parts.hostname or "localhost",
        "port": port,
        "site_name": settings.DISTRIBUTOR.site.name[:255],
        "root_page_id": page.pk,
    }
    site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
    if any(getattr(site, name) != value for name, value in wanted.items()):
        for name, value in wanted.items():
            setattr(site, name, value)
        site.save()


def _welcome(root: Page) -> None:
    """Take away the page that Wagtail's own migration put there."""
    for page in root.get_children().exact_type(Page):
        if page.slug == "home" and not page.numchild and not page.sites_rooted_here.exists():
            page.delete()


def _groups(root: Page) -> None:
    for name, codenames in GROUPS.items():
        group, is_new = Group.objects.get_or_create(name=name)
        if is_new:
            _grant(group, root, codenames)
    unused = Group.objects.filter(name__in=_BY_WAGTAIL, user=None)
    if unused.exists():
        Workflow.objects.update(active=False)
        unused.delete()


def _workflow(root: Page) -> None:
    """A writer submits, an approver approves; what was approved is published by hand."""
    if Workflow.objects.filter(active=True).exists():
        return
    task = GroupApprovalTask.objects.create(name="Approval")
    task.groups.set(Group.objects.filter(name__in=("approver", "administrator")))
    workflow = Workflow.objects.create(name="Approval")
    WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    WorkflowPage.objects.update_or_create(page=root, defaults={"workflow": workflow})


def _grant(group: Group, root: Page, codenames: tuple[str, ...]) -> None:
    group.permissions.add(
        _permission("wagtailadmin", "access_admin"),
        _permission("simple_translation", "submit_translation"),
    )
    pages = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=codenames)
    for permission in pages:
        GroupPagePermission.objects.get_or_create(group=group, page=root, permission=permission)
    collection = Collection.get_first_root_node()
    for permission in Permission.objects.filter(
        content_type__app_label__in=("wagtailimages", "wagtaildocs"), codename__in=_MEDIA
    ):
        GroupCollectionPermission.objects.get_or_create(
            group=group, collection=collection, permission=permission
        )
    if group.name == "writer":
        return
    registers = Permission.objects.filter(
        content_type__app_label__in=("newsroom", "audience"), content_type__model__in=_REGISTERS
    ).exclude(codename="delete_topic")
    group.permissions.add(*registers)
    if group.name == "administrator":
        group.permissions.add(_permission("newsroom", "change_rules"))
        users = Permission.objects.filter(
            content_type__app_label="auth", content_type__model__in=("user", "group")
        )
        group.permissions.add(*users)


def _permission(app: str, codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def _contact(code: str) -> None:
    """The house's first contact, made of the address that readers may answer to."""
    if HouseContact.objects.filter(language=code).exists():
        return
    options = settings.DISTRIBUTOR
    name, address = parseaddr(options.email.reply_to or options.email.from_)
    HouseContact.objects.create(name=name or options.site.name, email=address, language=code)
