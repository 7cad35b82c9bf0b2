"""Instants as people write them: in the newsroom's time zone and the reader's language.

They are written to the minute; ``exact`` is for the end of an embargo and the like, where a minute
rounded down would be too early: it adds the seconds, where there are any.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from distributor.rendering.words import is_swedish

_SPRING = {
    "sv": ("januari", "februari", "mars", "april", "maj", "juni"),
    "en": ("January", "February", "March", "April", "May", "June"),
}
_AUTUMN = {
    "sv": ("juli", "augusti", "september", "oktober", "november", "december"),
    "en": ("July", "August", "September", "October", "November", "December"),
}


def local(moment: datetime, time_zone: str) -> datetime:
    """``moment`` (aware) on the clock of ``time_zone``.

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone: give an aware datetime")
    return moment.astimezone(ZoneInfo(time_zone))


def day(moment: datetime, language: str, time_zone: str) -> str:
    """``15 november 2023`` or ``15 November 2023``."""
    there = local(moment, time_zone)
    return f"{day_and_month(moment, language, time_zone)} {there.year}"


def day_and_month(moment: datetime, language: str, time_zone: str) -> str:
    """``15 november`` or ``15 November``."""
    there = local(moment, time_zone)
    known = "sv" if is_swedish(language) else "en"
    return f"{there.day} {(_SPRING[known] + _AUTUMN[known])[there.month - 1]}"


def clock(moment: datetime, language: str, time_zone: str, *, exact: bool = False) -> str:
    """``10.30`` in Swedish, ``10:30`` in other languages."""
    there = local(moment, time_zone)
    form = "%H:%M:%S" if exact and there.second else "%H:%M"
    return there.strftime(form.replace(":", ".") if is_swedish(language) else form)


def written(moment: datetime, language: str, time_zone: str, *, exact: bool = False) -> str:
    """``15 november 2023 kl. 10.30`` or ``15 November 2023 at 10:30``."""
    at = "kl." if is_swedish(language) else "at"
    time = clock(moment, language, time_zone, exact=exact)
    return f"{day(moment, language, time_zone)} {at} {time}"


def written_with_zone(
    moment: datetime, language: str, time_zone: str, *, exact: bool = False
) -> str:
    """:func:`written`, then the zone: ``15 november 2023 kl. 10.30 (CET, UTC+1)``."""
    there = local(moment, time_zone)
    return f"{written(moment, language, time_zone, exact=exact)} ({_zone(there)})"


def short(moment: datetime, language: str, time_zone: str, *, exact: bool = False) -> str:
    """Without the year, as in a subject: ``14 oktober kl. 06.00`` or ``14 October 06:00``."""
    at = " kl. " if is_swedish(language) else " "
    time = clock(moment, language, time_zone, exact=exact)
    return day_and_month(moment, language, time_zone) + at + time


def brief(moment: datetime, now: datetime, language: str, time_zone: str) -> str:
    """:func:`clock` of a moment of today, :func:`short` of another."""
    same_day = local(moment, time_zone).date() == local(now, time_zone).date()
    return (clock if same_day else short)(moment, language, time_zone)


def span(start: datetime, end: datetime | None, language: str, time_zone: str) -> str:
    """From ``start`` to ``end``: on one day ``15 november 2023 kl. 10.30–11.15``."""
    first = written(start, language, time_zone)
    if end is None or end <= start:
        return first
    if local(start, time_zone).date() == local(end, time_zone).date():
        return f"{first}–{clock(end, language, time_zone)}"
    return f"{first} – {written(end, language, time_zone)}"


def _zone(there: datetime) -> str:
    offset = there.utcoffset() or UTC.utcoffset(None)
    minutes = int(offset.total_seconds()) // 60
    if minutes == 0:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    shift = f"UTC{'+' if minutes > 0 else '-'}{hours}" + (f":{rest:02}" if rest else "")
    name = there.tzname() or ""
    return f"{name}, {shift}" if name.isalpha() else shift
