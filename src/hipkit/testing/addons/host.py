"""`AddOnHost`: a HipChat server that installs add-ons, for their tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from hipkit.server.services.addons.installing.listing import find_named_addon
from hipkit.server.services.addons.installing.offers import read_offer, read_update
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.updating import install
from hipkit.testing.addons.context import HostContext
from hipkit.testing.addons.faults import Fault
from hipkit.testing.addons.installation import TestInstallation
from hipkit.testing.addons.network import ADDONS, Network
from hipkit.testing.addons.records import GlancePush, TestCall, pushes_in
from hipkit.testing.addons.rooms import TestRoom
from hipkit.testing.addons.tampering import KINDS, Tampering
from hipkit.testing.server import HOST, HipChatServer
from hipkit.testing.values import TestDelivery, TestUser
from hipkit.v2.rooms import GetAllRooms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hipkit.addon.addon import AddOn
    from hipkit.addon.storage.protocol import Storage
    from hipkit.client.hipchat import HipChat
    from hipkit.server.services.context import Context
    from hipkit.server.storage.stores.installations import InstallationRecord

__all__ = ["AddOnHost"]

LOWEST_ERROR = 400


class AddOnHost:
    """A HipChat server that installs add-ons and talks to them, in memory.

    ```python
    def test_karma(addon_host):
        addon_host.install(addon)
        addon_host.room("ops").say("/karma @bob")
        assert addon_host.room("ops").replies == ["@bob has one more"]
    ```

    The server is the one that `hipkit serve` runs. Each method returns when the add-ons have
    handled what it caused, so tests need no sleeps. Add-ons run in a thread of their own, so the
    same methods serve tests that are async and tests that are not.

    Args:
        host: The server's host.
        room: The name of its first room.
        rate_limits: Reject calls and messages beyond HipChat's limits.
        network: That of another host, see `another`.

    Attributes:
        server: The server, for all that is not about add-ons.
    """

    def __init__(
        self,
        *,
        host: str = HOST,
        room: str = "Room",
        rate_limits: bool = False,
        network: Network | None = None,
    ) -> None:
        self._network = network or Network()
        self._others: list[AddOnHost] = []
        self._users: dict[str, TestUser] = {}
        self._rooms: dict[str, int] = {}
        self._closing = ExitStack()
        if network is None:
            self._closing.callback(self._network.close)
        try:
            self.server = HipChatServer(
                host=host,
                room=room,
                rate_limits=rate_limits,
                clock=self._network.clock.now,
                monotonic=self._network.clock.elapsed,
                outgoing=self._network.to_addons(host),
            )
        except BaseException:
            self._closing.close()
            raise
        self._context = HostContext(self.server, self._network)
        self._network.add_server(host, self.server._server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop add-ons and servers, and remove everything that was stored. Twice does nothing."""
        self._closing.close()
        for other in self._others:
            other.close()
        self.server.close()

    def another(self, host: str, *, room: str = "Room") -> AddOnHost:
        """Return a second server, with users and rooms of its own, that reaches the same add-ons.

        Args:
            host: Its host, such as `chat.example.com`.
            room: The name of its first room.

        Raises:
            ValueError: There is one with this host.
        """
        if host in (*self._network.servers, ADDONS):
            raise ValueError(f"there is a host {host} already")
        made = AddOnHost(host=host, room=room, network=self._network)
        self._others.append(made)
        return made

    # Installing

    def install(
        self,
        addon: AddOn,
        *,
        room: str | None = None,
        storage: Storage | None = None,
        allowed_hosts: Iterable[str] | None = None,
    ) -> TestInstallation:
        """Install an add-on, and agree to all scopes that it asks for.

        The add-on starts with its first installation, and keeps its storage for others.

        Args:
            addon: The add-on. Register its handlers before.
            room: The room to install it in; without one, the whole group.
            storage: Where it keeps its data; without one, in memory.
            allowed_hosts: The servers that may install it, as for `AddOn.asgi`.

        Raises:
            BadRequestError: The server or the add-on refuses; the message is what an administrator
                would read.
            ConflictError: It is installed there already, from another address.
        """
        room_id = None if room is None else self.room(room).id
        running = self._network.start(addon, storage, allowed_hosts)

        async def work() -> str:
            context = await self._context.runtime.operator_context()
            offer = await read_offer(context, running.app.descriptor_url, room=room_id)
            installed = await install(context, offer)
            await self._network.settle()
            return installed.installation.client_id

        return self._installation(self._network.run(work()), addon)

    def update(self, addon: AddOn, *, room: str | None = None) -> TestInstallation:
        """Replace an installed add-on by a newer version, and agree to its new scopes.

        Args:
            addon: The newer version, with the same key. It keeps the data of the older one.
            room: The room that it is installed in; without one, the group.

        Raises:
            BadRequestError: The server or the add-on refuses.
            NotFoundError: It is not installed there.
        """

        async def work() -> str:
            context = await self._context.runtime.operator_context()
            found = await self._find(context, addon, room)
            await self._network.replace(addon)
            offer = await read_update(context, found.client_id)
            installed = await install(context, offer)
            await self._network.settle()
            return installed.installation.client_id

        return self._installation(self._network.run(work()), addon)

    def remove(self, addon: AddOn, *, room: str | None = None) -> None:
        """Remove an add-on, and notify it.

        Args:
            addon: The add-on.
            room: The room that it is installed in; without one, the group.

        Raises:
            NotFoundError: It is not installed there.
        """

        async def work() -> None:
            context = await self._context.runtime.operator_context()
            found = await self._find(context, addon, room)
            await remove(context, found.client_id)
            await self._network.settle()

        self._network.run(work())

    # What people do

    def room(self, name: str, *, is_private: bool = False) -> TestRoom:
        """Return a room, which is created if it does not exist.

        Args:
            name: Its name.
            is_private: Whether it is created as a private room.
        """
        # By a list: a name of digits would be taken for an id.
        if name not in self._rooms:
            rooms = self.server.client.items(GetAllRooms())
            found = {each.name: each.id for each in rooms}
            self._rooms[name] = found.get(name) or self.server.add_room(
                name, is_private=is_private
            )
        return TestRoom(self._context, name, self._rooms[name])

    def user(self, name: str, *, mention_name: str | None = None) -> TestUser:
        """Return a user, who is created with the first call for this name."""
        if name not in self._users:
            self._users[name] = self.server.add_user(name, mention_name=mention_name)
        return self._users[name]

    def client_for(self, user: TestUser | None) -> HipChat:
        """Return a client that acts as a user; without one, as the administrator.

        Call `deliver` after what was done with it.
        """
        return self._context.client_for(user)

    def deliver(self) -> list[TestDelivery]:
        """Deliver events until the add-ons have handled them all; return all deliveries so far.

        What an add-on could not take is delivered again when it is due: `advance` the clock.
        """
        self._context.deliver()
        return self.server._deliveries()

    def advance(self, by: timedelta | float) -> None:
        """Move the clock of servers and add-ons forward, and deliver what is due then.

        Args:
            by: How far; a number is in seconds.
        """
        self._network.clock.advance(by)
        self.deliver()

    # What the add-ons did

    @property
    def calls(self) -> list[TestCall]:
        """All calls of the add-ons to servers, in their order, failed ones and retries included."""
        return self._context.calls

    @property
    def pushes(self) -> list[GlancePush]:
        """All that add-ons pushed to glances."""
        return [push for call in self._network.calls for push in pushes_in(call)]

    # Faults

    def fail_calls(
        self,
        status: int | None,
        *,
        times: int = 1,
        operation: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        """Answer the next calls of add-ons with an error, or break their connections.

        Args:
            status: The status that they get, such as 429 or 503; `None` breaks the connection
                before anything was sent.
            times: How many calls fail. A client repeats some of them by itself.
            operation: Only calls of this operation, such as `send_room_notification`; without it,
                all that need a token.
            retry_after: The answer's `Retry-After`, in seconds. Clients wait for as long, so 0 is
                best; a 429 without it makes them wait half a second.

        Raises:
            ValueError: The status is not one of an error.
        """
        if status is not None and status < LOWEST_ERROR:
            raise ValueError(f"{status} is not the status of an error")
        self._network.faults.add(
            Fault(
                status=status,
                times=times,
                operation=operation,
                retry_after=retry_after,
            )
        )

    def remove_at_next_call(
        self, addon: AddOn, *, room: str | None = None, operation: str | None = None
    ) -> None:
        """Remove an add-on in the middle of its work: just before its next call arrives.

        Args:
            addon: The add-on.
            room: The room that it is installed in; without one, the group.
            operation: The operation of that call; without it, any that needs a token.
        """

        async def gone() -> None:
            context = await self._context.runtime.operator_context()
            found = await self._find(context, addon, room)
            await remove(context, found.client_id)

        self._network.faults.add(Fault(operation=operation, before=gone))

    def expire_tokens(self, addon: AddOn, *, room: str | None = None) -> None:
        """End the tokens of an installation, whatever the add-on knows: its next call gets a 401.

        Tokens that expire by themselves are renewed before: `advance` the clock for these.
        """

        async def work() -> None:
            context = await self._context.runtime.operator_context()
            found = await self._find(context, addon, room)
            await context.write(
                lambda stores: stores.tokens.end_beyond(found.client_id, ())
            )

        self._network.run(work())

    @contextmanager
    def tampering(self, how: Tampering) -> Iterator[None]:
        """Change what servers send to add-ons, while the block runs.

        Args:
            how: The change, see `Tampering`.

        Raises:
            ValueError: There is no such change.
        """
        if how not in KINDS:
            raise ValueError(f"how must be one of {', '.join(KINDS)}, not {how!r}")
        self._network.tampering = how
        try:
            yield
        finally:
            self._network.tampering = None

    def repeat_delivery(self) -> int:
        """Send the last event to its add-on once more, as servers do that missed the answer.

        Returns:
            The status that the add-on answered with.

        Raises:
            LookupError: No event was delivered yet.
        """
        return self._network.run(self._network.repeat())

    async def _find(
        self, context: Context, addon: AddOn, room: str | None
    ) -> InstallationRecord:
        """Return an installation: that of the group where no room is named."""
        key, group_id = addon.identity.key, context.actor.group_id
        if room is None:
            found = await context.stores.installations.find(group_id, None, key)
            if found is not None:
                return found
        room_id = None if room is None else self._rooms.get(room, room)
        return await find_named_addon(context, key, room=room_id)

    def _installation(self, client_id: str, addon: AddOn) -> TestInstallation:
        return TestInstallation(self._context, client_id, addon.identity.key)
