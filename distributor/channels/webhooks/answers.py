"""What an answer means for a delivery, where the format has no rule of its own."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from distributor.adapters.http import Answer
from distributor.errors import DeliveryError, Refused, Unavailable

DAY = 86_400.0
LONGEST_WAIT = 366 * DAY
KEPT = 4096


def judge(answer: Answer, *, longest: float = DAY) -> DeliveryError | None:
    """None if ``answer`` means delivered, which is any 2xx; otherwise why not.

    The error's ``reply`` is what :func:`said` gives. Its ``wait`` is set for 429 and 503 with a
    usable Retry-After, and at most ``longest`` seconds.
    """
    status, reply = answer.status, said(answer)
    if 200 <= status < 300:
        return None
    if status == 410:
        return Refused("gone", reply, about="recipient")
    if status in (429, 503):
        reason = "rate_limited" if status == 429 else "http_5xx"
        hint = retry_after(answer.header("retry-after"), datetime.now(UTC))
        wait = None if hint is None else min(hint, longest)
        return Unavailable(reason, reply, about="recipient", wait=wait)
    if 300 <= status < 400:
        host = urlsplit(answer.header("location") or "").hostname
        reply = f"{status} {host}" if host else str(status)
        return Unavailable("redirect", reply, about="recipient")
    reason = {4: "http_4xx", 5: "http_5xx"}.get(status // 100, "bad_answer")
    return Unavailable(reason, reply, about="recipient")


def said(answer: Answer) -> str:
    """The status and the first 4 kB of the body, as text."""
    text = answer.body[:KEPT].decode("utf-8", "replace").replace("\0", "�")
    return f"{answer.status} {text}".rstrip()


def text(answer: Answer) -> str:
    """The body as text, without white space around it."""
    return answer.body.decode("utf-8", "replace").strip()


def retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds from ``now`` that a Retry-After asks for (RFC 9110 section 10.2.3).

    None if it is absent, unreadable, or not in the future; at most 366 days.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:20])
    else:
        try:
            moment = parsedate_to_datetime(value)
            # A date without zone is in UTC, as all HTTP dates are (RFC 9110 section 5.6.7).
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = (aware - now).total_seconds()
        except (ValueError, OverflowError):
            return None
    return min(seconds, LONGEST_WAIT) if seconds > 0 else None
