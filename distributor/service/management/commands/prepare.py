"""``manage prepare``: what ``up`` does first, for a cluster that starts its parts alone."""

import json
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from distributor.service import logs, prepare


class Command(BaseCommand):
    help = "Bring the tables up to date, make the first user and write the feeds."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        logs.quieten()
        try:
            self.stdout.write(json.dumps(prepare.prepare()))
        except DatabaseError as error:
            raise CommandError(f"database.url: {' '.join(str(error).split())}") from None
