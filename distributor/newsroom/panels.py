"""The editor's screen for a release."""

from __future__ import annotations

from django.forms import CheckboxSelectMultiple
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.panels import (
    FieldPanel,
    FieldRowPanel,
    MultiFieldPanel,
    ObjectList,
    PageChooserPanel,
    Panel,
    TabbedInterface,
)
from wagtail.admin.widgets import AdminAutoHeightTextInput


class NotesPanel(Panel):
    """What the import had to say about the file, shown and never in the way."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "newsroom/admin/notes.html"

        def is_shown(self) -> bool:
            return bool(self.instance.import_notes)


RELEASE_PANELS = TabbedInterface(
    [
        ObjectList(
            [
                NotesPanel(heading=_("Notes from the import"), icon="info-circle"),
                FieldPanel(
                    "title",
                    heading=pgettext_lazy("release", "Title"),
                    required_on_save=False,
                    widget=AdminAutoHeightTextInput(attrs={"rows": 1}),
                    help_text=_("At most 255 characters; short ones are read."),
                ),
                FieldRowPanel([FieldPanel("type"), FieldPanel("place")]),
                FieldPanel("lead"),
                FieldPanel("body"),
                FieldPanel("contacts"),
            ],
            heading=_("Text"),
        ),
        ObjectList(
            [
                MultiFieldPanel(
                    [
                        FieldRowPanel([FieldPanel("event_start"), FieldPanel("event_end")]),
                        FieldRowPanel([FieldPanel("event_place"), FieldPanel("event_address")]),
                        FieldPanel("event_url"),
                        FieldPanel("event_registration"),
                        FieldPanel("event_status"),
                    ],
                    heading=_("What an invitation invites to"),
                )
            ],
            heading=_("Event"),
        ),
        ObjectList(
            [
                FieldPanel("topics", widget=CheckboxSelectMultiple),
                FieldPanel("boilerplate"),
                FieldPanel("case_number"),
                PageChooserPanel("replaces"),
            ],
            heading=_("Topics and more"),
        ),
    ]
)
