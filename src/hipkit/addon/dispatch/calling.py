"""Calling a handler: async ones as they are, others in a thread, with what they ask for by type."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from inspect import isawaitable

from hipkit.addon.handlers.handler import NO_GROUPS, Factories, Groups, Handler

__all__ = ["call_function", "call_handler"]


async def call_handler(
    handler: Handler,
    subject: object,
    factories: Factories,
    threads: Executor,
    groups: Groups = NO_GROUPS,
) -> object:
    """Call a handler and return its result.

    Args:
        handler: The handler.
        subject: What it is for.
        factories: The values that are passed by type.
        threads: Where a handler runs that is not async.
        groups: The named groups of its pattern, as its `match` returns them.
    """
    call = partial(handler.call, subject, factories, groups)
    return await _call(call, is_async=handler.is_async, threads=threads)


async def call_function(
    function: Callable[[object], object],
    argument: object,
    *,
    is_async: bool,
    threads: Executor,
) -> object:
    """Call a function and return its result, like a handler."""
    return await _call(partial(function, argument), is_async=is_async, threads=threads)


async def _call(
    function: Callable[[], object], *, is_async: bool, threads: Executor
) -> object:
    """Call a function and return its result, awaited if necessary.

    Raises:
        RuntimeError: It raised `SystemExit`, as `argparse` does for wrong arguments, which would
            end the add-on; or another exception that is not an `Exception`; or it cancelled itself,
            which would look as if the add-on stopped.
    """
    try:
        result = function() if is_async else await _in_thread(threads, function)
        return await result if isawaitable(result) else result
    except (Exception, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        task = asyncio.current_task()
        is_stopped = task is None or task.cancelling() > 0
        if is_stopped and isinstance(error, asyncio.CancelledError):
            raise
        raise RuntimeError(f"a handler raised {type(error).__name__}") from error


async def _in_thread(threads: Executor, function: Callable[[], object]) -> object:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(threads, copy_context().run, _guarded, function)


def _guarded(function: Callable[[], object]) -> object:
    """Call a function in a thread, where nothing that it raises is meant for the event loop."""
    try:
        return function()
    except BaseException as error:
        # A future cannot carry a StopIteration, and what is no Exception would end who awaits it.
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        raise RuntimeError(f"a handler raised {type(error).__name__}") from error
