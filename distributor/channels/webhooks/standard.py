"""Standard Webhooks: the event as it is."""

from typing import Any

from distributor.channels.webhooks.answers import judge
from distributor.channels.webhooks.payload import fitted
from distributor.channels.webhooks.shapes import Edition, Format, Trial
from distributor.release import rfc3339


def build(edition: Edition) -> dict[str, Any]:
    return fitted(edition.release, edition.site)


def test(trial: Trial) -> dict[str, Any]:
    return {
        "type": "endpoint.test",
        "timestamp": rfc3339(trial.now),
        "data": {"endpoint": trial.endpoint, "message": trial.message},
    }


FORMAT = Format(build=build, test=test, judge=judge)
