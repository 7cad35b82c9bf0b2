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
from collections.abc import Callable, Sequence
from types import FrameType

_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
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


def tie() -> None:
    """Tie this process to the one that started it."""
    parent = os.getppid()
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
