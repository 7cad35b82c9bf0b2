"""Logs: one line an event on standard error; JSON, or plain words on a terminal."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

_QUIET = {
    "kombu": logging.ERROR,
    "celery": logging.WARNING,
    "mail.log": logging.WARNING,
    "django_tasks": logging.WARNING,
    "PIL": logging.WARNING,
    # It names the title of every page that is saved, also of what is under embargo or erased later.
    "wagtail": logging.WARNING,
}


_PERSONAL = re.compile(r"(/(?:confirm|embargo|preferences|unsubscribe)/)[^/\s]+")


def _masked(record: logging.LogRecord) -> bool:
    """Leave out the token of a reader's own address: whoever reads the log could use it."""
    if isinstance(record.args, tuple):
        record.args = tuple(_PERSONAL.sub(r"\1…", str(each)) for each in record.args)
    return True


def configure(level: int = logging.INFO) -> None:
    """Everything that is logged in this process, by structlog or by the standard library, goes
    the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if sys.stderr.isatty():
        last: list[Any] = [
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        ]
    else:
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    requests = logging.getLogger("django.request")
    if _masked not in requests.filters:
        requests.addFilter(_masked)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)


def quieten() -> None:
    """Only warnings and errors from now on: for a command, whose own lines are its answer."""
    logging.getLogger().setLevel(logging.WARNING)
