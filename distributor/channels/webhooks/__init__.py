"""Webhooks: one event to one address, in the receiver's format."""

from distributor.channels.webhooks.answers import said
from distributor.channels.webhooks.cloudevents import Consent, handshake
from distributor.channels.webhooks.formats import FORMATS, compose, test_body, wanted
from distributor.channels.webhooks.payload import payload
from distributor.channels.webhooks.posting import Attempt, attempt, post
from distributor.channels.webhooks.shapes import Body, Format, Target
from distributor.channels.webhooks.signing import sign

__all__ = [
    "FORMATS",
    "Attempt",
    "Body",
    "Consent",
    "Format",
    "Target",
    "attempt",
    "compose",
    "handshake",
    "payload",
    "post",
    "said",
    "sign",
    "test_body",
    "wanted",
]
