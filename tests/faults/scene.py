"""A service, its readers, and what is asked after every fault: who was told, and how often."""

from __future__ import annotations

import signal
from collections import Counter, defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Self

import psutil

from tests.faults.crowd import Crowd
from tests.faults.machine import Machine
from tests.listeners.smtp import Answer
from tests.running import Service, mail_to, until

TOPIC = "fel"


class Scene:
    """``distributor up`` with ``readers`` confirmed readers, whose mail goes to ``crowd``.

    ``machine`` is what it runs on, if that can be disturbed.
    """

    def __init__(
        self, service: Service, crowd: Crowd, readers: int, machine: Machine | None = None
    ) -> None:
        self.service, self.crowd, self.readers = service, crowd, readers
        self._machine = machine
        service.cli("topics", "add", TOPIC, "Fel")
        service.readers(readers, TOPIC)

    @classmethod
    def up(cls, folder: Path, readers: int, machine: Machine | None = None, **options: str) -> Self:
        """One that runs in ``folder``, or on the disk of ``machine``."""
        crowd = Crowd()
        if machine:
            folder = machine.disk / folder.name
        service = Service(folder, **mail_to(crowd.port), **options)
        if machine:
            service.environ |= machine.clock.environ
        scene = cls(service, crowd, readers, machine)
        service.start()
        return scene

    @property
    def machine(self) -> Machine:
        """What it runs on."""
        assert self._machine is not None
        return self._machine

    def close(self) -> None:
        """End the service and the mail server."""
        self.service.close()
        self.crowd.go_away()

    def publish(
        self,
        title: str,
        *topics: str,
        delay: float = 0.0,
        keep: bool = False,
        answer: Answer | None = None,
    ) -> str:
        """Publish a release to all readers, or to those of ``topics``; its id.

        The mail server begins anew, and takes mail once the command has ended: slowly, until
        :meth:`wait_for` or :meth:`told` has it hurry.
        """
        self.crowd.anew(delay=delay, keep=keep, answer=answer)
        self.crowd.slow_from(0)
        with self.crowd.silent():
            return self.publish_meanwhile(title, *topics)

    def publish_meanwhile(self, title: str, *topics: str) -> str:
        """As :meth:`publish`, whatever the mail server is at."""
        wanted = [word for topic in topics or (TOPIC,) for word in ("--topic", topic)]
        path = self.service.folder / "release.txt"
        path.write_text(f"{title}\n\nEn prövning av vad som händer: {title}.\n", "utf-8")
        document = self.service.json("publish", path, *wanted, "--again")
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

    def add(self, count: int, topic: str) -> None:
        """Have ``count`` more readers, the last of all, of a topic of their own."""
        self.service.cli("topics", "add", topic, topic.capitalize())
        rows = "".join(f"{topic}{n}@readers.example,{topic}\n" for n in range(count))
        sheet = self.service.folder / "more.csv"
        sheet.write_text("email,topics\n" + rows, "utf-8")
        self.service.cli("subscribers", "import", sheet, "--confirmed")

    def wait_for(self, count: int, seconds: float = 120) -> None:
        """Wait until so many mails were taken over, which are not all there will be.

        From then on the mail server takes its time, until the next is waited for, or :meth:`told`.
        """
        self.crowd.slow_from(count)
        until(lambda: self.crowd.count >= count, seconds, f"{count} mails")
        assert self.crowd.count < self.readers, "what was to be disturbed is over"

    def hurry(self, release: str) -> None:
        """Have what is owed tried now, whatever it was waiting for."""
        self.service.cli("redeliver", release, "--channel", "email")

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
        self,
        release: str,
        *,
        doubled: int,
        failed: int = 0,
        seconds: float = 0,
        readers: int | None = None,
    ) -> dict[str, int]:
        """All ``readers`` get it within ``seconds`` (or a fair time), ``doubled`` of them twice at
        most, and status agrees, also about those who ``failed``."""
        wanted, crowd = self.readers if readers is None else readers, self.crowd
        crowd.slow_from(None)

        def copies() -> Counter[str]:
            return Counter(mail.recipient for mail in crowd.of(release))

        try:
            until(
                lambda: crowd.count >= wanted and len(copies()) >= wanted,
                seconds or 90 + wanted / 100,
            )
        except AssertionError:
            print(*self.service.words().splitlines()[-60:], sep="\n")
            raise
        counts = self.settle(release, 60)
        got = copies()
        ids = defaultdict(set)
        for mail in crowd.of(release):
            ids[mail.recipient].add(mail.message_id)
        seen = {
            "reached": len(got),
            "doubled": sum(got.values()) - len(got),
            "left out": wanted - len(got),
        }
        print(f"{release}: {seen}, at most {doubled} doubled; status {counts}")
        assert seen["reached"] == wanted
        assert seen["doubled"] <= doubled, seen
        assert (counts["delivered"], counts["failed"]) == (wanted, failed), counts
        assert all(len(several) == 1 for several in ids.values()), "a Message-ID changed"
        assert len(set().union(*ids.values())) == wanted, "two readers share a Message-ID"
        return seen

    def settle(self, release: str, seconds: float) -> dict[str, int]:
        """Its :meth:`status` once nothing is owed, within so many seconds."""
        seen: dict[str, int] = {}

        def settled() -> bool:
            seen.update(self.status(release))
            return not seen["owed"]

        until(settled, seconds, "nothing to be owed", pause=1.0)
        return seen
