"""Times as people write them, in the newsroom's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

_DAY = timedelta(days=1)


def moment(text: str, time_zone: str) -> datetime:
    """``2026-10-14T06:00`` or ``…:15`` on the clock of ``time_zone``, or with an offset; in UTC.

    A blank may stand for the ``T``; a date alone is its first minute.

    Raises:
        ValueError: one line that says what is wrong: no such format, parts of a second, an hour
            that the clock leaves out in spring, or one that it shows twice in autumn.
    """
    try:
        there = datetime.fromisoformat(text.strip())
        # The calendar ends within a day: no clock of another zone can show such a time.
        there - _DAY, there + _DAY
    except (OverflowError, ValueError):
        raise ValueError(_('"%s" is no time; write it as 2026-10-14T06:00') % text) from None
    if there.microsecond:
        raise ValueError(_('"%s" has parts of a second; times are whole seconds') % text)
    if there.tzinfo is not None:
        return there.astimezone(UTC)
    zone = ZoneInfo(time_zone)
    first, second = there.replace(tzinfo=zone), there.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    said = {"time": shown(there)[11:], "day": f"{there:%Y-%m-%d}", "zone": time_zone}
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != there:
        raise ValueError(_("there is no %(time)s on %(day)s in %(zone)s") % said)
    said |= {"summer": _offset(first), "normal": _offset(second)}
    raise ValueError(
        _(
            "%(time)s comes twice on %(day)s in %(zone)s; write %(summer)s behind it for summer "
            "time, or %(normal)s for normal time"
        )
        % said
    )


def future(text: str, time_zone: str, now: datetime) -> datetime:
    """Like :func:`moment`, for a time that must come after ``now``.

    Raises:
        ValueError: also if it has passed.
    """
    there = moment(text, time_zone)
    if there <= now:
        raise ValueError(_('"%s" has passed; name a time to come') % text)
    return there


def shown(there: datetime) -> str:
    """``there`` to the minute, or to the second where it has seconds."""
    return there.isoformat(timespec="seconds" if there.second else "minutes")


def day(text: str) -> date:
    """The date with which ``text`` begins: ``2026-10-14``.

    Raises:
        ValueError: it begins with none.
    """
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise ValueError(f'"{text}" is no date; write it as 2026-10-14') from None


def _offset(moment: datetime) -> str:
    text = f"{moment:%z}"
    return f"{text[:3]}:{text[3:5]}"
