"""The kit and the server agree: an add-on is installed, hears what is said, answers, and goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hipkit import AsyncHipChat, HipChat
from hipkit.addon import (
    AddOn,
    Installation,
    Message,
    RoomEnter,
    RoomNotification,
    TopicChange,
    User,
    ViewRequest,
)
from hipkit.addon.asgi.app import AddOnApp
from hipkit.addon.storage.sqlite import SqliteStorage
from hipkit.server.app import Server, open_server
from hipkit.server.services.addons.installing.offers import read_offer
from hipkit.server.services.addons.installing.removing import remove
from hipkit.server.services.addons.installing.updating import install
from hipkit.server.settings import Settings
from hipkit.server.shared.limits import LimitSettings
from hipkit.testing import AsyncMemoryTransport

BASE = "https://karma.example.com/hipchat"


def karma(seen: list[str]) -> AddOn:
    addon = AddOn(
        key="com.example.karma",
        name="Karma",
        scopes=["send_notification", "view_room", "view_group"],
    )

    @addon.on_message(r"^/karma (?P<name>@\w+)")
    async def karma(message: Message, name: str, client: AsyncHipChat) -> str:
        room = await client.rooms.get_room(message.room.id)
        return f"{name} has one more in {room.name}"

    @addon.command("/give")
    def give(message: Message, who: User, points: int, client: HipChat) -> None:
        addon.push_glance(client, "karma", f"{points}", room=message.room.id)
        seen.append(f"{who.name} has {points}")

    @addon.on_notification
    async def notified(event: RoomNotification) -> str:
        return f"noticed {event.text}"

    @addon.on_topic_change
    async def changed(event: TopicChange) -> None:
        seen.append(f"topic {event.topic} by {event.sender.name}")

    @addon.on_enter
    async def entered(event: RoomEnter) -> None: ...

    @addon.glance("karma", name="Karma")
    async def glance(request: ViewRequest) -> str:
        return "0"

    @addon.on_install
    async def installed(installation: Installation) -> None:
        seen.append("installed")

    @addon.on_remove
    async def removed(installation: Installation) -> None:
        seen.append("removed")

    return addon


@asynccontextmanager
async def hosting(
    tmp_path: Path, addon: AddOn
) -> AsyncIterator[tuple[Server, AddOnApp]]:
    apps: list[AddOnApp] = []
    to_addon = AsyncMemoryTransport(app=lambda *call: apps[0](*call))
    settings = Settings(
        database=tmp_path / "hipchat.db",
        limits=LimitSettings(enabled=False),
        outgoing=to_addon,
        look_up=lambda host, port: ["93.184.216.34"],
        public_url="https://chat.example.com",
        durable=False,
    )
    server = await open_server(settings)
    to_host = AsyncMemoryTransport(app=server.api)
    app = addon.asgi(
        base_url=BASE, storage=SqliteStorage(tmp_path / "addon.db"), transport=to_host
    )
    apps.append(app)
    try:
        yield server, app
    finally:
        await to_addon.aclose()
        await to_host.aclose()
        server.close()


async def deliver(server: Server, app: AddOnApp) -> None:
    sender = server.create_sender()
    await sender.drain()
    sender.close()
    await app.drain()


async def test_an_add_on_lives_on_the_server(tmp_path: Path) -> None:
    seen: list[str] = []
    addon = karma(seen)
    async with hosting(tmp_path, addon) as (server, app):
        context = await server.runtime.operator_context()
        offer = await read_offer(context, app.descriptor_url)
        assert offer.descriptor == addon.descriptor(BASE)
        installed = await install(context, offer)
        await app.drain()
        assert seen == ["installed"]

        token = server.settings.token_file.read_text().strip()
        client = AsyncHipChat(
            token,
            base_url="https://chat.example.com/v2",
            transport=AsyncMemoryTransport(app=server.api),
        )
        await client.rooms.create_room(name="Ops")
        me = await client.users.get_user(1)
        await client.rooms.send_message("Ops", message="/karma @bob")
        await client.rooms.send_message("Ops", message=f"/give @{me.mention_name} 3")
        await client.rooms.send_message("Ops", message="/give @nobody x")
        await client.rooms.set_topic("Ops", topic="New")
        await client.rooms.send_room_notification("Ops", message="built")
        await deliver(server, app)
        # Replies are notifications, and do not come back as events to handle.
        await deliver(server, app)
        history = [message async for message in client.history("Ops")]
        notices = [m.message for m in history[::-1] if m.type == "notification"]
        assert notices[0] == "built"
        assert sorted(map(str, notices[1:])) == [
            "@bob has one more in Ops",
            "noticed built",
            "who must be a user, such as @jane. Usage: /give <who> <points>",
        ]
        # Each webhook has an order of its own.
        assert sorted(seen[1:]) == [f"{me.name} has 3", f"topic New by {me.name}"]

        await client.aclose()

        await remove(context, installed.installation.client_id)
        await app.drain()
        assert await app.installations() == []
        assert seen[-1] == "removed"
