"""The editor's form: it begins with what the house fills in, and no stop gets past it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminPageForm

from distributor.newsroom import defaults, stops
from distributor.newsroom.moments import MomentField


class ReleaseForm(WagtailAdminPageForm):
    embargo_until = MomentField(
        label=gettext_lazy("Embargo until"),
        required=False,
        help_text=gettext_lazy(
            "Such as 2026-10-14T06:00, on the newsroom’s clock; it is set before the release is "
            "published, and never added after. An embargo is a request, not secrecy: what an "
            "authority has sent may be a public document."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None and instance.pk is None and not (args and args[0]):
            defaults.fill_in(instance)
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.is_issued() and "embargo_until" in self.fields:
            self.fields["embargo_until"].disabled = True

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.is_deferred_validation or self.errors:
            return
        for problem in stops.stops(self.instance):
            self.add_error(None, problem)
