"""Google Chat, by an incoming webhook: a card, in one thread per release.

https://developers.google.com/workspace/chat/quickstart/webhooks
"""

import json
from typing import Any
from urllib.parse import quote

from distributor.adapters.http import Answer
from distributor.channels.webhooks import answers
from distributor.channels.webhooks.cards import Card, card, entities, fitted, trial_card
from distributor.channels.webhooks.shapes import Edition, Format, Trial
from distributor.errors import DeliveryError, Refused, Unavailable
from distributor.release import canonical

_TITLE = 200
_LEAD = 2000
_WHOLE = 30_000


def build(edition: Edition) -> dict[str, Any]:
    return _document(card(edition))


def test(trial: Trial) -> dict[str, Any]:
    return _document(trial_card(trial))


def judge(answer: Answer) -> DeliveryError | None:
    """The post's resource name is the proof that it was made."""
    reply = answers.said(answer)
    if answer.status == 200 and _has_name(answer.body):
        return None
    if answer.status == 400:
        return Refused("http_4xx", reply, about="ours")
    return answers.judge(answer) or Unavailable("bad_answer", reply, about="recipient")


def address(url: str, webhook_id: str) -> str:
    """``url`` so that a correction answers in the first post's thread, and a retry posts once."""
    joint = "&" if "?" in url else "?"
    return (
        f"{url}{joint}messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
        f"&requestId={quote(webhook_id, safe='')}"
    )


def _has_name(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except ValueError:
        return False
    return isinstance(message, dict) and bool(message.get("name"))


def _document(card: Card) -> dict[str, Any]:
    return fitted(
        "googlechat.json",
        card,
        entities,
        title=_TITLE,
        lead=_LEAD,
        size=lambda document: len(canonical(document)),
        limit=_WHOLE,
    )


FORMAT = Format(
    build=build,
    test=test,
    judge=judge,
    signed=False,
    chat=True,
    max_per_minute=50,
    address=address,
)
