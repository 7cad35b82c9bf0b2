"""The editor's screen for a release."""

from __future__ import annotations

from typing import Any

from django.forms import CheckboxSelectMultiple
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
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

from distributor.newsroom.importing import HOUSE, MESSAGES


class NotesPanel(Panel):
    """What the import had to say about the file, shown and never in the way."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "newsroom/admin/notes.html"

        def is_shown(self) -> bool:
            return bool(self.instance.import_notes)

        def notes(self) -> list[dict[str, Any]]:
            return [note | {"text": said(note)} for note in self.instance.import_notes]


def said(note: dict[str, Any]) -> str:
    """A stored note in the active language; the words of the file stay as they were."""
    message = MESSAGES.get(note["rule"], ("", ""))[1]
    text = str(note["text"])
    if not message or not text.startswith(message):
        return text
    rest = text[len(message) :]
    if note["rule"] == HOUSE:
        rest = ": " + ", ".join(gettext(name) for name in rest.removeprefix(": ").split(", "))
    return gettext(message) + rest


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
                FieldPanel("embargo_until"),
                FieldPanel("topics", widget=CheckboxSelectMultiple),
                FieldPanel("boilerplate"),
                FieldPanel("case_number"),
                PageChooserPanel("replaces"),
            ],
            heading=_("Topics and more"),
        ),
    ]
)
