"""`AddOn`: one object, from which the descriptor, the addresses and the handling of events follow.

Read next: `handlers/module_decorators.py` (modules), `handlers/handler.py` (signatures),
`describe.py` (descriptor), `asgi/app.py` (requests).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from functools import partial
from typing import Concatenate, TypeVar, cast, overload

from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.asgi.runtime import Settings
from hipkit.addon.describe import check_base_url, describe
from hipkit.addon.descriptor.identity import Scope, make_identity
from hipkit.addon.dispatch.chats import open_chat
from hipkit.addon.dispatch.polling import Poller, run_blocking
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
from hipkit.addon.handlers.module_decorators import ModuleDecorators
from hipkit.addon.handlers.registry import ErrorHandler, Registry
from hipkit.addon.handlers.views import GlanceReply, to_glance_content
from hipkit.addon.installations.host_policy import HostPolicy
from hipkit.addon.storage.encryption import EncryptedStorage
from hipkit.addon.storage.protocol import Storage
from hipkit.addon.storage.sqlite import SqliteStorage
from hipkit.api.frames import clears_locals
from hipkit.api.operation import Operation
from hipkit.client.async_hipchat import AsyncHipChat
from hipkit.client.hipchat import HipChat
from hipkit.transports.protocol import AsyncTransport
from hipkit.v2.integrations import (
    AddonUiUpdate,
    RoomAddonUiUpdate,
    UserAddonUiUpdate,
    UserInRoomAddonUiUpdate,
)
from hipkit.v2.models import AddonDescriptor, Glance, GlanceUpdate, Icon

__all__ = ["AddOn"]

F = TypeVar("F", bound=ErrorHandler)
E = TypeVar("E", bound=RoomEvent)


class AddOn(ModuleDecorators):
    r"""An add-on: what it is, what it can do, and the functions that handle it.

    ```python
    addon = AddOn(key="com.example.karma", name="Karma", scopes=["send_notification"])


    @addon.on_message(r"^/karma (?P<name>@\w+)")
    async def karma(message: Message, name: str) -> str:
        return f"{name} has one more"


    app = addon.asgi(base_url="https://karma.example.com")
    ```

    Args:
        key: Identity, such as `com.example.karma`: letters, digits, `.`, `_` and `-`. It must not
            change between versions.
        name: Title.
        scopes: What its tokens allow, see `Scope`. Administrators agree to all of them.
        description: What it does, for administrators.
        vendor: Name and https address of the vendor.
        homepage: Its website.
        from_name: Name shown with its notifications, at most 64 characters. Defaults to `name`.
        avatar: Image shown with its notifications: an address, or an `Icon` with both densities.
        allow_room: Whether it can be installed in a single room.
        allow_global: Whether it can be installed for a whole group.
        allow_room_configuration: Whether the configuration page of a group's installation is
            offered to the administrators of each room, too.
        user_tokens: Whether it asks users for tokens of their own, see `AddOnApp.user_client`.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument is invalid; the message names it.
    """

    def __init__(
        self,
        *,
        key: str,
        name: str,
        scopes: Sequence[Scope] = (),
        description: str = "",
        vendor: tuple[str, str] | None = None,
        homepage: str | None = None,
        from_name: str | None = None,
        avatar: str | Icon | None = None,
        allow_room: bool = True,
        allow_global: bool = True,
        allow_room_configuration: bool = False,
        user_tokens: bool = False,
    ) -> None:
        self.identity = make_identity(
            key=key,
            name=name,
            scopes=scopes,
            description=description,
            vendor=vendor,
            homepage=homepage,
            from_name=from_name,
            avatar=avatar,
            allow_room=allow_room,
            allow_global=allow_global,
            allow_room_configuration=allow_room_configuration,
            user_tokens=user_tokens,
        )
        registry = Registry(self.identity.scopes)
        super().__init__(registry)

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

    # Events

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

    # The add-on as a whole

    def descriptor(self, base_url: str, *, allow_http: bool = False) -> AddonDescriptor:
        """Return the descriptor.

        Args:
            base_url: The https address below which the add-on is reached.
            allow_http: Whether it may be http, for private networks. This machine's own address
                always may.

        Raises:
            ValueError: The address is invalid, or a target names no module.
        """
        root = check_base_url(base_url, allow_http=allow_http)
        return describe(self.identity, self.registry, root)

    @clears_locals
    def asgi(
        self,
        *,
        base_url: str,
        storage: Storage | str | os.PathLike[str] | None = None,
        encryption_key: str | None = None,
        allowed_hosts: Iterable[str] | None = None,
        allow_internal: bool = False,
        allow_http: bool = False,
        replay_memory: bool = False,
        transport: AsyncTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> AddOnApp:
        """Return the add-on as an ASGI app.

        What is registered afterwards is in the descriptor from then on.

        Args:
            base_url: The https address below which the app is reached.
            storage: Where installations, tokens and events are kept: a file for SQLite, or another
                storage. Defaults to a file in the current folder, named after the add-on's key.
                Each add-on has its own.
            encryption_key: The key with which secrets, tokens and events are encrypted there, as
                `hipkit.addon.storage.new_key()` returns it. Defaults to no encryption. To replace
                a key, pass an `EncryptedStorage` with both as `storage`.
            allowed_hosts: The HipChat servers that may install the add-on, such as
                `https://api.hipchat.com`. Defaults to every server of the public network.
            allow_internal: Whether servers in internal networks may install it.
            allow_http: Whether `base_url` may be http, see `descriptor`.
            replay_memory: Whether to refuse an event whose signature was used before. Servers may
                repeat a delivery with the same signature, if they did not get the response.
            transport: Sends every call, in place of one that refuses internal addresses. It is not
                closed.
            now: The clock, for tests.

        Raises:
            ValueError: An argument is invalid, or a target names no module.
        """
        root = check_base_url(base_url, allow_http=allow_http)
        if allowed_hosts is not None:
            if isinstance(allowed_hosts, str):
                raise TypeError("allowed_hosts must be a list of hosts, not one text")
            allowed_hosts = tuple(allowed_hosts)
        # An invalid host is a mistake to be seen now, and not at the first request.
        HostPolicy(allowed_hosts, allow_internal=allow_internal).close()
        settings = Settings(
            base_url=root,
            storage=_storage(storage, f"{self.identity.key}.sqlite3", encryption_key),
            transport=transport,
            allowed_hosts=allowed_hosts,
            allow_internal=allow_internal,
            replay_memory=replay_memory,
            now=now,
        )
        describe(self.identity, self.registry, root)  # What is invalid is seen now.
        return AddOnApp(self.identity, self.registry, settings)

    @overload
    def poll(
        self,
        client: AsyncHipChat,
        *,
        rooms: Sequence[str | int],
        interval: float = 5.0,
        ignore: Collection[str | int] = (),
    ) -> Coroutine[object, object, None]: ...

    @overload
    def poll(
        self,
        client: HipChat,
        *,
        rooms: Sequence[str | int],
        interval: float = 5.0,
        ignore: Collection[str | int] = (),
        stop: threading.Event | None = None,
    ) -> None: ...

    def poll(
        self,
        client: AsyncHipChat | HipChat,
        *,
        rooms: Sequence[str | int],
        interval: float = 5.0,
        ignore: Collection[str | int] = (),
        stop: threading.Event | None = None,
    ) -> object:
        """Call the handlers for what is written in rooms from now on, without an address.

        It needs a token with `view_messages`, and `send_notification` for replies; and
        `view_group` if rooms are given by name. With `AsyncHipChat` await it; it ends when its
        task is cancelled. With `HipChat` it blocks.

        Replies are notifications, and own ones are not handled. What handlers send as the token's
        owner by other means comes back like any message: see `ignore`.

        Args:
            client: The client, with a token of a person.
            rooms: Ids or names of the rooms.
            interval: Seconds between two looks at a room.
            ignore: Ids, or mention names without `@`, of people whose messages are left out.
            stop: Ends it when it is set, for example by a signal.

        Raises:
            HipkitError: A room cannot be read at all.
            TypeError: A handler asks for an `Installation`, or for the other kind of client.
        """

        async def run() -> None:
            with open_chat(client, self.identity.from_name) as chat:
                poller = Poller(
                    self.identity,
                    self.registry,
                    chat,
                    rooms=rooms,
                    interval=interval,
                    ignore=ignore,
                )
                await poller.run()

        if isinstance(client, AsyncHipChat):
            return run()
        run_blocking(run, stop)
        return None

    @overload
    def push_glance(
        self,
        client: AsyncHipChat,
        key: str,
        content: GlanceReply,
        *,
        room: str | int | None = None,
        user: str | int | None = None,
    ) -> Coroutine[object, object, None]: ...

    @overload
    def push_glance(
        self,
        client: HipChat,
        key: str,
        content: GlanceReply,
        *,
        room: str | int | None = None,
        user: str | int | None = None,
    ) -> None: ...

    def push_glance(
        self,
        client: AsyncHipChat | HipChat,
        key: str,
        content: GlanceReply,
        *,
        room: str | int | None = None,
        user: str | int | None = None,
    ) -> object:
        """Send new content of a glance to those who see it. Await it with `AsyncHipChat`.

        Args:
            client: The client of an installation, as handlers receive it.
            key: Key of the glance.
            content: Its label or its whole content, see `glance_content`.
            room: The room whose people see it. Defaults to all rooms.
            user: The user who sees it. Defaults to everyone.

        Raises:
            ValueError: There is no such glance, or the add-on lacks the scope `view_room` for a
                room, or `view_group` otherwise.
        """
        if not isinstance(self.registry.modules.get(key), Glance):
            raise ValueError(f"there is no glance {key}")
        scope = "view_group" if room is None else "view_room"
        if scope not in self.identity.scopes:
            raise ValueError(f"push_glance needs the scope {scope}")
        glances = [GlanceUpdate(key=key, content=to_glance_content(content))]
        operation: Operation[None]
        if room is not None and user is not None:
            operation = UserInRoomAddonUiUpdate(room, user, glances)
        elif room is not None:
            operation = RoomAddonUiUpdate(room, glances)
        elif user is not None:
            operation = UserAddonUiUpdate(user, glances)
        else:
            operation = AddonUiUpdate(glances)
        return client.send(operation)


def _storage(
    storage: Storage | str | os.PathLike[str] | None, default: str, key: str | None
) -> Storage:
    if storage is None or isinstance(storage, str | os.PathLike):
        storage = SqliteStorage(storage or default)
    return storage if key is None else EncryptedStorage(storage, key)
