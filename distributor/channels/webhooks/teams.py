"""Microsoft Teams, by a flow of the Workflows app: an Adaptive Card.

https://support.microsoft.com/office/8ae491c7-0394-4861-ba59-055e33f75498
"""

import json
from typing import Any
from urllib.parse import urlsplit

from distributor.adapters.http import Answer
from distributor.channels.webhooks import answers
from distributor.channels.webhooks.cards import Card, card, fitted, markdown, trial_card
from distributor.channels.webhooks.shapes import Edition, Format, Trial
from distributor.errors import DeliveryError, Unavailable

_RETIRED = (".webhook.office.com", ".logic.azure.com")

_TITLE = 300
_LEAD = 2000
_WHOLE = 20_000


def build(edition: Edition) -> dict[str, Any]:
    return _document(card(edition))


def test(trial: Trial) -> dict[str, Any]:
    return _document(trial_card(trial))


def judge(answer: Answer) -> DeliveryError | None:
    """200 and 202 mean that the flow has accepted, not that it has posted; an error further on
    may stand in the body."""
    reply = answers.said(answer)
    if "returned HTTP error" in reply:
        reason = "rate_limited" if "returned HTTP error 429" in reply else "bad_answer"
        return Unavailable(reason, reply, about="recipient")
    if answer.status in (200, 202):
        return None
    return answers.judge(answer) or Unavailable("bad_answer", reply, about="recipient")


def retired(url: str) -> bool:
    """Whether ``url`` is one of the kinds that Microsoft has taken or takes out of service."""
    return (urlsplit(url).hostname or "").endswith(_RETIRED)


def _document(card: Card) -> dict[str, Any]:
    # Teams counts what is not ASCII as the \uXXXX that it turns it into.
    return fitted(
        "teams.json",
        card,
        markdown,
        title=_TITLE,
        lead=_LEAD,
        size=lambda document: len(json.dumps(document, separators=(",", ":"))),
        limit=_WHOLE,
    )


FORMAT = Format(build=build, test=test, judge=judge, signed=False, chat=True, max_per_minute=60)
