"""The web application: feeds are answered before Django is asked."""

from __future__ import annotations

import multiprocessing
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from distributor.service import datadir, tether
from distributor.service.proxies import Proxies
from distributor.web.feedfiles import FeedFiles

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distributor.service.settings")
os.environ.setdefault("DISTRIBUTOR_ROLE", "web")

if multiprocessing.parent_process():
    # The web server's own child would hold on to the port when the server is killed.
    tether.tie()

_options = settings.DISTRIBUTOR
_hub = {"off": "", "builtin": f"{_options.site.url}/feeds/hub"}

application = Proxies(
    FeedFiles(
        get_wsgi_application(),
        _options.site.data_dir / datadir.PUBLIC,
        _options.site.url,
        _hub.get(_options.feeds.websub_hub, _options.feeds.websub_hub),
    ),
    _options.site.proxies,
)
datadir.wait_until_prepared(_options.site.data_dir)
