"""Which service handles which operation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Concatenate, ParamSpec, TypeVar, cast, get_args, get_type_hints

from hipkit.api.operation import Operation
from hipkit.server import services
from hipkit.server.services.context import Context

__all__ = ["HANDLERS", "Handler", "handles", "load_services"]

T = TypeVar("T")
P = ParamSpec("P")

Handler = Callable[[Context, Operation[object]], Awaitable[object]]

HANDLERS: dict[type[Operation[object]], Handler] = {}
"""Filled by `load_services`; an operation without a handler answers 501."""


def handles(
    kind: type[Operation[T]],
) -> Callable[
    [Callable[Concatenate[Context, P], Coroutine[object, object, T]]],
    Callable[Concatenate[Context, P], Coroutine[object, object, T]],
]:
    """Register the function below as the handler of an operation; it may have several.

    The type checker compares the results; that the function takes this very operation, which no
    type can say, is checked here.

    Raises:
        TypeError: It takes another operation, or the operation has a handler already.
    """

    def register(
        function: Callable[Concatenate[Context, P], Coroutine[object, object, T]],
    ) -> Callable[Concatenate[Context, P], Coroutine[object, object, T]]:
        taken = get_type_hints(function)["request"]
        if kind not in (get_args(taken) or (taken,)) or kind in HANDLERS:
            raise TypeError(f"{kind.__name__} cannot be handled by {function!r}")
        HANDLERS[kind] = cast("Handler", function)
        return function

    return register


@cache
def load_services() -> Mapping[type[Operation[object]], Handler]:
    """Import every module of the services, and return the handlers that they register."""
    for module in walk_packages(services.__path__, f"{services.__name__}."):
        import_module(module.name)
    return HANDLERS
