"""Functions of a caller that the library calls: hooks, progress, tokens (pure)."""

from __future__ import annotations

from functools import partial

__all__ = ["check_callback", "is_async"]


def is_async(function: object) -> bool:
    """Return whether calling this returns an awaitable."""
    while isinstance(function, partial):
        function = function.func
    if not callable(function):
        return False
    from inspect import iscoroutinefunction  # Large, and most clients have no hooks.

    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def check_callback(name: str, function: object) -> None:
    """Check a function that is called and not awaited; `None` is none.

    Raises:
        TypeError: It is no function, or an async one.
    """
    if not (function is None or callable(function)):
        raise TypeError(f"{name} must be a function")
    if is_async(function):
        raise TypeError(f"{name} must be a plain function, not an async one")
