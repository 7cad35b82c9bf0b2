"""The guard through which endpoints are reached, from the installation's options."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from distributor.adapters.http import Guard


@cache
def guard() -> Guard:
    """The guard of this process, which every request to an endpoint goes through.

    The site itself is never opened, nor are the ports of the database, Redis and the mail server.
    """
    options = settings.DISTRIBUTOR
    webhooks = options.webhooks
    services = (urlsplit(url).port for url in (options.database.url, options.redis.url))
    relays = (relay.port for relay in options.email.servers)
    return Guard(
        allow_networks=map(str, webhooks.allow_networks),
        ports=webhooks.ports,
        timeout=webhooks.timeout_seconds,
        max_bytes=webhooks.max_response_bytes,
        ca_file=str(webhooks.ca_file) if webhooks.ca_file else None,
        nat64=webhooks.nat64,
        own_hosts=[options.site.url],
        own_ports=[port for port in (*services, *relays) if port],
        site_url=options.site.url,
    )
