from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from hipkit.addon.dispatch.clients import Bridge, BridgedTransport, Clients
from hipkit.addon.installations.installation import Installation
from hipkit.addon.installations.tokens import Tokens
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.api.secret import Secret
from hipkit.testing import AsyncMemoryTransport, HipChatServer
from hipkit.transports.protocol import Options, RawResponse, Request, TransportError


@pytest.fixture
def server() -> Iterator[HipChatServer]:
    with HipChatServer() as server:
        yield server


def installation(server: HipChatServer) -> Installation:
    client = server.add_oauth_client("view_group", "send_notification")
    return Installation(
        oauth_id=client.id,
        secret=Secret(client.secret),
        host="https://hipchat.test",
        capabilities_url="https://hipchat.test/v2/capabilities",
        api_url=server.base_url,
        token_url=f"{server.base_url}/oauth/token",
        scopes=client.scopes,
        installed_at=0.0,
    )


async def test_a_blocking_client_calls_from_a_thread(server: HipChatServer) -> None:
    transport = AsyncMemoryTransport(app=server.app)
    clients = Clients(Tokens(MemoryStorage(), transport), transport, Bridge())
    made = installation(server)
    client = clients.blocking(made)
    room = await asyncio.to_thread(client.rooms.get_room, server.room)
    assert room.name == server.room
    assert (await clients.asynchronous(made).rooms.get_room(server.room)).id == room.id
    client.close()
    await transport.aclose()


async def test_a_blocking_client_refuses_to_block_the_loop(
    server: HipChatServer,
) -> None:
    transport = AsyncMemoryTransport(app=server.app)
    clients = Clients(Tokens(MemoryStorage(), transport), transport, Bridge())
    with pytest.raises(RuntimeError, match="handlers that are not async"):
        clients.blocking(installation(server)).rooms.get_room(server.room)
    await transport.aclose()


async def test_a_thread_does_not_wait_for_a_loop_that_ends() -> None:
    begun = asyncio.Event()

    async def never(_: Request) -> RawResponse:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    bridge = Bridge()
    transport = BridgedTransport(AsyncMemoryTransport(never), bridge)
    request = Request("GET", "https", "a", 443, "/")
    calling = asyncio.create_task(asyncio.to_thread(transport.send, request, Options()))
    await begun.wait()
    bridge.close()
    with pytest.raises(TransportError, match="shutting down"):
        await calling
    with pytest.raises(RuntimeError):
        await asyncio.to_thread(transport.send, request, Options())


async def test_errors_of_the_transport_are_passed_on() -> None:
    def refuse(_: Request) -> RawResponse:
        raise TransportError("connect", "refused", may_have_arrived=False)

    transport = BridgedTransport(AsyncMemoryTransport(refuse), Bridge())
    request = Request("GET", "https", "a", 443, "/")
    with pytest.raises(TransportError, match="refused"):
        await asyncio.to_thread(transport.send, request, Options())
