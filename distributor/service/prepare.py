"""What must be done before the service starts: the tables, the first log-in, the feeds."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from distributor.dispatch import feed_outage, feeds
from distributor.dispatch.models import Feed
from distributor.errors import DeliveryError
from distributor.service import template_database
from distributor.service.parts import FIRST_USER

_LOCK = "prepare.lock"
_ADVISORY = 0x6469_7374


def prepare() -> dict[str, object]:
    """Do all of it. One process at a time does, and a second time changes nothing.

    Gives ``migrated``, how many migrations were wanting, and ``login``, the address where the first
    user chooses a password, or None.
    """
    with _alone():
        done: dict[str, object] = {"migrated": migrate(), "login": first_login()}
        feed_outage.forget()
        write_feeds()
        return done


def migrate() -> int:
    """Bring the tables up to date; how many migrations were wanting.

    A new SQLite file begins as a copy of one that was made before, where there is one.
    """
    new = is_new()
    copied = new and template_database.take(Path(connection.settings_dict["NAME"]))
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    plan = executor.migration_plan(leaves)
    if not new:
        if plan:
            call_command("migrate", verbosity=0, interactive=False)
        return len(plan)
    executor.migrate(leaves, plan)
    if not copied:
        template_database.keep()
    emit_post_migrate_signal(0, False, "default", plan=plan)
    return len(plan)


def is_new() -> bool:
    """Whether the database is a SQLite file that nothing was ever written to.

    To connect writes to it: whoever wants to know asks before.
    """
    name = Path(connection.settings_dict["NAME"])
    return connection.vendor == "sqlite" and name.is_file() and name.stat().st_size == 0


def write_feeds() -> None:
    """Write the feeds that were never written, so that their addresses answer from the start."""
    feeds.found()
    # What cannot be built now, the sweep tries again, and says why.
    with suppress(DeliveryError):
        feeds.write_stylesheets()
    for feed in Feed.objects.filter(built_at=None):
        with suppress(DeliveryError):
            feeds.build(feed.pk)


def first_login() -> str | None:
    """Where the first user chooses a password; None once any administrator can log in.

    The address works once, for three days; each call before that gives a new one.
    """
    users = get_user_model().objects
    administrators = list(users.filter(is_superuser=True, is_active=True))
    if any(user.has_usable_password() for user in administrators):
        return None
    user = next(iter(administrators), None) or users.create_superuser(FIRST_USER)
    ident = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("wagtailadmin_password_reset_confirm", args=[ident, token])
    return f"{settings.DISTRIBUTOR.site.url}{path}"


@contextmanager
def _alone() -> Iterator[None]:
    descriptor = os.open(settings.DISTRIBUTOR.site.data_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY])
        yield
    finally:
        connection.close()
        os.close(descriptor)
