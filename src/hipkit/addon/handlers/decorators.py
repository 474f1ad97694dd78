"""The types of decorators, by what the decorated handler receives and may return.

A handler's first parameter is checked by type checkers, and so is what it returns. Its other
parameters are compared when it is registered: see `handler.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from hipkit.addon.argument_types import check_type
from hipkit.addon.handlers.events import RoomEvent
from hipkit.addon.handlers.replies import Reply
from hipkit.addon.handlers.views import GlanceReply, ViewReply, ViewRequest
from hipkit.addon.installations.installation import Installation

__all__ = [
    "EventDecorator",
    "GlanceDecorator",
    "OnEvent",
    "OnInstallation",
    "ViewDecorator",
    "decorator",
]

P = ParamSpec("P")
E = TypeVar("E", bound=RoomEvent)
R = TypeVar("R", bound=Reply | Awaitable[Reply])
G = TypeVar("G", bound=GlanceReply | Awaitable[GlanceReply])
V = TypeVar("V", bound=ViewReply | Awaitable[ViewReply])
N = TypeVar("N", bound=Awaitable[None] | None)


class EventDecorator(Protocol[E]):
    """Registers a handler of an event; what it returns is the reply."""

    def __call__(
        self, function: Callable[Concatenate[E, P], R], /
    ) -> Callable[Concatenate[E, P], R]:
        """Register a handler and return it."""


class GlanceDecorator(Protocol):
    """Registers a handler that returns the content of a glance."""

    def __call__(
        self, function: Callable[Concatenate[ViewRequest, P], G], /
    ) -> Callable[Concatenate[ViewRequest, P], G]:
        """Register a handler and return it."""


class ViewDecorator(Protocol):
    """Registers a handler that returns a page."""

    def __call__(
        self, function: Callable[Concatenate[ViewRequest, P], V], /
    ) -> Callable[Concatenate[ViewRequest, P], V]:
        """Register a handler and return it."""


Register = Callable[[Callable[..., object], str | None], None]
"""Registers a function under a key; `None` for its own name."""


class OnEvent(Generic[E]):
    """The decorator for one kind of event, with or without arguments."""

    def __init__(self, register: Register) -> None:
        self._register = register

    @overload
    def __call__(
        self, function: Callable[Concatenate[E, P], R], /
    ) -> Callable[Concatenate[E, P], R]: ...

    @overload
    def __call__(self, /, *, key: str | None = None) -> EventDecorator[E]: ...

    def __call__(
        self,
        function: Callable[..., object] | None = None,
        /,
        *,
        key: str | None = None,
    ) -> object:
        """Register a handler.

        Args:
            function: The handler, if the decorator has no arguments.
            key: Key of the webhook. Defaults to the handler's name.

        Raises:
            TypeError: A parameter of the handler cannot be filled.
            ValueError: The key is invalid, or taken.
        """
        if function is None:
            return decorator(self._register, key)
        self._register(function, key)
        return function


class OnInstallation:
    """The decorator for something that happens to installations."""

    def __init__(self, register: Callable[[Callable[..., object]], None]) -> None:
        self._register = register

    def __call__(
        self, function: Callable[Concatenate[Installation, P], N], /
    ) -> Callable[Concatenate[Installation, P], N]:
        """Register a function.

        Args:
            function: Receives the installation.

        Raises:
            TypeError: A parameter cannot be filled.
        """
        self._register(function)
        return function


def decorator(
    register: Register, key: str | None
) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Return a decorator that registers a function under a key and returns it.

    Raises:
        TypeError: The key is no text.
    """
    check_type("key", key, str | None, "a text")

    def decorate(function: Callable[..., object]) -> Callable[..., object]:
        register(function, key)
        return function

    return decorate
