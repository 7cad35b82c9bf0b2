"""A service, its readers, and what is asked after every fault: who was told, and how often."""

from __future__ import annotations

import signal
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.faults.crowd import Crowd
from tests.running import Service, mail_to, until

TOPIC = "fel"


class Scene:
    """``distributor up`` with ``readers`` confirmed readers, whose mail goes to ``crowd``."""

    def __init__(self, folder: Path, readers: int, **options: str) -> None:
        self.crowd = Crowd()
        self.readers = readers
        self.service = Service(folder, **mail_to(self.crowd.port), **options)
        self.service.cli("topics", "add", TOPIC, "Fel")
        self.service.readers(readers, TOPIC)
        self.service.start()

    def close(self) -> None:
        """End the service and the mail server."""
        self.service.stop()
        self.crowd.go_away()

    def publish(self, title: str, *, delay: float = 0.0, keep: bool = False) -> str:
        """Publish a release to all readers, whose mail server is as new; its id."""
        self.crowd.anew(delay=delay, keep=keep)
        path = self.service.folder / "release.txt"
        path.write_text(f"{title}\n\nEn prövning av vad som händer: {title}.\n", "utf-8")
        document = self.service.json("publish", path, "--topic", TOPIC, "--again")
        release: str = document["release"]
        return release

    def worker(self, name: str = "celery-email") -> psutil.Process:
        """The worker of that name, as soon as it runs."""

        def find() -> psutil.Process | None:
            for process in self.service.processes("celery", "worker"):
                with suppress(psutil.Error):
                    if process.name() == name:
                        return process
            return None

        return until(find, 60, name)

    def kill(self, *processes: psutil.Process) -> int:
        """``kill -9``; how many connections to the mail server were open at that moment."""
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        count = self.crowd.open
        for process in processes:
            process.kill()
        return count

    def kill_all(self) -> int:
        """:meth:`kill` of ``up`` and all below it, none of which may outlive it."""
        running = self.service.process
        assert running is not None
        family = self.service.processes()
        count = self.kill(psutil.Process(running.pid), *family)
        running.wait(10)
        _, alive = psutil.wait_procs(family, timeout=15)
        assert not alive, f"outlived it: {[process.cmdline() for process in alive]}"
        self.service.process = None
        return count

    def status(self, release: str) -> dict[str, int]:
        """What ``distributor status --json`` says of the mail of a release."""
        counts: dict[str, int] = self.service.json("status", release)["channels"]["email"]
        return counts

    def told(
        self, release: str, *, doubled: int, seconds: float = 120, readers: int | None = None
    ) -> dict[str, Any]:
        """Everybody gets it within ``seconds``, at most ``doubled`` too many, and status agrees."""
        wanted = self.readers if readers is None else readers
        crowd = self.crowd
        try:
            until(lambda: crowd.count >= wanted and len(crowd.copies) >= wanted, seconds)
        except AssertionError:
            print(*self.service.words().splitlines()[-60:], sep="\n")
            raise
        until(lambda: self.status(release)["owed"] == 0, 60, "nothing to be owed")
        counts, copies = self.status(release), crowd.copies
        ids = defaultdict(set)
        for mail in crowd.mails:
            ids[mail.recipient].add(mail.message_id)
        seen = {
            "reached": len(copies),
            "doubled": sum(copies.values()) - len(copies),
            "left out": wanted - len(copies),
        }
        print(f"{release}: {seen}, at most {doubled} doubled; status {counts}")
        assert seen["reached"] == wanted
        assert seen["doubled"] <= doubled, seen
        assert counts["delivered"] == wanted, counts
        assert all(len(several) == 1 for several in ids.values()), "a Message-ID changed"
        assert len(set().union(*ids.values())) == wanted, "two readers share a Message-ID"
        return seen
