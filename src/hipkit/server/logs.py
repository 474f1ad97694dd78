"""The server's log: it names operations and places in the code, and nothing that was sent.

What an exception says may repeat a message, a token or a path. So of exceptions that nobody
foresaw only their kind and where they happened is written, those of libraries included.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Mapping

__all__ = [
    "SafeFormatter",
    "describe_error",
    "log_loop_error",
    "log_task_error",
    "set_up_log",
]

log = logging.getLogger("hipkit.server")

LIBRARIES = ("uvicorn", "asyncio", "starlette")
"""Whose warnings are of use too."""


class SafeFormatter(logging.Formatter):
    """Writes an exception as its kind and the places it went through."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatException(  # noqa: N802 - the name that it has in the library
        self,
        ei: object,
    ) -> str:
        """Return the places of an exception, the innermost last, and its kind."""
        error = ei[1] if isinstance(ei, tuple) else None
        return describe_error(error) if isinstance(error, BaseException) else ""


def set_up_log(*, verbose: bool) -> None:
    """Log to standard error: what goes wrong, and on request every call."""
    handler = logging.StreamHandler()
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
    """Log what the event loop could not give to anybody; its own text shows the exception's."""
    error = context.get("exception")
    about = describe_error(error) if isinstance(error, BaseException) else ""
    log.error(
        "event loop: %s\n%s", str(context.get("message")).partition("\n")[0], about
    )


def log_task_error(task: asyncio.Task[None]) -> None:
    """Log what ended a task that was to go on, as soon as it did: a callback for the task."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("%s ended: %s", task.get_name(), describe_error(error))


def describe_error(error: BaseException) -> str:
    """Return the places that an exception went through, the innermost last, and its kind."""
    places = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__))
    lines = [f"  {place.filename}:{place.lineno} {place.name}" for place in places]
    return "\n".join([*lines, type(error).__name__])
