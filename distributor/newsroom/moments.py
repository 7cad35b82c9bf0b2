"""A form's field for a time to come, as people write it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from distributor.newsroom import times


class MomentField(forms.Field):
    """``2026-10-14T06:00`` on the newsroom's clock, or with an offset.

    An hour that the clock leaves out in spring is refused; one that it shows twice in autumn is
    refused until an offset says whether summer or normal time is meant.
    """

    widget = forms.TextInput

    def __init__(self, *, future: bool = False, **given: Any) -> None:
        given.setdefault("help_text", _("Such as 2026-10-14T06:00, on the newsroom’s clock."))
        super().__init__(**given)
        self.future = future
        self.widget.attrs |= {"autocomplete": "off"}

    def to_python(self, value: Any) -> datetime | None:
        if not value or isinstance(value, datetime):
            return value or None
        zone = settings.DISTRIBUTOR.site.time_zone
        try:
            if self.future:
                return times.future(str(value), zone, datetime.now(UTC))
            return times.moment(str(value), zone)
        except ValueError as error:
            raise ValidationError(f"{error}.") from None

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        there = value.astimezone(ZoneInfo(settings.DISTRIBUTOR.site.time_zone))
        twice = there.replace(fold=0).utcoffset() != there.replace(fold=1).utcoffset()
        return times.shown(there if twice else there.replace(tzinfo=None))
