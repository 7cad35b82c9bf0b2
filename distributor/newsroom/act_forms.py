"""What is asked before an act: a reason, a note, a time."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distributor.audience import grants
from distributor.audience.models import Subscriber
from distributor.newsroom.moments import MomentField
from distributor.newsroom.reaching import KINDS


def _text(label: Any, help_text: Any = "", *, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class ActForm(forms.Form):
    """Names the one time that the button is pressed, and what was looked at before it."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=60)
    after = forms.IntegerField(widget=forms.HiddenInput)
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @staticmethod
    def fresh_key() -> str:
        return f"press:{uuid.uuid4()}"


class HoldForm(ActForm):
    reason = _text(
        gettext_lazy("Reason"), gettext_lazy("Those who have the text read it; so does the public.")
    )


class ResumeForm(ActForm):
    reason = _text(gettext_lazy("Reason"), gettext_lazy("Those who have the text read it."))


class WithdrawForm(ActForm):
    reason = _text(
        gettext_lazy("Public reason"),
        gettext_lazy("It stands on the page for as long as the address does."),
    )


class EraseForm(ActForm):
    reason = _text(
        gettext_lazy("Reason"), gettext_lazy("Which order demands it. It is kept and is public.")
    )
    sure = forms.BooleanField(label=gettext_lazy("Text, files and revisions are to go for good."))


class MoveForm(ActForm):
    until = MomentField(label=gettext_lazy("The embargo ends"), future=True)


class CorrectForm(ActForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What kind of correction is it?"),
        choices=list(KINDS.items()),
        widget=forms.RadioSelect,
    )
    note = _text(gettext_lazy("Public note"), gettext_lazy("What was changed, in a sentence."))
    wrong = _text(
        gettext_lazy("What was wrong"), gettext_lazy("For a correction of fact."), required=False
    )
    right = _text(
        gettext_lazy("What is right"), gettext_lazy("For a correction of fact."), required=False
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("kind") == "fact":
            for name in ("wrong", "right"):
                if not given.get(name, "").strip():
                    self.add_error(name, _("A correction of fact says what was wrong and right."))
        return given


class PublishForm(ActForm):
    granted = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Only these readers"),
        help_text=gettext_lazy("Under embargo. None chosen: all who have been granted it."),
        queryset=Subscriber.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    at = MomentField(
        label=gettext_lazy("Leaves at"),
        required=False,
        future=True,
        help_text=gettext_lazy("Such as 2026-10-14T06:00, on the newsroom’s clock. Empty: now."),
    )
    no_mail = forms.BooleanField(
        label=gettext_lazy("No mail: web, feeds and endpoints only"), required=False
    )

    def offer_granted(self, under_embargo: bool) -> None:
        """Let some of the granted readers be chosen, if there is an embargo."""
        people = Subscriber.objects.filter(pk__in=grants.holding().values("subscriber"))
        if under_embargo and people.exists():
            self.fields["granted"].queryset = people.order_by("address")  # type: ignore[attr-defined]
        else:
            del self.fields["granted"]


def second_reader(form: ActForm, wanting: str) -> None:
    """Ask for what four eyes want of whoever presses the button: ``read`` or ``alone``."""
    if wanting == "read":
        form.fields["read"] = forms.BooleanField(
            label=gettext_lazy("I have read this text, did not write it, and approve it.")
        )
    elif wanting == "alone":
        form.fields["alone"] = _text(
            gettext_lazy("Publish without a second reader: why?"),
            gettext_lazy(
                "Nobody else has approved these words. Ask somebody to, or give a reason; it is "
                "logged with your name."
            ),
        )
