"""The editor's form: it begins with what the house fills in, and no stop gets past it."""

from __future__ import annotations

from typing import Any

from wagtail.admin.forms import WagtailAdminPageForm

from distributor.newsroom import defaults, stops


class ReleaseForm(WagtailAdminPageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None and instance.pk is None and not (args and args[0]):
            defaults.fill_in(instance)
        super().__init__(*args, **kwargs)

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.is_deferred_validation or self.errors:
            return
        for problem in stops.stops(self.instance):
            self.add_error(None, problem)
