"""What has been registered on an add-on: handlers and modules, each under its key (pure)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from hipkit.addon.argument_types import check_function
from hipkit.addon.descriptor.modules import check_key
from hipkit.addon.handlers.commands import Command
from hipkit.addon.handlers.events import RoomEvent
from hipkit.addon.handlers.handler import Handler, read_handler
from hipkit.addon.handlers.replies import Reply
from hipkit.addon.handlers.views import ViewRequest
from hipkit.addon.installations.installation import Installation
from hipkit.descriptors.modules import Module
from hipkit.v2.models import Target

__all__ = [
    "Change",
    "ErrorHandler",
    "Failure",
    "Registry",
    "TargetSource",
    "ViewKind",
]

Change = Literal["installed", "updated", "removed"]
ViewKind = Literal["glance", "panel", "dialog", "page", "configuration"]
"""Kind of a view, and the first part of its path."""
CONFIGURATION: Literal["configuration"] = "configuration"
TargetSource = str | Target | Callable[..., object] | None
"""The module that is opened: by key, with options, or as the function that handles it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A handler failed.

    Attributes:
        error: What it raised.
        handler: The handler's key.
        subject: What it was called with: an event, a view's request or an installation.
        installation: The installation; `None` while polling.
    """

    error: Exception
    handler: str
    subject: RoomEvent | ViewRequest | Installation
    installation: Installation | None


ErrorHandler = Callable[[Failure], Reply | Awaitable[Reply]]


class Registry:
    """The handlers and modules of an add-on, in the order in which they were registered.

    Args:
        scopes: The add-on's scopes.
    """

    def __init__(self, scopes: tuple[str, ...]) -> None:
        self._scopes = scopes
        self.handlers: dict[str, Handler] = {}
        """Handlers of events, by the keys of their webhooks."""
        self.views: dict[tuple[ViewKind, str], Handler] = {}
        self.modules: dict[str, Module] = {}
        self.changes: dict[Change, list[Handler]] = {}
        self.on_error: ErrorHandler | None = None
        self._module_of: dict[Callable[..., object], str] = {}

    @property
    def commands(self) -> list[Command]:
        """The commands, in the order in which they were registered."""
        return [
            each.command for each in self.handlers.values() if each.command is not None
        ]

    def add_handler(
        self,
        function: Callable[..., object],
        key: str | None,
        kind: type[RoomEvent],
        *,
        pattern: str | None = None,
        command: str | None = None,
    ) -> None:
        """Add a handler of an event.

        Raises:
            TypeError: Its signature does not fit.
            ValueError: The key is invalid or taken, or its reply needs a scope.
        """
        name = self._free_key(function, kind) if key is None else key
        check_key(name, "webhook")
        if name in self.handlers:
            raise ValueError(f"there are two handlers {name}: choose another key=")
        handler = read_handler(
            function, kind, key=name, pattern=pattern, command=command
        )
        taken = {each.name for each in self.commands}
        if command is not None and command in taken:
            raise ValueError(f"there are two commands {command}")
        replies = command is not None or not handler.returns_nothing
        if replies and "send_notification" not in self._scopes:
            raise ValueError(
                f"{name} may return a reply, which needs the scope send_notification: add it to "
                "the add-on's scopes, or annotate the handler with -> None"
            )
        self.handlers[name] = handler

    def add_module(
        self, module: Module, function: Callable[..., object] | None = None
    ) -> None:
        """Add a module of the descriptor.

        Args:
            module: The module.
            function: The function that handles it.

        Raises:
            ValueError: The key is taken.
        """
        if module.key in self.modules:
            raise ValueError(f"there are two modules with the key {module.key}")
        self.modules[module.key] = module
        if function is not None:
            self._module_of[function] = module.key

    def add_view(
        self, function: Callable[..., object], kind: ViewKind, key: str
    ) -> None:
        """Add a handler of a view.

        Raises:
            TypeError: Its signature does not fit.
            ValueError: There is one already.
        """
        if (kind, key) in self.views:
            raise ValueError(f"there are two handlers of the {kind} {key}")
        self.views[kind, key] = read_handler(function, ViewRequest, key=key)

    def add_change(self, function: Callable[..., object], change: Change) -> None:
        """Add a function for something that happens to installations.

        Raises:
            TypeError: Its signature does not fit.
        """
        key = _name_of(function)
        handler = read_handler(function, Installation, key=key)
        self.changes.setdefault(change, []).append(handler)

    def set_on_error(self, function: ErrorHandler) -> None:
        """Set the function that is called when a handler fails.

        Raises:
            TypeError: It is not a function.
            ValueError: There is one already.
        """
        if not callable(function):
            raise TypeError(f"on_error takes a function, not {function!r}")
        if self.on_error is not None:
            raise ValueError("there are two functions for on_error")
        self.on_error = function

    def find_target(self, target: TargetSource, what: str) -> str | Target | None:
        """Return a target by key.

        Raises:
            TypeError: It is neither a key nor a function.
            ValueError: A function handles no module that was registered before.
        """
        if target is None or isinstance(target, str | Target):
            return target
        check_function(f"{what}: the target, if it is no key,", target)
        found = self._module_of.get(target)
        if found is None:
            raise ValueError(
                f"{what}: the target {_name_of(target)} handles no module: register it as a web "
                "panel, dialog or external page first"
            )
        return found

    def _free_key(self, function: Callable[..., object], kind: type[RoomEvent]) -> str:
        """Return a handler's name; a function may handle several events."""
        name = _name_of(function)
        taken = self.handlers.get(name)
        if taken is not None and taken.function == function:
            return f"{name}.{kind.event}"
        return name


def _name_of(function: object) -> str:
    check_function("a handler", function)
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"{function!r} has no name: choose a key=")
    return name
