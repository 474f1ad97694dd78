"""Calling a handler: async ones as they are, others in a thread, with what they ask for by type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from inspect import isawaitable

from hipkit.addon.handlers.handler import Factories, Handler

__all__ = ["call_function", "call_handler"]


async def call_handler(
    handler: Handler, subject: object, factories: Factories, threads: Executor
) -> object:
    """Call a handler and return its result.

    Args:
        handler: The handler.
        subject: What it is for.
        factories: The values that are passed by type.
        threads: Where a handler runs that is not async.
    """
    if handler.is_async:
        result = handler.call(subject, factories)
    else:
        result = await _in_thread(threads, handler.call, subject, factories)
    return await _finish(result)


async def call_function(
    function: Callable[[object], object],
    argument: object,
    *,
    is_async: bool,
    threads: Executor,
) -> object:
    """Call a function and return its result, like a handler."""
    if is_async:
        result = function(argument)
    else:
        result = await _in_thread(threads, function, argument)
    return await _finish(result)


async def _finish(result: object) -> object:
    """Await a result if necessary.

    Raises:
        RuntimeError: The handler cancelled itself. It must not look as if the add-on stopped.
    """
    if not isawaitable(result):
        return result
    try:
        return await result
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise RuntimeError("the handler was cancelled by itself") from error


async def _in_thread(
    threads: Executor, function: Callable[..., object], *arguments: object
) -> object:
    loop = asyncio.get_running_loop()
    try:
        return await loop.run_in_executor(
            threads, copy_context().run, _guarded, function, *arguments
        )
    except _Stopped as stopped:
        raise RuntimeError("a handler raised StopIteration") from stopped.__cause__


class _Stopped(Exception):  # noqa: N818 - it carries an exception, and never leaves this module
    """Carries a `StopIteration`, which a future cannot."""


def _guarded(function: Callable[..., object], *arguments: object) -> object:
    try:
        return function(*arguments)
    except StopIteration as error:
        raise _Stopped from error
