"""One attempt at one endpoint."""

from dataclasses import dataclass

from distributor.adapters.http import Answer, Guard, check_own
from distributor.channels.webhooks.formats import FORMATS
from distributor.channels.webhooks.shapes import Body, Target
from distributor.channels.webhooks.signing import sign
from distributor.errors import DeliveryError


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt: delivered if ``error`` is None.

    ``answer`` is None if there was none in time, or nothing was sent.
    """

    answer: Answer | None
    error: DeliveryError | None


def attempt(
    guard: Guard, target: Target, body: Body, *, webhook_id: str, timestamp: int
) -> Attempt:
    """Posts ``body`` to ``target`` once, signed if its format is.

    Args:
        webhook_id: ``msg_`` and the event's 32 hex digits, the same at every try.
        timestamp: this attempt's Unix time in whole seconds.
    """
    kind = FORMATS[target.format]
    headers = [("content-type", body.content_type), *kind.headers(guard.origin), *target.headers]
    try:
        check_own(target.headers)
        if kind.signed:
            headers += [
                ("webhook-id", webhook_id),
                ("webhook-timestamp", str(timestamp)),
                ("webhook-signature", sign(target.secrets, webhook_id, timestamp, body.content)),
            ]
        url = kind.address(target.url, webhook_id)
        answer = guard.request("POST", url, body=body.content, headers=headers)
    except DeliveryError as error:
        return Attempt(None, error)
    return Attempt(answer, kind.judge(answer))


def post(guard: Guard, target: Target, body: Body, *, webhook_id: str, timestamp: int) -> Answer:
    """:func:`attempt`, for callers who need the answer of a delivery only.

    Raises:
        Refused: never again. ``gone``: 410. ``target``: the chat service says that the address is
            dead. ``blocked``: the guard refuses it, and nothing was sent. ``http_4xx``: the
            service will not take this body.
        Unavailable: try later: ``dns``, ``connect``, ``tls``, ``timeout``, ``reset``,
            ``bad_answer``, ``redirect``, ``http_4xx``, ``http_5xx`` or ``rate_limited``; ``wait``
            is the seconds that the receiver asked for, if it did.
    """
    made = attempt(guard, target, body, webhook_id=webhook_id, timestamp=timestamp)
    if made.error is not None:
        raise made.error
    assert made.answer is not None
    return made.answer
