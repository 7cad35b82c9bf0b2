"""What Celery calls. A message carries an id; whatever it finds done already, it leaves alone."""

from __future__ import annotations

from contextlib import suppress

from celery import shared_task

from distributor.dispatch import bell, delivering, fanout, feeds, letters, pace_domains, retention
from distributor.errors import DeliveryError


@shared_task(ignore_result=True)
def fan_out(edition_id: int) -> None:
    fanout.fan_out(edition_id)


@shared_task(ignore_result=True)
def deliver(batch_id: int) -> None:
    delivering.deliver(batch_id)


@shared_task(ignore_result=True)
def build_feed(feed_id: int) -> None:
    """The sweep rings again for a feed that could not be built."""
    with suppress(DeliveryError):
        feeds.build(feed_id)


@shared_task(ignore_result=True)
def find_mail_groups(most: int) -> None:
    pace_domains.take_turn(most)


@shared_task(ignore_result=True)
def prune(seconds: int) -> None:
    """Goes on in a message of its own, behind what housekeeping has to do meanwhile."""
    if retention.take_turn(seconds):
        bell.ring("prune", seconds, "housekeeping")


@shared_task(ignore_result=True)
def send_letter(letter_id: int) -> None:
    letters.send(letter_id)
