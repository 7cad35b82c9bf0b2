"""Times as people write them, in the newsroom's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def moment(text: str, time_zone: str) -> datetime:
    """``2026-10-14T06:00`` on the clock of ``time_zone``, or with an offset; in UTC.

    A blank may stand for the ``T``; a date alone is its first minute.

    Raises:
        ValueError: one line that says what is wrong: no such format, seconds, an hour that the
            clock leaves out in spring, or one that it shows twice in autumn.
    """
    try:
        there = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f'"{text}" is no time; write it as 2026-10-14T06:00') from None
    if there.second or there.microsecond:
        raise ValueError(f'"{text}" has seconds; times are whole minutes')
    if there.tzinfo is not None:
        return there.astimezone(UTC)
    zone = ZoneInfo(time_zone)
    first, second = there.replace(tzinfo=zone), there.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != there:
        raise ValueError(f"there is no {there:%H:%M} on {there:%Y-%m-%d} in {time_zone}")
    raise ValueError(
        f"{there:%H:%M} comes twice on {there:%Y-%m-%d} in {time_zone}; "
        f"write {_offset(first)} or {_offset(second)} behind it"
    )


def future(text: str, time_zone: str, now: datetime) -> datetime:
    """Like :func:`moment`, for a time that must come after ``now``.

    Raises:
        ValueError: also if it has passed.
    """
    there = moment(text, time_zone)
    if there <= now:
        raise ValueError(f'"{text}" has passed; name a time to come')
    return there


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
