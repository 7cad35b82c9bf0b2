"""The house's registers in the admin: contacts, house texts, topics."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, ObjectList
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from distributor.audience.models import Topic
from distributor.newsroom import languages
from distributor.newsroom.models import House, HouseContact, Rules


class _NeverDeleted(ModelPermissionPolicy):
    """What others refer to for ever is kept."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action != "delete" and super().user_has_permission(user, action)


class TopicForm(WagtailAdminModelForm):
    """A topic with a name in each language; its slug never changes once it is there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code in settings.DISTRIBUTOR.site.languages:
            self.fields[f"name_{code}"].initial = self.instance.names.get(code, "")
        if self.instance.pk:
            self.fields["slug"].disabled = True

    def save(self, commit: bool = True) -> Topic:
        for code in settings.DISTRIBUTOR.site.languages:
            if name := self.cleaned_data[f"name_{code}"].strip():
                self.instance.names[code] = name
            else:
                self.instance.names.pop(code, None)
        topic: Topic = super().save(commit)
        return topic

    class Meta:
        model = Topic
        fields = ["slug", "media_topic"]


def _topic_handler() -> ObjectList:
    codes = settings.DISTRIBUTOR.site.languages
    names = {
        f"name_{code}": forms.CharField(
            label=format_lazy("{} ({})", _("Name"), languages.name(code)),
            max_length=80,
            required=code == codes[0],
        )
        for code in codes
    }
    form = type("TopicFormWithNames", (TopicForm,), dict(names))
    panels = [FieldPanel(name) for name in (*names, "slug", "media_topic")]
    return ObjectList(panels, base_form_class=form)


class ContactViewSet(SnippetViewSet):
    model = HouseContact
    icon = "group"
    list_display = ["name", "role", "phone", "email", "language"]
    list_filter = ["language"]


class HouseViewSet(SnippetViewSet):
    model = House
    icon = "home"
    list_display = ["language", "place"]
    permission_policy = _NeverDeleted(House)


class _KeptAsOne(_NeverDeleted):
    """There is one, and it stays."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action != "add" and super().user_has_permission(user, action)


class RulesViewSet(SnippetViewSet):
    model = Rules
    icon = "key"
    list_display = ["__str__", "four_eyes"]
    permission_policy = _KeptAsOne(Rules)


class TopicViewSet(SnippetViewSet):
    model = Topic
    icon = "tag"
    list_display = ["__str__", "slug", "media_topic"]
    permission_policy = _NeverDeleted(Topic)
    edit_handler = _topic_handler()


class HOUSE(SnippetViewSetGroup):
    """The menu of the registers."""

    menu_label = _("The house")
    menu_icon = "home"
    menu_order = 150
    items = (ContactViewSet, HouseViewSet, TopicViewSet, RulesViewSet)
