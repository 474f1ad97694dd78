"""The HipChat server of `hipkit.testing`: what `hipkit serve` runs, in memory."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Self

from hipkit.testing.memory import AsyncMemoryTransport, MemoryTransport
from hipkit.testing.running import deliver, finish, on_a_port
from hipkit.testing.values import TestClient, TestDelivery, TestUser

if TYPE_CHECKING:  # Loaded when a server is made.
    from hipkit.client.async_hipchat import AsyncHipChat
    from hipkit.client.hipchat import HipChat
    from hipkit.server.app import Server
    from hipkit.server.http.pipeline import Api
    from hipkit.server.services.context import Context
    from hipkit.transports.protocol import AsyncTransport
    from hipkit.v2.models import Message

__all__ = ["HipChatServer", "serve"]

HOST = "hipchat.test"
"""The host of a server in memory."""


class HipChatServer:
    """A HipChat server with a group, an administrator and a room.

    Args:
        strict: Reject what HipChat rejected although programs send it, such as `"true"` for true.
        rate_limits: Reject calls and messages beyond HipChat's limits.
        room: The name of the first room.
        host: The host of `base_url`.
        clock: The server's time, in seconds since 1970.
        monotonic: Its seconds that never go back.
        outgoing: Sends the server's own calls, such as webhooks, in place of real connections to
            this machine. It is not closed.

    Attributes:
        token: The administrator's token, with every scope.
        room: The name of the first room.
    """

    def __init__(
        self,
        *,
        strict: bool = False,
        rate_limits: bool = False,
        room: str = "Room",
        host: str = HOST,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        outgoing: AsyncTransport | None = None,
    ) -> None:
        from hipkit.server.app import open_server
        from hipkit.server.settings import Settings
        from hipkit.server.shared.limits import LimitSettings
        from hipkit.transports.egress import look_up_here

        self._closing = contextlib.ExitStack()
        try:
            folder = self._closing.enter_context(
                tempfile.TemporaryDirectory(prefix="hipkit-")
            )
            settings = Settings(
                database=Path(folder) / "hipchat.db",
                strict=strict,
                limits=LimitSettings(enabled=rate_limits),
                durable=False,
                webhook_networks=("127.0.0.0/8", "::1/128"),
                look_up=look_up_here if outgoing is None else _anywhere,
                clock=clock,
                monotonic=monotonic,
                outgoing=outgoing,
                public_url=None if outgoing is None else f"https://{host}",
            )
            self._server: Server = finish(open_server(settings))
            self._closing.callback(self._server.close)
            self.token = settings.token_file.read_text().strip()
            self.room = room
            self._base_url = f"https://{host}/v2"
            self._client: HipChat | None = None
            self._url: str | None = None
            self._loop: asyncio.AbstractEventLoop | None = None
            self.add_room(room)
        except BaseException:
            self._closing.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server and remove everything that was stored. Twice does nothing."""
        self._closing.close()

    @property
    def app(self) -> Api:
        """The server as an ASGI application, for transports and HTTP libraries of your own."""
        return self._server.api

    @property
    def base_url(self) -> str:
        """The base URL of clients in memory."""
        return self._base_url

    @property
    def folder(self) -> Path:
        """The folder of the database and of shared files."""
        return self._server.settings.database.parent

    @property
    def client(self) -> HipChat:
        """A client with the administrator's token."""
        if self._client is None:
            self._client = self.client_for(self.token)
        return self._client

    def client_for(self, token: str) -> HipChat:
        """Return a client with another token, such as one from `add_token`."""
        from hipkit.client.hipchat import HipChat

        transport = MemoryTransport(app=self.app)
        client = HipChat(token, base_url=self._base_url, transport=transport)
        self._closing.callback(client.close)
        return client

    def async_client_for(self, token: str | None = None) -> AsyncHipChat:
        """Return an asynchronous client; without a token, the administrator's."""
        from hipkit.client.async_hipchat import AsyncHipChat

        transport = AsyncMemoryTransport(app=self.app)
        return AsyncHipChat(
            token or self.token, base_url=self._base_url, transport=transport
        )

    @property
    def url(self) -> str:
        """The base URL on a real port of this machine. The first use opens the port.

        Raises:
            ModuleNotFoundError: The extra `server` is missing.
        """
        if self._url is None:
            opened = on_a_port(self._server)
            address, self._loop = self._closing.enter_context(opened)
            self._url = f"{address}/v2"
        return self._url

    def deliver_webhooks(self) -> list[TestDelivery]:
        """Deliver every event that waits for a webhook, and return all deliveries so far.

        Endpoints are reached on this machine only, under `localhost` or a loopback address.
        Events that a receiver could not take before are tried again. On a real port (`url`)
        webhooks are delivered by themselves; this waits until that is done.
        """
        from hipkit.server.services.webhooks.management import resume_all

        server = self._server
        finish(resume_all(self._operator()))
        if self._loop is not None and server.sender is not None:
            running = server.sender.drain()
            asyncio.run_coroutine_threadsafe(running, self._loop).result()
        else:
            finish(deliver(server))
        return self._deliveries()

    def _deliveries(self) -> list[TestDelivery]:
        from hipkit.server.services.webhooks.management import list_all_deliveries

        return [
            TestDelivery(
                webhook_id=webhook.id,
                url=webhook.url,
                event=delivery.event,
                state=delivery.state,
                status=delivery.status,
                problem=delivery.problem,
            )
            for webhook, delivery in finish(list_all_deliveries(self._operator()))
        ]

    def _operator(self) -> Context:
        return finish(self._server.runtime.operator_context())

    def add_user(
        self,
        name: str,
        *,
        email: str | None = None,
        mention_name: str | None = None,
        is_admin: bool = False,
    ) -> TestUser:
        """Add a user, with a password and a token that has every scope the user may have."""
        from hipkit.server.services.access.keys import new_password
        from hipkit.server.services.access.tokens import issue_user_token
        from hipkit.server.services.people.accounts import add_user
        from hipkit.v2.users import CreateUser

        address = email or f"{'.'.join(name.lower().split())}@example.com"
        password = new_password()
        new = CreateUser(
            name=name,
            email=address,
            mention_name=mention_name,
            is_group_admin=is_admin,
            password=password,
        )
        made = finish(add_user(self._operator(), new))
        token = finish(issue_user_token(self._operator(), user=made.id, name="Test"))
        return TestUser(
            id=made.id,
            name=name,
            mention_name=made.mention_name,
            email=address,
            password=password,
            token=token.token,
        )

    def add_room(
        self,
        name: str,
        *,
        is_private: bool = False,
        owner: TestUser | None = None,
        members: tuple[TestUser, ...] = (),
    ) -> int:
        """Create a room and return its id; without an owner, the administrator owns it."""
        from hipkit.server.services.rooms.changes import create_room
        from hipkit.server.services.rooms.members import add_member
        from hipkit.v2.rooms import AddMember, CreateRoom

        context = self._operator()
        new = CreateRoom(
            name=name,
            privacy="private" if is_private else "public",
            owner_user_id=None if owner is None else owner.id,
        )
        made = finish(create_room(context, new))
        for member in members:
            finish(add_member(context, AddMember(made.id, member.id)))
        return made.id

    def add_token(self, *scopes: str, user: TestUser | None = None) -> str:
        """Issue a token with these scopes; without a user, the administrator's."""
        from hipkit.server.services.access.tokens import issue_user_token

        context, user_id = self._operator(), user.id if user else None
        return finish(
            issue_user_token(context, user=user_id, scopes=scopes, name="Test")
        ).token

    def add_room_token(
        self, room: str | int | None = None, *, name: str = "Test"
    ) -> str:
        """Issue a room notification token, which can post notifications to one room."""
        from hipkit.server.services.access.tokens import issue_room_token

        reference = self.room if room is None else room
        issued, _ = finish(
            issue_room_token(self._operator(), room=reference, name=name)
        )
        return issued.token

    def add_oauth_client(
        self, *scopes: str, room: str | int | None = None, name: str = "Test"
    ) -> TestClient:
        """Create an OAuth client, for the group or for one room."""
        from hipkit.server.services.access.clients import add_client

        made = finish(add_client(self._operator(), name=name, scopes=scopes, room=room))
        return TestClient(id=made.id, secret=made.secret, scopes=made.scopes)

    def messages(self, room: str | int | None = None) -> list[Message]:
        """Return all messages of a room, the oldest first; without a room, of the first one.

        They include notifications (see `type`) and changes of the topic.
        """
        newest_first = self.client.history(self.room if room is None else room)
        return list(newest_first)[::-1]

    def private_messages(self, one: TestUser, other: TestUser) -> list[Message]:
        """Return all messages of the private chat of two users, the oldest first."""
        from hipkit.v2.users import GetPrivatechatHistory

        client = self.client_for(one.token)
        return list(client.history(GetPrivatechatHistory(other.id)))[::-1]


def serve(
    *, strict: bool = False, rate_limits: bool = False, room: str = "Room"
) -> HipChatServer:
    """Start a server for a `with` block; the same as `HipChatServer(...)`."""
    return HipChatServer(strict=strict, rate_limits=rate_limits, room=room)


def _anywhere(host: str, port: int) -> list[str]:
    """Return a public address for every name: no connection is opened to it."""
    return ["93.184.216.34"]
