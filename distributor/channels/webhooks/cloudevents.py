"""CloudEvents 1.0 in structured mode, and the handshake of its HTTP webhook specification.

https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distributor.adapters.http import Answer, Guard, check_own
from distributor.channels.webhooks import answers, standard
from distributor.channels.webhooks.payload import fitted
from distributor.channels.webhooks.shapes import Edition, Format, Trial
from distributor.errors import DeliveryError, Refused
from distributor.release import Site

ORIGIN = "webhook-request-origin"


@dataclass(frozen=True, slots=True)
class Consent:
    """``per_minute`` is the rate that the receiver asks for, None for no limit."""

    given: bool
    per_minute: int | None = None


def handshake(
    guard: Guard, url: str, headers: Sequence[tuple[str, str]] = (), *, per_minute: int
) -> Consent:
    """Asks the receiver at ``url`` whether it wants events from this site, at ``per_minute``.

    Consent is an allowed origin that is this site's host or ``*``, whatever the status (section 4
    of the specification). There is no callback.

    Raises:
        Blocked: the guard refuses the address or a header.
        Unavailable: there was no answer.
    """
    check_own(headers)
    asked = [(ORIGIN, guard.origin), ("webhook-request-rate", str(per_minute))]
    answer = guard.request("OPTIONS", url, headers=[*asked, *headers])
    allowed = (answer.header("webhook-allowed-origin") or "").strip().lower()
    rate = (answer.header("webhook-allowed-rate") or "").strip()
    return Consent(
        given=bool(allowed) and allowed in ("*", guard.origin),
        per_minute=int(rate[:9]) if rate.isascii() and rate.isdigit() and int(rate[:9]) else None,
    )


def build(edition: Edition) -> dict[str, Any]:
    if not edition.webhook_id:
        raise ValueError("a CloudEvents body holds the event's id: give webhook_id")
    more = {
        "subject": edition.release.uri,
        "dataschema": _root(edition.site) + "api/v1/schemas/release-1.json",
        "sequence": f"{edition.release.version:010}",
    }
    return fitted(
        edition.release,
        edition.site,
        lambda event: _envelope(event, edition.site, edition.webhook_id) | more,
    )


def test(trial: Trial) -> dict[str, Any]:
    return _envelope(standard.test(trial), trial.site, trial.webhook_id)


def judge(answer: Answer) -> DeliveryError | None:
    """A receiver that takes no such content never will; a wait that it asks for is obeyed whole."""
    if answer.status == 415:
        return Refused("http_4xx", answers.said(answer), about="message")
    return answers.judge(answer, longest=answers.LONGEST_WAIT)


def headers(origin: str) -> tuple[tuple[str, str], ...]:
    return ((ORIGIN, origin),) if origin else ()


def _envelope(event: dict[str, Any], site: Site, webhook_id: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": webhook_id,
        "source": _root(site),
        "type": event["type"],
        "time": event["timestamp"],
        "datacontenttype": "application/json",
        "data": event["data"],
    }


def _root(site: Site) -> str:
    return site.url.rstrip("/") + "/"


FORMAT = Format(
    build=build,
    test=test,
    judge=judge,
    content_type="application/cloudevents+json",
    headers=headers,
)
