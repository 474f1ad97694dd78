"""Which function answers which operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, get_type_hints

from hipkit.api.operation import Operation
from hipkit.server.services.context import Context

__all__ = ["HANDLERS", "Handler", "handles"]

T = TypeVar("T")
O_contra = TypeVar("O_contra", contravariant=True)

Handler = Callable[[Context, Operation[object]], Awaitable[object]]

HANDLERS: dict[type[Operation[object]], Handler] = {}
"""Filled by importing the modules of handlers; an operation without one answers 501."""


def handles(
    kind: type[Operation[T]],
) -> Callable[
    [Callable[[Context, O_contra], Awaitable[T]]],
    Callable[[Context, O_contra], Awaitable[T]],
]:
    """Let the function below answer an operation.

    The type checker compares the results; that the function takes this very operation, which no
    type can say, is checked here.

    Raises:
        TypeError: It takes another operation, or the operation is answered already.
    """

    def register(
        function: Callable[[Context, O_contra], Awaitable[T]],
    ) -> Callable[[Context, O_contra], Awaitable[T]]:
        taken = get_type_hints(function)["request"]
        if taken is not kind or kind in HANDLERS:
            raise TypeError(f"{kind.__name__} cannot be answered by {function!r}")
        HANDLERS[kind] = cast("Handler", function)
        return function

    return register
