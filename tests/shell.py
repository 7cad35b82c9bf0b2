"""A shell for tests, in which a command of ours begins without loading Django each time.

Run as ``python -m tests.shell DESCRIPTOR`` it loads what the commands need, once, and forks for
each command that comes through the socket of that number: the command has the environment, the
folder, the input and the end of a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from select import select

import click

from distributor.service import cli, tether
from distributor.service.options import Wrong

APART = {"up", "web", "worker", "clock", "demo", "config", "manage"}
"""Commands that load Django themselves, or none."""
_MOST = 65_536


class Shell:
    """One with ``environ``, in ``folder``. It ends when nobody has this any more."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self.environ = dict(environ)
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.shell", str(number)],
                env=self.environ,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
            )

    def run(
        self, arguments: list[str], stdin: bytes, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """As ``subprocess.run`` of the command with ``arguments``, its output captured.

        Raises:
            subprocess.TimeoutExpired: it, and the shell, were killed after so many seconds.
        """
        reading, writing = os.pipe()
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as said,
            tempfile.TemporaryFile() as warned,
            open(reading, "rb", 0) as end,
        ):
            given.write(stdin)
            given.seek(0)
            with open(writing, "wb", 0):
                files = [given.fileno(), said.fileno(), warned.fileno(), writing]
                socket.send_fds(self._ours, [json.dumps(arguments).encode()], files)
            if not select([end], [], [], timeout)[0]:
                self.close()
                raise subprocess.TimeoutExpired(arguments, timeout)
            ended = end.read()
            assert ended, "the shell has ended"
            said.seek(0)
            warned.seek(0)
            return subprocess.CompletedProcess(arguments, int(ended), said.read(), warned.read())

    def close(self) -> None:
        """End it, and what still runs in it."""
        self._ours.close()
        self._process.kill()
        self._process.wait()


def _next(asked: socket.socket) -> list[str]:
    """In a fork of this process: what it is to run. In itself it ends when nobody can ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        arguments, files, _, _ = socket.recv_fds(asked, _MOST, 4)
        if not arguments:
            sys.exit()
        if not _fork():
            break
        for file in files:
            os.close(file)
    asked.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, end = files
    if command := _fork():
        _, status = os.waitpid(command, 0)
        with suppress(BrokenPipeError):
            os.write(end, b"%d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.close(end)
    given: list[str] = json.loads(arguments)
    return given


def _fork() -> int:
    """As ``os.fork``, the new process tied to this one."""
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        tether.tie(parent)
    return pid


if __name__ == "__main__":
    with suppress(Wrong):  # which the command says then
        for each in sorted(set(cli.COMMANDS) - APART):
            cli.distributor.get_command(click.Context(cli.distributor), each)
    cli.main(_next(socket.socket(fileno=int(sys.argv[1]))))
