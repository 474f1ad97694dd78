"""The decorators for events: messages, commands, what else happens in rooms, and installations.

Read next: `registry.py`, which keeps what they register.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Concatenate, TypeVar, cast, overload

from hipkit.addon.argument_types import check_type
from hipkit.addon.handlers.commands import Command, check_command_name
from hipkit.addon.handlers.decorators import (
    EventDecorator,
    OnEvent,
    OnInstallation,
    P,
    R,
    decorator,
)
from hipkit.addon.handlers.events import (
    FileUpload,
    Message,
    RoomArchived,
    RoomCreated,
    RoomDeleted,
    RoomEnter,
    RoomEvent,
    RoomExit,
    RoomNotification,
    RoomUnarchived,
    TopicChange,
)
from hipkit.addon.handlers.registry import ErrorHandler, Registry

__all__ = ["EventDecorators"]

F = TypeVar("F", bound=ErrorHandler)
E = TypeVar("E", bound=RoomEvent)


class EventDecorators:
    """The part of `AddOn` that registers handlers of events.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

        def on(kind: type[E]) -> OnEvent[E]:
            return OnEvent(partial(registry.add_handler, kind=kind))

        self.on_notification = on(RoomNotification)
        """Registers a handler of other programs' notifications."""
        self.on_topic_change = on(TopicChange)
        """Registers a handler of changed topics."""
        self.on_enter = on(RoomEnter)
        """Registers a handler of users who enter a room."""
        self.on_exit = on(RoomExit)
        """Registers a handler of users who leave a room."""
        self.on_file_upload = on(FileUpload)
        """Registers a handler of shared files."""
        self.on_room_archived = on(RoomArchived)
        """Registers a handler of archived rooms."""
        self.on_room_created = on(RoomCreated)
        """Registers a handler of new rooms."""
        self.on_room_deleted = on(RoomDeleted)
        """Registers a handler of deleted rooms."""
        self.on_room_unarchived = on(RoomUnarchived)
        """Registers a handler of unarchived rooms."""
        self.on_install = OnInstallation(
            partial(registry.add_change, change="installed")
        )
        """Registers a function that is called after an installation."""
        self.on_update = OnInstallation(partial(registry.add_change, change="updated"))
        """Registers a function that is called after an update."""
        self.on_remove = OnInstallation(partial(registry.add_change, change="removed"))
        """Registers a function that is called after a removal, when tokens no longer work."""

    @property
    def commands(self) -> list[Command]:
        """The commands, in the order in which they were registered."""
        return self.registry.commands

    @overload
    def on_message(
        self, function: Callable[Concatenate[Message, P], R], /
    ) -> Callable[Concatenate[Message, P], R]: ...

    @overload
    def on_message(
        self, pattern: str | None = None, /, *, key: str | None = None
    ) -> EventDecorator[Message]: ...

    def on_message(
        self,
        pattern: str | Callable[..., object] | None = None,
        /,
        *,
        key: str | None = None,
    ) -> object:
        """Register a handler of people's messages.

        Args:
            pattern: A regular expression, which is searched for in the text: HipChat sends only
                the messages that have it. Its named groups are parameters of the handler. Defaults
                to all messages.
            key: Key of the webhook. Defaults to the handler's name.

        Raises:
            TypeError: A parameter of the handler cannot be filled, or a named group has none.
            ValueError: The pattern or the key is invalid, or the key is taken.
        """
        add = partial(self.registry.add_handler, kind=Message)
        if callable(pattern):
            add(pattern, key)
            return pattern
        check_type("on_message: the pattern", pattern, str | None, "a text")
        return decorator(partial(add, pattern=pattern), key)

    def command(
        self, name: str, /, *, key: str | None = None
    ) -> EventDecorator[Message]:
        """Register a command, such as `/karma @bob 3`.

        Words of the message are converted to the types of the handler's parameters: `str`, `int`,
        `float`, `bool`, a `Literal`, an `Enum` or a `User` who is mentioned; `*words` takes what
        is left. Double quotes join words. Wrong arguments are answered with the usage, and so is
        `/karma help`, with the handler's docstring.

        Args:
            name: The command, with a slash.
            key: Key of the webhook. Defaults to the handler's name.

        Raises:
            TypeError: A parameter of the handler cannot be filled.
            ValueError: The name or the key is invalid or taken.
        """
        check_command_name(name)
        add = partial(self.registry.add_handler, kind=Message, command=name)
        return cast("EventDecorator[Message]", decorator(add, key))

    def help_command(self, name: str, /) -> None:
        """Register a command that lists all commands with their usage.

        Args:
            name: The command, with a slash.
        """
        check_command_name(name)
        key = name.removeprefix("/")

        @self.command(name, key=key)
        def show_help(message: Message) -> str:
            """List the commands."""
            return "\n".join(each.summary for each in self.registry.commands)

    def on_error(self, function: F, /) -> F:
        """Register the function that is called when a handler fails.

        It receives a `Failure`. The failure is logged too. What the function returns for an event
        is sent as a reply.

        Args:
            function: The function, plain or async.

        Raises:
            ValueError: There is one already.
        """
        self.registry.set_on_error(function)
        return function
