"""Fixtures that all tests share.

``django_db_setup``  every process has a database of its own already (``tests.environment``), so
                     that tables are made once and tests roll back what they do
``redis_server``     a real Redis where the settings look for one, emptied
``service``          one ``distributor up`` that all who ask share; see ``tests.running``
``new_service``      makes a ``distributor up`` that one test has to itself, and may kill
"""

from __future__ import annotations

import pytest
from django.conf import settings
from pytest_django.plugin import DjangoDbBlocker

from distributor.service import prepare
from tests.fixtures import _redis, new_service, redis_server, service
from tests.scheduling import pytest_collection_modifyitems, pytest_xdist_make_scheduler

__all__ = [
    "_redis",
    "new_service",
    "pytest_collection_modifyitems",
    "pytest_xdist_make_scheduler",
    "redis_server",
    "service",
]


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> None:
    # To guess a password shall cost a third of a second; to make a user for a test shall not.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Each client of a test would otherwise look at all static files at its first request.
    settings.WHITENOISE_AUTOREFRESH = True
    with django_db_blocker.unblock():
        prepare.prepare()
