"""Every address of the site: first what has a fixed path, last the pages."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls

from distributor.service import health
from distributor.web import urls as web_urls

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("admin/", include(admin_urls)),
    path("", include(web_urls)),
    *i18n_patterns(path("", include(wagtail_urls)), prefix_default_language=False),
]

handler404 = "distributor.web.missing.page"
