"""Slack, by an incoming webhook.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/
"""

from dataclasses import replace
from typing import Any

from distributor.adapters.http import Answer
from distributor.channels.webhooks import answers
from distributor.channels.webhooks.cards import Card, card, entities, fitted, length, trial_card
from distributor.channels.webhooks.shapes import Edition, Format, Trial
from distributor.errors import DeliveryError, Refused, Unavailable
from distributor.release import canonical

CLOSED = frozenset(
    {
        *("no_service", "no_team", "team_disabled", "no_active_hooks", "invalid_token"),
        *("channel_not_found", "channel_is_archived", "action_prohibited"),
        "posting_to_general_channel_denied",
    }
)
_OUR_FAULT = frozenset({"invalid_payload", "no_text", "invalid_blocks", "msg_blocks_too_long"})

_TITLE = 150
_SECTION = 3000
_WHOLE = 12_000


def build(edition: Edition) -> dict[str, Any]:
    return _document(card(edition))


def test(trial: Trial) -> dict[str, Any]:
    return _document(trial_card(trial))


def judge(answer: Answer) -> DeliveryError | None:
    """Slack says ``ok``, and in one word what is wrong otherwise."""
    word, reply = answers.text(answer), answers.said(answer)
    if answer.status == 200 and word == "ok":
        return None
    if word in CLOSED:
        return Refused("target", reply, about="recipient")
    if word in _OUR_FAULT:
        return Refused("http_4xx", reply, about="ours")
    return answers.judge(answer) or Unavailable("bad_answer", reply, about="recipient")


def _document(card: Card) -> dict[str, Any]:
    card = replace(card, url=entities(card.url))
    link = length(f"\n<{card.url}|{card.more}>")
    return fitted(
        "slack.json",
        card,
        entities,
        title=_TITLE,
        lead=_SECTION - link,
        size=lambda document: length(canonical(document).decode()),
        limit=_WHOLE,
    )


FORMAT = Format(build=build, test=test, judge=judge, signed=False, chat=True, max_per_minute=50)
