"""The workers of one machine: the program is loaded once, and each worker is a fork of it.

Run as ``python -m distributor.service.crew celery worker``, under which it shows in the process
list. A worker that dies is forked again; all go when this process goes.
"""

from __future__ import annotations

import gc
import os
import sys
from functools import partial

from django.conf import settings
from django.db import connections

from distributor.service import datadir, parts, tether
from distributor.service.celery import celery
from distributor.service.supervisor import Part, Supervisor

_GRACE = 9.5
_COLLECTED = (20_000, 20, 20)
"""How seldom memory is searched for cycles: a mail makes dozens of values and no cycle."""


def main() -> int:
    celery.loader.import_default_modules()
    connections.close_all()
    datadir.wait_until_prepared(settings.DISTRIBUTOR.site.data_dir)
    gc.freeze()  # what is loaded stays shared between the forks
    gc.set_threshold(*_COLLECTED)
    supervisor = Supervisor(dict(os.environ))
    with supervisor.running():
        for name, queues in parts.WORKERS.items():
            run = partial(_work, name, queues)
            supervisor.start(Part(name=f"worker {name}", command=run, stage=0, grace=_GRACE))
        while True:
            supervisor.turn()
    return 0


def _work(name: str, queues: tuple[str, ...]) -> None:
    tether.call_this(f"celery-{name}")
    celery.worker_main(parts.worker_arguments(name, queues))


if __name__ == "__main__":
    sys.exit(main())
