"""What the naive worker runs: one mail to one reader, by Django's mail and ORM.

Its settings come from the environment of whoever starts it.
"""

from __future__ import annotations

import os

import django
from celery import Celery
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils import timezone

django.setup()

from distributor.audience.models import Subscriber  # noqa: E402
from distributor.dispatch.models import Delivery, Edition  # noqa: E402
from distributor.service import broker  # noqa: E402

app = Celery("naive")
app.conf.update(
    broker.configuration(settings.DISTRIBUTOR),
    task_queues=None,
    task_default_queue="naive",
    task_create_missing_queues=True,
    worker_pool="solo",
    worker_enable_remote_control=False,
)


@app.task(name="naive.mail")
def mail(edition_id: int, subscriber_id: int) -> None:
    """Send an edition to one reader, and save that it was delivered."""
    edition = Edition.objects.get(pk=edition_id)
    subscriber = Subscriber.objects.get(pk=subscriber_id)
    delivery = Delivery(
        edition=edition,
        channel="email",
        recipient=subscriber.pk,
        since=timezone.now(),
        due_at=timezone.now(),
    )
    text = os.environ["NAIVE_TEXT"]
    relay = settings.DISTRIBUTOR.email
    message = EmailMultiAlternatives(
        edition.title,
        text,
        relay.from_,
        [subscriber.address],
        connection=get_connection(
            "django.core.mail.backends.smtp.EmailBackend",
            host=relay.smtp_host,
            port=relay.smtp_port,
        ),
    )
    message.attach_alternative(f"<p>{text}</p>", "text/html")
    message.send()
    delivery.state, delivery.attempts, delivery.done_at = "delivered", 1, timezone.now()
    delivery.save()
