"""Who is at work on what: a lease is a holder and a deadline on a row, taken by counting."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

import psutil
from django.db import close_old_connections, models
from django.db.models import Q
from django.utils import timezone

LENGTH = timedelta(seconds=120)
RENEWED_EVERY = 30.0


def holder() -> str:
    """This process, told apart from any other here or elsewhere, now or before."""
    return f"{_machine()}/{os.getpid()}/{_started(os.getpid())}"


@cache
def _machine() -> str:
    """The host and its process namespace: only there does a process id mean anything."""
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()[:60]}:{space.readlink().name if space.exists() else ''}"


@cache
def _started(pid: int) -> int:
    return int(psutil.Process(pid).create_time() * 100)


def claim(row: models.Model) -> bool:
    """Take the lease of ``row`` (an Edition, Feed or Batch) unless somebody else holds it."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = type(row)._default_manager.filter(free, pk=row.pk)
    return taken.update(holder=holder(), lease_until=now + LENGTH) == 1


def release(row: models.Model) -> None:
    """Give the lease back, if it is still ours."""
    mine = type(row)._default_manager.filter(pk=row.pk, holder=holder())
    mine.update(holder="", lease_until=None)


@contextmanager
def held(row: models.Model) -> Iterator[None]:
    """Renew the lease of ``row`` while the block runs, and give it back at its end."""
    done = threading.Event()
    keeper = threading.Thread(target=_renew, args=(row, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        release(row)


def _renew(row: models.Model, done: threading.Event) -> None:
    while not done.wait(RENEWED_EVERY):
        mine = type(row)._default_manager.filter(pk=row.pk, holder=holder())
        mine.update(lease_until=timezone.now() + LENGTH)
        close_old_connections()


def end_those_of_the_dead(kind: type[models.Model]) -> int:
    """End leases that processes of this machine held and took to their grave; how many."""
    ended = 0
    leased = kind._default_manager.filter(lease_until__gt=timezone.now())
    for name in set(leased.values_list("holder", flat=True)):
        machine, _, rest = name.rpartition("/")[0].rpartition("/")
        if machine == _machine() and not _lives(int(rest), int(name.rpartition("/")[2])):
            ended += kind._default_manager.filter(holder=name).update(lease_until=None)
    return ended


def _lives(pid: int, started: int) -> bool:
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and int(process.create_time() * 100) == started
    except psutil.NoSuchProcess:
        return False
