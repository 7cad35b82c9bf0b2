"""Mattermost, by an incoming webhook.

https://developers.mattermost.com/integrate/webhooks/incoming/
"""

from typing import Any

from distributor.adapters.http import Answer
from distributor.channels.webhooks import answers
from distributor.channels.webhooks.cards import Card, card, fitted, length, markdown, trial_card
from distributor.channels.webhooks.shapes import Edition, Format, Trial
from distributor.errors import DeliveryError, Refused, Unavailable
from distributor.release import canonical

_FIELD = 4000
_WHOLE = 16_383


def build(edition: Edition) -> dict[str, Any]:
    return _document(card(edition))


def test(trial: Trial) -> dict[str, Any]:
    return _document(trial_card(trial))


def judge(answer: Answer) -> DeliveryError | None:
    reply = answers.said(answer)
    if answer.status == 200 and answers.text(answer) == "ok":
        return None
    if answer.status == 404:
        return Refused("target", reply, about="recipient")
    return answers.judge(answer) or Unavailable("bad_answer", reply, about="recipient")


def escape(text: str) -> str:
    """Markdown escaped, and a zero-width space after every ``@`` so that nobody is mentioned."""
    return markdown(text).replace("@", "@\u200b")


def _document(card: Card) -> dict[str, Any]:
    return fitted(
        "mattermost.json",
        card,
        escape,
        title=_FIELD,
        lead=_FIELD,
        size=lambda document: length(canonical(document).decode()),
        limit=_WHOLE,
    )


FORMAT = Format(build=build, test=test, judge=judge, signed=False, chat=True, max_per_minute=300)
