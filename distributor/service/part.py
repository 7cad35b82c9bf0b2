"""Runs the program of a part, so that Ctrl-C ends it clean while it loads, too.

Run as ``python -m distributor.service.part PROGRAM …``, under which it shows in the process list.
Whoever starts it may have Ctrl-C wait until here.
"""

from __future__ import annotations

import runpy
import signal
import sys

from distributor.dispatch import stopping


def main() -> None:
    # Until the program takes the signal itself there is nothing to finish, and much to load.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    program = sys.argv.pop(1)
    try:
        runpy.run_module(program, run_name="__main__")
    except SystemExit:
        # Celery calls it a failure if the end was asked for by Ctrl-C.
        if stopping.requested():
            sys.exit(0)
        raise


if __name__ == "__main__":
    main()
