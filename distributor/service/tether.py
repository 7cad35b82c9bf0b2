"""A child that goes when its parent goes, even if the parent was killed.

Linux does it by itself. Elsewhere the parent is looked at again and again: by a process between
the two, or by a thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_EVERY = 0.5
_libc = ctypes.CDLL(None, use_errno=True) if _LINUX else None


def spawn(
    command: Sequence[str],
    *,
    environ: dict[str, str] | None = None,
    at_death: signal.Signals = signal.SIGKILL,
    keep: Sequence[int] = (),
    stdout: int | None = None,
    stderr: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a process group of its own, tied to this process.

    To be called in the main thread: for Linux the parent is the thread. When this process ends, in
    whatever way, the child gets the signal ``at_death``. File descriptors in ``keep`` stay open.
    """
    if not _LINUX:
        command = [sys.executable, "-m", __name__, str(int(at_death)), *command]
    return subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        pass_fds=keep,
        process_group=0,
        preexec_fn=_tie_to(os.getpid(), at_death) if _LINUX else None,
    )


class Forked:
    """A fork of this process, with what is needed of a ``Popen``."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout)
            time.sleep(0.02)
        return code

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, signum: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, signum)


Process = subprocess.Popen[bytes] | Forked


def fork(run: Callable[[], object]) -> Forked:
    """Run ``run`` in a fork of this process, tied to it and in a process group of its own.

    To be called in the main thread, and where there is no other: a fork has only the one.
    """
    parent = os.getpid()
    _flush()
    if pid := os.fork():
        return Forked(pid)
    code = 1
    try:
        os.setpgid(0, 0)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, signal.SIG_DFL)
        tie(parent)
        run()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


def _flush() -> None:
    with suppress(OSError):  # the disk may be full
        sys.stdout.flush()
        sys.stderr.flush()


def call_this(name: str) -> None:
    """Give this process a short name of its own in the process list, where that can be done."""
    if _libc is not None:
        _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def tie(parent: int | None = None) -> None:
    """Tie this process to ``parent``, the one that started it."""
    parent = parent or os.getppid()
    if _LINUX:
        _tie_to(parent, signal.SIGKILL)()
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _tie_to(parent: int, at_death: signal.Signals) -> Callable[[], None]:
    def ask() -> None:
        assert _libc is not None
        _libc.prctl(_PR_SET_PDEATHSIG, int(at_death), 0, 0, 0)
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)

    return ask


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_EVERY)
    os._exit(1)


def main(arguments: Sequence[str]) -> int:
    """The process between the two: run a command, pass signals on, end it when the parent ends."""
    at_death, command, parent = int(arguments[0]), arguments[1:], os.getppid()
    child = subprocess.Popen(command, close_fds=False)

    def forward(signum: int, _frame: FrameType | None) -> None:
        child.send_signal(signum)

    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, forward)
    while True:
        try:
            return child.wait(_EVERY)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                child.send_signal(at_death)
                return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
