"""A host at the other end of a cable, which can be pulled: nothing arrives then, no end either."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest

_AT_ONCE = struct.pack("ii", 1, 0)
"""An end without leave-taking, for SO_LINGER."""


class Cable:
    """``ours`` is the address of this end. What runs by ``there`` is at the other."""

    def __init__(self, name: str, network: str) -> None:
        self.ours, self._theirs = f"{network}.1", f"{network}.2"
        self.there: Sequence[str] = ("ip", "netns", "exec", name)
        self._name, self._link = name, f"{name}-a"

    @classmethod
    @contextmanager
    def laid(cls) -> Iterator[Cable]:
        """One that is there while the block runs; the test is skipped where there can be none."""
        number = os.getpid() % 250
        cable = cls(f"dtest{number}", f"10.231.{number}")
        if os.geteuid() or not shutil.which("ip"):
            pytest.skip("only root can lay a cable, and with ip")
        _ip("netns", "delete", cable._name)  # of a run that was killed
        if not _ip("netns", "add", cable._name):
            pytest.skip("there can be no network namespaces here")
        try:
            cable._connect()
            yield cable
        finally:
            _ip("netns", "delete", cable._name)

    def pull(self) -> None:
        """Nothing passes from now on."""
        assert _ip("link", "set", self._link, "down")

    def mend(self) -> None:
        """All passes again."""
        assert _ip("link", "set", self._link, "up")

    def _connect(self) -> None:
        other, there = f"{self._name}-b", ("-n", self._name)
        for words in (
            ("link", "add", self._link, "type", "veth", "peer", "name", other),
            ("link", "set", other, "netns", self._name),
            ("address", "add", f"{self.ours}/24", "dev", self._link),
            ("link", "set", self._link, "up"),
            (*there, "address", "add", f"{self._theirs}/24", "dev", other),
            (*there, "link", "set", other, "up"),
            (*there, "link", "set", "lo", "up"),
        ):
            assert _ip(*words), f"ip {' '.join(words)}"


def _ip(*words: str) -> bool:
    return not subprocess.run(["ip", *words], capture_output=True, check=False).returncode


class Door:
    """A port on ``host`` behind which is what ``inside`` connects to."""

    def __init__(self, host: str, inside: Callable[[], socket.socket]) -> None:
        self._inside = inside
        self._answers = threading.Event()
        self._answers.set()
        self._callers: dict[socket.socket, threading.Thread] = {}
        self._listener = socket.create_server((host, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._open, daemon=True).start()

    def hold(self) -> None:
        """Let all in that is said, and no answer out."""
        self._answers.clear()

    def forget(self) -> None:
        """End what was begun, without a word, as a machine that is switched off, and go on."""
        forgotten, self._callers = self._callers, {}
        for caller in forgotten:
            with suppress(OSError):  # it may have ended by itself
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                caller.shutdown(socket.SHUT_RD)
        self._answers.set()
        for serving in forgotten.values():
            serving.join(10)

    def close(self) -> None:
        self._listener.close()
        self.forget()

    def _open(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listener.accept()[0]
                serving = threading.Thread(target=self._serve, args=(caller,), daemon=True)
                self._callers[caller] = serving
                serving.start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, self._inside() as inside:
            back = threading.Thread(target=self._answer, args=(inside, caller), daemon=True)
            back.start()
            with suppress(OSError):
                while said := caller.recv(65_536):
                    inside.sendall(said)
            self._callers.pop(caller, None)
            with suppress(OSError):
                inside.shutdown(socket.SHUT_RDWR)
            back.join()

    def _answer(self, inside: socket.socket, caller: socket.socket) -> None:
        with suppress(OSError):
            while said := inside.recv(65_536):
                self._answers.wait()
                if caller not in self._callers:
                    return
                caller.sendall(said)
            caller.shutdown(socket.SHUT_WR)
