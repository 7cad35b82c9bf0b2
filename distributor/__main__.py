"""The command ``distributor``. Ctrl-C while it loads ends it without a word."""

from __future__ import annotations

import signal
from importlib import import_module


def main() -> None:
    at_ctrl_c = signal.getsignal(signal.SIGINT)
    if at_ctrl_c is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = import_module("distributor.service.cli").main
    signal.signal(signal.SIGINT, at_ctrl_c)
    command()


if __name__ == "__main__":
    main()
