"""The installation's keys, from its options."""

from functools import cache

from django.conf import settings

from distributor.sealing import Keys


@cache
def keys() -> Keys:
    """``site.secret_key`` and those before it, once per process."""
    site = settings.DISTRIBUTOR.site
    return Keys(site.secret_key, tuple(site.old_secret_keys))
