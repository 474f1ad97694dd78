"""`AddOn`: one object, from which the descriptor, the addresses and the handling of events follow.

Read next: `handlers/event_decorators.py` (events), `handlers/module_decorators.py` (modules),
`handlers/handler.py` (signatures), `describe.py` (descriptor), `asgi/app.py` (requests).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from typing import overload

from hipkit.addon.argument_types import check_function, check_items, check_type
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.asgi.runtime import Settings
from hipkit.addon.describe import check_base_url, describe
from hipkit.addon.descriptor.identity import Scope, make_identity
from hipkit.addon.dispatch.chats import open_chat
from hipkit.addon.dispatch.polling import Poller, run_blocking
from hipkit.addon.handlers.event_decorators import EventDecorators
from hipkit.addon.handlers.module_decorators import ModuleDecorators
from hipkit.addon.handlers.registry import Registry
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


class AddOn(EventDecorators, ModuleDecorators):
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
        EventDecorators.__init__(self, registry)
        ModuleDecorators.__init__(self, registry)

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
            TypeError: An argument is of another type.
            ValueError: An argument is invalid, or a target names no module.
        """
        root = check_base_url(base_url, allow_http=allow_http)
        if allowed_hosts is not None:
            hosts = "a list of hosts"
            allowed_hosts = check_items("allowed_hosts", allowed_hosts, str, hosts)
        check_type("allow_internal", allow_internal, bool, "True or False")
        check_type("replay_memory", replay_memory, bool, "True or False")
        kinds = AsyncTransport | None
        check_type("transport", transport, kinds, "an asynchronous transport")
        check_function("now", now)
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
        check_type("client", client, AsyncHipChat | HipChat, "a client")

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
    check_type("storage", storage, Storage, "a file or a storage")
    check_type("encryption_key", key, str | None, "a text, as new_key() returns it")
    return storage if key is None else EncryptedStorage(storage, key)
