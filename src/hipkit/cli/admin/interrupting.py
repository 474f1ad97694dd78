"""Signals that end a command: what it began is taken back first."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

__all__ = ["ended_by_signals", "run_until_signal"]

T = TypeVar("T")

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""From `kill` and a closed terminal. SIGINT is asyncio's own."""


def run_until_signal(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in an event loop, and cancel it at SIGTERM, SIGHUP or SIGINT.

    Raises:
        SystemExit: One of the first two came, and the coroutine has ended; with the exit code that
            shells use.
        KeyboardInterrupt: SIGINT came.
    """
    received: list[int] = []

    async def run() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel(number: int) -> None:
            received.append(number)
            if task is not None:
                task.cancel()

        for number in _taken():
            loop.add_signal_handler(number, cancel, number)
        return await work

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        if not received:
            raise
        sys.exit(128 + received[0])


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """End the process at the first signal, while a block waits for input.

    The event loop, which would cancel something, does not run meanwhile. The kernel ends it, SIGINT
    included: a handler of Python's that is due just before a read begins waits for its end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGINT, *ENDING)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _taken() -> list[signal.Signals]:
    """Return the signals to take: none in another thread, none that `nohup` ignores."""
    if threading.current_thread() is not threading.main_thread():
        return []
    return [one for one in ENDING if signal.getsignal(one) is signal.SIG_DFL]
