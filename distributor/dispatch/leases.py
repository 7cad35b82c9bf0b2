"""Who is at work on what: a lease is a holder and a deadline on a row, taken by counting."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psutil
import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, models
from django.db.models import Q
from django.utils import timezone

LENGTH = timedelta(seconds=120)
RENEWED_EVERY = 30.0
TRIED_AGAIN = 1.0
"""Seconds between two tries while the database is away."""

_ALWAYS = Q()

Settle = Callable[[Any], object]

_log = structlog.get_logger()


def holder() -> str:
    """This process, told apart from any other here or elsewhere, now or before."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


@cache
def _machine() -> str:
    """The host, its process namespace and the data folder.

    Only there does a process id mean anything, and lies the journal of whoever died.
    """
    space = Path("/proc/self/ns/pid")
    folder = settings.DISTRIBUTOR.site.data_dir.stat()
    where = f"{folder.st_dev:x}.{folder.st_ino:x}"
    return f"{socket.gethostname()[:40]}:{space.readlink().name if space.exists() else ''}:{where}"


@cache
def _started(pid: int) -> int:
    return _birth(psutil.Process(pid))


def free(now: datetime) -> Q:
    """Of rows with a lease: that nobody holds it."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


def claim(row: models.Model, when: Q = _ALWAYS, **changes: Any) -> bool:
    """Take the lease of ``row`` (an Edition, Feed or Batch) unless somebody else holds it.

    And only ``when`` that is so of the row; ``changes`` are made to it by the same stroke.
    """
    now = timezone.now()
    taken = type(row)._default_manager.filter(free(now), when, pk=row.pk)
    return taken.update(holder=holder(), lease_until=now + LENGTH, **changes) == 1


def _renew(row: models.Model) -> datetime:
    """Lengthen the lease of ``row``, if it is still ours; until when it would last."""
    until = timezone.now() + LENGTH
    ours(row).update(lease_until=until)
    return until


def release(row: models.Model) -> None:
    """Give the lease back, if it is still ours."""
    ours(row).update(holder="", lease_until=None)


def set_aside(row: models.Model, length: timedelta) -> None:
    """Let nobody have ``row`` for so long, us neither, if its lease is still ours."""
    ours(row).update(holder="", lease_until=timezone.now() + length)


def ours(row: models.Model) -> models.QuerySet[models.Model]:
    """The row, if this process still holds its lease."""
    return type(row)._default_manager.filter(pk=row.pk, holder=holder())


def _no_journal(row: Any) -> None:
    """For rows that keep none."""


@contextmanager
def held(row: models.Model, settle: Settle = _no_journal) -> Iterator[None]:
    """Renew the lease of ``row`` while the block runs, and give it back at its end.

    After an error ``settle`` first takes over what lies in a journal here, which nobody elsewhere
    could read. Where the database is away, both are done once that answers.
    """
    done = threading.Event()
    keeper = _Keeper(row, done, settle)
    thread = threading.Thread(target=keeper.keep, daemon=True)
    thread.start()
    whole = False
    try:
        yield
        whole = True
    finally:
        done.set()
        thread.join()
        try:
            if not whole and ours(row).exists():
                settle(row)
            release(row)
        except DatabaseError:
            threading.Thread(target=keeper.give_back, daemon=True).start()


class _Keeper:
    """Keeps a lease that was just claimed."""

    def __init__(self, row: models.Model, done: threading.Event, settle: Settle) -> None:
        self._row, self._done, self._settle = row, done, settle
        self._until = timezone.now() + LENGTH

    def keep(self) -> None:
        pause = RENEWED_EVERY
        while not self._done.wait(pause):
            try:
                self._until = _renew(self._row)
                pause = RENEWED_EVERY
            except DatabaseError as error:
                _log.warning("lease.not_renewed", row=str(self._row), error=str(error))
                pause = TRIED_AGAIN
            close_old_connections()

    def give_back(self) -> None:
        """Once the lease has run out it may be anybody's, and ours again: then it stays."""
        pause = threading.Event()
        while not pause.wait(TRIED_AGAIN) and timezone.now() < self._until - LENGTH / 12:
            try:
                if ours(self._row).exists():
                    self._settle(self._row)
                _end(ours(self._row))
                return
            except DatabaseError:
                close_old_connections()


def end_those_of_the_dead(kind: type[models.Model], settle: Settle = _no_journal) -> int:
    """End leases that processes of this machine held and took to their grave; how many.

    Before anybody else can have a row, ``settle`` takes over what its holder journalled here.
    """
    ended = 0
    leased = kind._default_manager.filter(lease_until__gt=timezone.now())
    for name in set(leased.values_list("holder", flat=True)):
        machine, _, rest = name.rpartition("/")[0].rpartition("/")
        if machine == _machine() and not _lives(int(rest), int(name.rpartition("/")[2])):
            for row in kind._default_manager.filter(holder=name):
                ended += _inherit(row, name, settle)
    return ended


def _inherit(row: models.Model, name: str, settle: Settle) -> int:
    rows = type(row)._default_manager.filter(pk=row.pk)
    if not rows.filter(holder=name).update(holder=holder(), lease_until=timezone.now() + LENGTH):
        return 0
    with held(row, settle):
        settle(row)
        return _end(rows.filter(holder=holder()))


def _end(rows: models.QuerySet[models.Model]) -> int:
    """End the leases of ``rows``, which are to be rung for again: the message was used up."""
    changes: dict[str, None] = {"lease_until": None}
    if "rung_at" in {field.name for field in rows.model._meta.fields}:
        changes["rung_at"] = None
    return rows.update(**changes)


def _lives(pid: int, started: int) -> bool:
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and _birth(process) == started
    except psutil.NoSuchProcess:
        return False


def _birth(process: psutil.Process) -> int:
    """When ``process`` began, in hundredths of a second: the same whenever it is asked."""
    born = process.create_time()
    if psutil.LINUX:
        # It is counted from the boot, whose own time changes whenever the clock is set.
        born -= psutil.boot_time()
    return round(100 * born)
