"""Ends of subscriptions: always with a reason, and never undone by anybody but the reader."""

from django.db import transaction
from django.utils import timezone

from distributor.audience import grants
from distributor.audience.models import Consent, Subscription

ONE_CLICK = "one-click"
PAGE = "unsubscribe page"
PREFERENCES = "preferences page"


def end(subscriber: int, reason: str, *, topic: str = "") -> int:
    """End what a subscriber follows: all of it, or one topic by its slug.

    Returns how many subscriptions ended; 0 if there was nothing left to end, or no such person.
    With the last one their consent counts as withdrawn. Who ends all of it is not mailed under
    embargo either. It takes effect at the next round of a send that is under way.
    """
    now = timezone.now()
    with transaction.atomic():
        live = Subscription.objects.filter(subscriber=subscriber, ended_at=None)
        ending = live.filter(topic__slug=topic) if topic else live
        ended = ending.update(ended_at=now, ended_reason=reason)
        if not topic:
            grants.revoke(subscriber, reason=grants.UNSUBSCRIBED)
        if ended and not live.exists():
            Consent.objects.filter(subscriber=subscriber, withdrawn_at=None).update(
                withdrawn_at=now
            )
    return ended
