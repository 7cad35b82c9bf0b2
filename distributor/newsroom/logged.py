"""How the log shows what was done with a release: by whom, which edition, and why."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import LogActionRegistry, LogFormatter

LABELS = {
    "publish": gettext_lazy("Published"),
    "correct": gettext_lazy("Corrected"),
    "withhold": gettext_lazy("Withheld"),
    "resume": gettext_lazy("Resumed"),
    "withdraw": gettext_lazy("Withdrawn"),
    "erase": gettext_lazy("Erased"),
    "move_embargo": gettext_lazy("Embargo moved"),
    "lift": gettext_lazy("Embargo lifted"),
    "undo": gettext_lazy("Taken back"),
    "approve": gettext_lazy("Approved"),
    "alone": gettext_lazy("Published without a second reader"),
}


def register(actions: LogActionRegistry) -> None:
    """Tell Wagtail's log of each act."""
    for act, label in LABELS.items():
        kind = type(f"_{act}", (_Formatter,), {"label": label})
        actions.register_action(f"newsroom.{act}")(kind)


class _Formatter(LogFormatter):
    def format_message(self, log_entry: Any) -> str:
        data = log_entry.data
        message = f"{self.label}."
        if data.get("edition"):
            message += " " + _("Edition %(number)s, by %(name)s.") % {
                "number": data["edition"],
                "name": data.get("by", ""),
            }
        return " ".join(part for part in (message, data.get("reason", "")) if part)
