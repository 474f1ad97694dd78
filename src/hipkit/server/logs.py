"""The server's log: it names operations and places in the code, and nothing that was sent.

The text of an exception may repeat a message, a token or a path. So of unexpected exceptions only
the type and the places are logged, those of libraries included.

Anybody can cause lines. So each kind of line is written a limited number of times a minute, and
counted beyond: nobody fills a disk with requests that are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TextIO

__all__ = [
    "LimitedHandler",
    "SafeFormatter",
    "describe_error",
    "log_loop_error",
    "log_task_error",
    "report_left_out",
    "set_up_log",
]

log = logging.getLogger("hipkit.server")

LIBRARIES = ("uvicorn", "asyncio")
"""Libraries whose warnings are logged too."""

WINDOW_SECONDS = 60.0
MOST_LINES = 20
"""Warnings or errors of one kind that are written in a window."""
MOST_CALL_LINES = 3000
"""Lines about calls in a window; only `--verbose` writes them."""
MOST_KINDS = 200
LONGEST_EXAMPLE = 200


class SafeFormatter(logging.Formatter):
    """Formats an exception as its type and the places that it passed."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatException(  # noqa: N802 - the name that it has in the library
        self,
        ei: object,
    ) -> str:
        """Return the places of an exception, the innermost last, and its type."""
        error = ei[1] if isinstance(ei, tuple) else None
        return describe_error(error) if isinstance(error, BaseException) else ""


@dataclass(slots=True)
class _Kind:
    """Lines that differ in details only: the start of their window, and their counts."""

    began: float
    written: int = 0
    left_out: int = 0
    example: logging.LogRecord | None = None


class LimitedHandler(logging.StreamHandler[TextIO]):
    """Writes so many lines of a kind a minute, and then how many more there were."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(stream)
        self._clock = clock
        self._kinds: dict[tuple[object, ...], _Kind] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or count it."""
        kind = self._kind_of(record)
        most = MOST_LINES if record.levelno >= logging.WARNING else MOST_CALL_LINES
        if kind.written < most:
            kind.written += 1
            super().emit(record)
        else:
            kind.left_out += 1
            kind.example = record

    def report(self, *, is_last: bool = False) -> None:
        """Write how many lines were left out, in windows that have ended or in all."""
        now = self._clock()
        with self.lock or contextlib.nullcontext():
            for key, kind in tuple(self._kinds.items()):
                if is_last or now - kind.began >= WINDOW_SECONDS:
                    del self._kinds[key]
                    self._write_count(kind)

    def close(self) -> None:
        """Write the remaining counts, and close."""
        self.report(is_last=True)
        super().close()

    def _kind_of(self, record: logging.LogRecord) -> _Kind:
        now = self._clock()
        # With too many kinds, the new ones of a level share one.
        for key in (_key_of(record), (record.levelno,)):
            found = self._kinds.get(key)
            if found is not None and now - found.began < WINDOW_SECONDS:
                return found
            if len(self._kinds) >= MOST_KINDS:
                self.report()
            if len(self._kinds) < MOST_KINDS:
                break
        if key in self._kinds:
            self._write_count(self._kinds[key])
        self._kinds[key] = _Kind(now)
        return self._kinds[key]

    def _write_count(self, kind: _Kind) -> None:
        example = kind.example
        if example is None:
            return
        text = example.getMessage().partition("\n")[0][:LONGEST_EXAMPLE]
        count = logging.LogRecord(
            example.name,
            example.levelno,
            example.pathname,
            example.lineno,
            "%d more like this: %s",
            (kind.left_out, text),
            None,
        )
        super().emit(count)


def _key_of(record: logging.LogRecord) -> tuple[object, ...]:
    """Return what lines of a kind have in common. An error's first argument is its place."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    is_error = record.levelno >= logging.ERROR
    where = next((str(one) for one in arguments[:1] if is_error), "")
    return (record.name, record.levelno, str(record.msg), where)


def report_left_out() -> None:
    """Write how many lines were left out of the log since the last report."""
    for handler in log.handlers:
        if isinstance(handler, LimitedHandler):
            handler.report()


def set_up_log(*, verbose: bool) -> None:
    """Log to standard error: warnings and errors, and with `verbose` every call."""
    handler = LimitedHandler()
    handler.setFormatter(SafeFormatter())
    for name in ("hipkit.server", *LIBRARIES):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
    log.setLevel(logging.INFO if verbose else logging.WARNING)


def log_loop_error(
    loop: asyncio.AbstractEventLoop, context: Mapping[str, object]
) -> None:
    """Log an error that the event loop caught, without the exception's text."""
    error = context.get("exception")
    about = describe_error(error) if isinstance(error, BaseException) else ""
    log.error(
        "event loop: %s\n%s", str(context.get("message")).partition("\n")[0], about
    )


def log_task_error(task: asyncio.Task[None]) -> None:
    """Log the error that ended a task. A callback for tasks that never end by themselves."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("%s ended: %s", task.get_name(), describe_error(error))


def describe_error(error: BaseException) -> str:
    """Return the places that an exception passed, the innermost last, and its type."""
    places = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__))
    lines = [f"  {place.filename}:{place.lineno} {place.name}" for place in places]
    return "\n".join([*lines, type(error).__name__])
