"""Commands work on a data folder that the service never ran on."""

from __future__ import annotations

from django.db import DatabaseError, connection

from distributor.newsroom.models import NewsroomPage
from distributor.service import prepare
from distributor.service.cli import output


def ready() -> None:
    """See to it that there are tables and a newsroom, also before the first start."""
    connection.ensure_connection()
    try:
        founded = not prepare.is_new() and NewsroomPage.objects.exists()
    except DatabaseError:
        founded = False
    if not founded:
        output.note("Preparing the database.")
        prepare.prepare()
