"""Keep secrets out of the frames of a traceback.

Error trackers collect the local variables of every frame. In every call, this package and the
libraries below it hold a header with the token in a local variable. Once a call has failed, those
variables are no longer needed and are cleared. The traceback's lines stay.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar, cast

__all__ = ["clear_locals", "clears_locals"]

P = ParamSpec("P")
T = TypeVar("T")

CO_COROUTINE = 0x80
"""`inspect.CO_COROUTINE`; a short program has no other use for that large module."""

CLEARED = frozenset(
    {
        "anyio",
        "asyncio",
        "dataclasses",
        "h11",
        "hipkit",
        "httpcore2",
        "json",
        "jwt",
        "socket",
        "ssl",
        "urllib",
    }
)
"""The packages that a request passes through. The caller's own frames are never cleared."""


def clear_locals(error: BaseException) -> None:
    """Clear the local variables in the frames of an error and of the errors that caused it.

    Only finished frames of the `CLEARED` packages are cleared.
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
                with suppress(RuntimeError):  # It is still running.
                    step.tb_frame.clear()
            step = step.tb_next


def clears_locals(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function that takes a secret, so that its arguments are cleared when it fails."""
    code = getattr(function, "__code__", None)
    if code is not None and code.co_flags & CO_COROUTINE:

        @wraps(function)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> object:
            try:
                return await cast("Awaitable[object]", function(*args, **kwargs))
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
