"""The client's own log, `hipkit`, on standard error: for `HIPKIT_LOG`.

A library leaves logging to the program. So this only helps a program that has not set up logging:
its own handlers, and its own level of `hipkit`, stay as they are.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import suppress

__all__ = ["LEVELS", "StderrHandler", "show_log"]

logger = logging.getLogger("hipkit")

LEVELS = ("debug", "info", "warning", "error", "critical")
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class StderrHandler(logging.Handler):
    """Writes to the present standard error, as long as the program has no handler for a record."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, if nobody else does."""
        others = (each for each in _handlers(record.name) if each is not self)
        if sys.stderr is None or any(others):
            return
        with suppress(
            OSError, ValueError
        ):  # It is closed, and so is the way to report it.
            sys.stderr.write(f"{self.format(record)}\n")
            sys.stderr.flush()


_shown = StderrHandler()
_shown.setFormatter(logging.Formatter(FORMAT))
_reported: set[str] = set()


def show_log(level: str) -> None:
    """Show the library's log from a level on, once for any number of clients.

    Args:
        level: One of `LEVELS`, in any case. Another one is reported in the log, once: a client
            that sends alerts does so although somebody mistyped a variable for debugging.
    """
    name = level.strip().lower()
    if name not in LEVELS:
        if name not in _reported:
            _reported.add(name)
            logger.warning(
                "HIPKIT_LOG is %.20r, which is not a level: %s", name, ", ".join(LEVELS)
            )
        return
    # A level that is set without our handler is the program's.
    if logger.level == logging.NOTSET or _shown in logger.handlers:
        logger.setLevel(name.upper())
        if _shown not in logger.handlers:
            logger.addHandler(_shown)


def _handlers(name: str) -> Iterator[logging.Handler]:
    """Yield the handlers that receive a logger's records."""
    place: logging.Logger | None = logging.getLogger(name)
    while place is not None:
        yield from place.handlers
        place = place.parent if place.propagate else None
