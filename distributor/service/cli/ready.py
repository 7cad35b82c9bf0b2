"""Commands work on a data folder that the service never ran on."""

from __future__ import annotations

from django.db import DatabaseError, connection

from distributor.newsroom.models import NewsroomPage
from distributor.service import prepare
from distributor.service.cli import output


def ready() -> None:
    """See to it that there are tables and a newsroom, also before the first start.

    Raises:
        django.db.OperationalError: the database does not answer.
    """
    if not _is_founded():
        output.note("Preparing the database.")
        prepare.prepare()


def _is_founded() -> bool:
    if prepare.is_new():
        return False
    connection.ensure_connection()
    try:
        founded: bool = NewsroomPage.objects.exists()
    except DatabaseError:
        return False
    return founded
