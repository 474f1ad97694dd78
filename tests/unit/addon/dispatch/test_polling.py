from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from hipkit import AsyncHipChat, HipChat, NotFoundError, UnauthorizedError
from hipkit.addon import (
    AddOn,
    FileUpload,
    Installation,
    Message,
    RoomEnter,
    RoomNotification,
    TopicChange,
)
from hipkit.addon.dispatch.chats import open_chat
from hipkit.addon.dispatch.polling import LONGEST_PAUSE, Poller, events_of
from hipkit.testing import AsyncMemoryTransport, HipChatServer
from hipkit.transports.protocol import Options, RawResponse, Request
from hipkit.v2.models import Message as MessageModel
from hipkit.v2.models import MessageFile, Room, Sender


@pytest.fixture
def server() -> Iterator[HipChatServer]:
    with HipChatServer(room="ops") as server:
        yield server


class Steps:
    """Lets a poller look once more, and knows when it has looked."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._looked = asyncio.Semaphore(0)
        self._go = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self._looked.release()
        await self._go.acquire()

    async def look(self) -> None:
        """Wait until it has looked, once more."""
        self._go.release()
        await self._looked.acquire()

    async def start(self) -> None:
        """Wait until it has looked for the first time."""
        await self._looked.acquire()


@asynccontextmanager
async def polling(
    addon: AddOn, client: AsyncHipChat | HipChat, *rooms: str | int, ignore: str = ""
) -> AsyncIterator[Steps]:
    steps = Steps()
    with open_chat(client, addon.identity.from_name) as chat:
        poller = Poller(
            addon.identity,
            addon.registry,
            chat,
            rooms=rooms or ("ops",),
            interval=5.0,
            ignore=[ignore],
            pause=steps,
        )
        task = asyncio.create_task(poller.run())
        looking = asyncio.create_task(steps.start())
        await asyncio.wait([task, looking], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            looking.cancel()
            await task
        yield steps
        task.cancel()
        for _ in rooms or ("ops",):
            steps._go.release()
        with pytest.raises(asyncio.CancelledError):
            await task


def echo() -> AddOn:
    addon = AddOn(key="a", name="Echo", scopes=["send_notification"])

    @addon.on_message(r"^/echo (?P<text>.+)")
    async def echo(message: Message, text: str) -> str:
        return f"{message.sender.mention_name} said {text} in {message.room.name}"

    @addon.on_notification
    async def notified(event: RoomNotification) -> str:
        return f"noticed: {event.text}"

    return addon


def say(server: HipChatServer, text: str) -> None:
    server.client.rooms.send_message("ops", message=text)


def notices(server: HipChatServer) -> list[str]:
    found = server.messages("ops")
    return [each.message or "" for each in found if each.type == "notification"]


@pytest.mark.parametrize("is_async", [True, False])
async def test_new_messages_are_handled_and_old_ones_are_not(
    server: HipChatServer, is_async: bool
) -> None:
    say(server, "/echo old")
    client = server.async_client_for() if is_async else server.client
    async with polling(echo(), client) as steps:
        assert notices(server) == []
        say(server, "/echo 1")
        say(server, "something else")
        say(server, "/echo 2")
        await steps.look()
        name = server.client.users.get_user(1).mention_name
        assert notices(server) == [f"{name} said 1 in ops", f"{name} said 2 in ops"]
        # Its own notifications are not handled, those of others are.
        await steps.look()
        assert len(notices(server)) == 2
        server.client.rooms.send_room_notification("ops", message="build failed")
        await steps.look()
        await steps.look()
        assert notices(server)[2:] == ["build failed", "noticed: build failed"]
        assert set(steps.seconds) == {5.0}


async def test_several_rooms_are_followed(server: HipChatServer) -> None:
    server.add_room("dev")
    room = server.client.rooms.get_room("dev")
    async with polling(echo(), server.async_client_for(), "ops", room.id) as steps:
        await steps.start()  # Both have looked.
        server.client.rooms.send_message("dev", message="/echo 1")
        steps._go.release()
        await steps.look()
        await steps.start()
        assert len(server.messages("dev")) == 2
        assert len(server.messages("ops")) == 0


async def test_people_may_be_ignored(server: HipChatServer) -> None:
    jane = server.add_user("Jane Doe", mention_name="jane")
    client = server.client_for(jane.token)
    async with polling(echo(), server.async_client_for(), ignore="jane") as steps:
        client.rooms.send_message("ops", message="/echo 1")
        await steps.look()
        assert notices(server) == []
        say(server, "/echo 2")
        await steps.look()
        assert len(notices(server)) == 1


async def test_a_failure_of_the_server_is_survived_with_longer_pauses(
    server: HipChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    is_down = False
    inner = AsyncMemoryTransport(app=server.app)

    async def answer(request: Request) -> RawResponse:
        if is_down:
            return RawResponse(503, {})
        return await inner.send(request, Options())

    client = AsyncHipChat(
        server.token,
        base_url=server.base_url,
        transport=AsyncMemoryTransport(answer),
        retries=0,
    )
    async with polling(echo(), client) as steps:
        is_down = True
        say(server, "/echo 1")
        for _ in range(6):
            await steps.look()
        assert steps.seconds[1:] == [10, 20, 40, 80, LONGEST_PAUSE, LONGEST_PAUSE]
        is_down = False
        await steps.look()
        assert len(notices(server)) == 1
        assert steps.seconds[-1] == 5.0
        assert "cannot be read" in caplog.text
    await inner.aclose()


async def test_a_failing_handler_ends_nothing(server: HipChatServer) -> None:
    addon = AddOn(key="a", name="A", scopes=["send_notification"])

    @addon.on_message
    async def handle(message: Message) -> str:
        if message.text == "1":
            raise KeyError
        return message.text

    async with polling(addon, server.async_client_for()) as steps:
        say(server, "1")
        say(server, "2")
        await steps.look()
        assert notices(server) == ["2"]


async def test_a_room_that_is_deleted_is_followed_no_further(
    server: HipChatServer,
) -> None:
    steps = Steps()
    addon = echo()
    with open_chat(server.async_client_for(), "Echo") as chat:
        poller = Poller(
            addon.identity,
            addon.registry,
            chat,
            rooms=["ops"],
            interval=1,
            pause=steps,
        )
        task = asyncio.create_task(poller.run())
        await steps.start()
        server.client.rooms.delete_room("ops")
        steps._go.release()
        await task


async def test_what_can_never_be_read_raises_at_once(server: HipChatServer) -> None:
    addon = echo()
    with pytest.raises(NotFoundError):
        await addon.poll(server.async_client_for(), rooms=["nowhere"])
    with pytest.raises(UnauthorizedError):
        await addon.poll(server.async_client_for("x"), rooms=["ops"])


def test_a_blocking_poll_ends_when_it_is_told(server: HipChatServer) -> None:
    addon, stop = echo(), threading.Event()
    stop.set()
    addon.poll(server.client, rooms=["ops"], stop=stop)


def test_handlers_ask_for_nothing_that_there_is_not(
    server: HipChatServer, caplog: pytest.LogCaptureFixture
) -> None:
    def addon_with(handle: object) -> AddOn:
        addon = AddOn(key="a", name="A")
        addon.on_message(handle)  # type: ignore[call-overload]
        return addon

    async def installed(message: Message, installation: Installation) -> None: ...

    async def asynchronous(message: Message, client: AsyncHipChat) -> None: ...

    for handle, name in ((installed, "Installation"), (asynchronous, "AsyncHipChat")):
        with pytest.raises(TypeError, match=f"cannot be a.* {name} while polling"):
            addon_with(handle).poll(server.client, rooms=["ops"])
    addon = AddOn(key="a", name="A")

    @addon.on_enter
    async def entered(event: RoomEnter, installation: Installation) -> None: ...

    stop = threading.Event()
    stop.set()
    addon.poll(server.client, rooms=["ops"], stop=stop)
    assert "entered is not called while polling" in caplog.text


def test_a_mistake_is_named(server: HipChatServer) -> None:
    with pytest.raises(TypeError, match="rooms must be a list"):
        echo().poll(server.client, rooms="ops")
    with pytest.raises(ValueError, match="at least one room"):
        echo().poll(server.client, rooms=[])
    with pytest.raises(ValueError, match="interval must be above 0"):
        echo().poll(server.client, rooms=["ops"], interval=0)


def test_a_message_becomes_the_events_that_hipchat_would_post() -> None:
    room, sender = Room(id=7), Sender(id=1, name="Jane")

    def message(**members: object) -> MessageModel:
        date = datetime(2016, 9, 9, tzinfo=UTC)
        return MessageModel(id="1", date=date, from_=sender, **members)  # type: ignore[arg-type]

    shared = MessageFile(name="a", size=1, url="https://a")
    for made, expected in (
        (message(message="x", type="message"), [Message.event]),
        (message(message="x"), [Message.event]),
        (message(message="x", type="guest_access"), [Message.event]),
        (message(type="notification"), [RoomNotification.event]),
        (message(type="topic"), [TopicChange.event]),
        (message(file=shared), [Message.event, FileUpload.event]),
    ):
        assert [each.event for each in events_of(room, made)] == expected
