"""The naive way, for ``tests.benchmarks.webhooks``: a Celery task that makes one delivery."""

from __future__ import annotations

import time

import django

django.setup()

from django.utils import timezone  # noqa: E402

from distributor.audience import endpoints  # noqa: E402
from distributor.audience.guarding import guard  # noqa: E402
from distributor.audience.models import Endpoint  # noqa: E402
from distributor.channels import webhooks  # noqa: E402
from distributor.dispatch import compositions  # noqa: E402
from distributor.dispatch.models import Delivery  # noqa: E402
from distributor.service.celery import celery  # noqa: E402

__all__ = ["celery", "post"]


@celery.task(name="benchmark.post", ignore_result=True)
def post(ident: int) -> None:
    row = Delivery.objects.select_related("edition").get(pk=ident)
    endpoint = Endpoint.objects.prefetch_related("secrets").get(pk=row.recipient)
    body = compositions.webhook(row.edition, endpoint.format)
    answer = webhooks.post(
        guard(),
        endpoints.target(endpoint),
        body,
        webhook_id=compositions.webhook_id(row.edition),
        timestamp=int(time.time()),
    )
    row.state, row.done_at, row.reply = "delivered", timezone.now(), str(answer.status)
    row.attempts += 1
    row.save()
