"""Keeps secrets out of the frames that a traceback holds.

Error trackers collect the local variables of every frame. Somewhere below every call a header
is written out with the token in it, here and in the libraries that send it: once a call has
failed, those variables serve nobody and are cleared. Which lines the error passed stays.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar, cast

__all__ = ["clear_locals", "clears_locals"]

P = ParamSpec("P")
T = TypeVar("T")

CLEARED = frozenset(
    {
        "anyio",
        "asyncio",
        "dataclasses",
        "h11",
        "hipkit",
        "httpcore2",
        "json",
        "socket",
        "ssl",
        "urllib",
    }
)
"""The packages that a request passes through. A program's own frames are never touched."""


def clear_locals(error: BaseException) -> None:
    """Clear the local variables of the frames that an error, and those before it, came through.

    Only frames of `CLEARED` packages that have ended are: not the caller's own.
    """
    errors: list[BaseException | None] = [error]
    seen: set[int] = set()
    while errors:
        each = errors.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        errors += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            errors += each.exceptions
        step = each.__traceback__
        while step is not None:
            module = step.tb_frame.f_globals.get("__name__", "")
            if module.partition(".")[0] in CLEARED:
                with suppress(RuntimeError):  # It has not ended.
                    step.tb_frame.clear()
            step = step.tb_next


def clears_locals(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function that takes a secret: when it fails, its arguments are cleared too."""
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> object:
            try:
                return await function(*args, **kwargs)
            except BaseException as error:
                del args, kwargs
                clear_locals(error)
                raise

        return cast("Callable[P, T]", call_async)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            clear_locals(error)
            raise

    return call
