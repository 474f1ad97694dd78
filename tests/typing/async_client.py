"""What editors and type checkers see of `AsyncHipChat`; read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from hipkit import (
    AsyncHipChat,
    AsyncOAuthClient,
    AsyncTokenProvider,
    AuthTest,
    File,
    ForbiddenError,
    HistoryPosition,
    Hooks,
    Limits,
    Operation,
    RateLimitError,
    RequestError,
    Response,
)
from hipkit.transports.httpcore2 import HttpcoreTransport
from hipkit.v2 import (
    Card,
    CreatedExtension,
    Emoticon,
    GetAllRooms,
    GetPhoto,
    GetPrivatechatHistory,
    GetRoom,
    GlanceIcon,
    Message,
    Room,
    RoomPage,
    Sender,
    SendRoomNotification,
    SentMessage,
    Session,
    TextI18n,
    Token,
    User,
)


async def calls(client: AsyncHipChat) -> None:
    assert_type(await client.rooms.get_room("ops"), Room)
    assert_type(await client.send(GetRoom("ops")), Room)
    assert_type(
        await client.send(GetRoom(1), timeout=3, deadline=None, retries=0), Room
    )
    assert_type(await client.rooms.get_room("ops", timeout=2), Room)
    assert_type(await client.raw.rooms.get_room("ops", retries=0), Response[Room])
    await client.rooms.get_room("ops", time_out=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(await client.users.get_photo("@jane", "big"), str)
    assert_type(await client.send(GetPhoto("@jane", "big")), str)
    assert_type(await client.raw.rooms.get_room("ops"), Response[Room])
    assert_type(await client.send_raw(GetRoom("ops")), Response[Room])
    assert_type((await client.raw.rooms.get_room("ops")).parse(), Room)
    assert_type(await client.request("GET", "/flag"), object)
    assert_type(await client.auth_test(GetRoom("ops")), AuthTest)
    assert_type(client.limits, Limits)
    assert_type(
        await client.with_options(timeout=1.0).emoticons.get_emoticon("boom"), Emoticon
    )
    assert_type(client.with_token("x"), AsyncHipChat)
    assert_type(client.with_token(read_token), AsyncHipChat)
    await client.send(
        SendRoomNotification("ops", message="up", color="green", notify=True)
    )
    await client.rooms.send_room_notification("ops", message="up", color="green")


async def answers_with_and_without_a_body(client: AsyncHipChat) -> None:
    sent = await client.users.send_privatechat_message("@jane", message="hi")
    assert_type(sent, SentMessage | None)
    made = await client.rooms.create_room_glance(
        "ops",
        "my.glance",
        name=TextI18n(value="Mine"),
        icon=GlanceIcon(url="https://a", url_2x="https://b"),
    )
    assert_type(made, CreatedExtension | None)


async def arguments(client: AsyncHipChat) -> None:
    card = Card(style="link", id="1", title="Build", description="green")
    await client.rooms.send_room_notification("ops", message="up", card=card)
    await client.rooms.send_room_notification("ops", message="up", card=None)
    await client.rooms.share_file_with_room("ops", file=Path("a.png"), message="look")
    await client.rooms.share_file_with_room("ops", file=File(b"x", name="x.txt"))
    await client.users.update_photo("@jane", photo=b"png")
    await client.rooms.get_room_history("ops", date=datetime(2016, 9, 9, tzinfo=UTC))
    await client.rooms.get_room_history("ops", date="recent", expand=["items.from"])
    assert_type(await client.download("https://chat.example.com/a", "a.png"), int)


async def mistakes(client: AsyncHipChat, room: Room) -> None:
    await client.rooms.get_room()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.rooms.send_room_notification("ops", message="x", color="pink")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.rooms.send_room_notification("ops", "x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.rooms.get_rom("ops")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    await client.send(GetRoom())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.send(GetRoom("ops"), time_out=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.with_options(verify=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.items(GetRoom("ops"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.history(GetRoom("ops"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    room.name = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    AsyncHipChat("x", transport="curl")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.rooms.get_room("ops")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    AsyncHipChat("x", transport=HttpcoreTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncHipChat(b"x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def pages_are_no_iterables(client: AsyncHipChat) -> None:
    async for _ in await client.rooms.get_all_rooms():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass


async def lists(client: AsyncHipChat) -> None:
    assert_type(client.pages(GetAllRooms()), AsyncIterator[RoomPage])
    assert_type(client.items(GetAllRooms()), AsyncIterator[Room])
    walk = client.history("ops", since=datetime(2016, 9, 9, tzinfo=UTC), limit=10)
    assert_type(await anext(walk), Message)
    assert_type(walk.position, HistoryPosition | None)
    client.history(GetPrivatechatHistory("@jane", max_results=50), resume=walk.position)
    async for message in client.history("ops"):
        assert_type(message, Message)


async def models(room: Room, message: Message) -> None:
    assert_type(room.id, int)
    assert_type(room.name, str | None)
    assert_type(room.created, datetime | None)
    assert_type(room.owner, User | None)
    assert_type(message.date, datetime)
    assert_type(message.mentions, list[User] | None)
    assert_type(message.from_, Sender | str | None)
    assert_type(Room.from_json(room.to_json()), Room)


async def errors(
    forbidden: ForbiddenError, limited: RateLimitError, unsent: RequestError
) -> None:
    assert_type(forbidden.scopes, tuple[str, ...])
    assert_type(forbidden.operation, Operation[object] | None)
    assert_type(limited.retry_at, datetime | None)
    assert_type(unsent.may_have_arrived, bool)


async def read_token() -> str:
    return "x"


async def tokens(oauth: AsyncOAuthClient) -> None:
    assert_type(await oauth.generate_token(grant_type="client_credentials"), Token)
    assert_type(await oauth.get_session("x"), Session)
    provider = oauth.client_credentials(scope="send_notification")
    assert_type(provider, AsyncTokenProvider)
    assert_type(await provider(), str)
    AsyncHipChat(provider)
    AsyncHipChat(lambda: "x")
    AsyncHipChat(lambda rejected: rejected or "x")
    AsyncHipChat(read_token)
    AsyncHipChat("x", transport="pycurl", verify="ca.pem")
    AsyncHipChat("x", timeout=3, hooks=Hooks(before=print))
    async with AsyncHipChat("x") as client, oauth as same:
        assert_type(client, AsyncHipChat)
        assert_type(same, AsyncOAuthClient)
