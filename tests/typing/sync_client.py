"""What editors and type checkers see of `HipChat`; read by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import assert_type

import hipkit
from hipkit import (
    AsyncOAuthClient,
    AuthTest,
    File,
    ForbiddenError,
    HipChat,
    HipChatError,
    HistoryPosition,
    Hooks,
    Limits,
    OAuthClient,
    Operation,
    RateLimitError,
    RequestError,
    Response,
    TokenProvider,
    v2,
)
from hipkit.api.response import RequestSummary
from hipkit.transports.httpcore2 import AsyncHttpcoreTransport
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


def calls(client: HipChat) -> None:
    assert_type(client.rooms.get_room("ops"), Room)
    assert_type(client.send(GetRoom("ops")), Room)
    assert_type(client.send(GetRoom(1), timeout=3, deadline=None, retries=0), Room)
    assert_type(client.rooms.get_room("ops", timeout=2, deadline=None), Room)
    assert_type(client.raw.rooms.get_room("ops", retries=0), Response[Room])
    assert_type(client.users.get_photo("@jane", "big"), str)
    assert_type(client.send(GetPhoto("@jane", "big")), str)
    assert_type(client.raw.rooms.get_room("ops"), Response[Room])
    assert_type(client.send_raw(GetRoom("ops")), Response[Room])
    assert_type((client.raw.rooms.get_room("ops")).parse(), Room)
    assert_type(client.request("GET", "/flag"), object)
    assert_type(client.auth_test(GetRoom("ops")), AuthTest)
    assert_type(client.limits, Limits)
    assert_type(
        client.with_options(timeout=1.0).emoticons.get_emoticon("boom"), Emoticon
    )
    assert_type(client.with_token("x"), HipChat)
    assert_type(client.with_token(lambda: "x"), HipChat)
    client.send(SendRoomNotification("ops", message="up", color="green", notify=True))
    client.rooms.send_room_notification("ops", message="up", color="green")


def answers_with_and_without_a_body(client: HipChat) -> None:
    sent = client.users.send_privatechat_message("@jane", message="hi")
    assert_type(sent, SentMessage | None)
    made = client.rooms.create_room_glance(
        "ops",
        "my.glance",
        name=TextI18n(value="Mine"),
        icon=GlanceIcon(url="https://a", url_2x="https://b"),
    )
    assert_type(made, CreatedExtension | None)


def arguments(client: HipChat) -> None:
    card = Card(style="link", id="1", title="Build", description="green")
    client.rooms.send_room_notification("ops", message="up", card=card)
    client.rooms.send_room_notification("ops", message="up", card=None)
    client.rooms.share_file_with_room("ops", file=Path("a.png"), message="look")
    client.rooms.share_file_with_room("ops", file=File(b"x", name="x.txt"))
    client.users.update_photo("@jane", photo=b"png")
    client.rooms.get_room_history("ops", date=datetime(2016, 9, 9, tzinfo=UTC))
    client.rooms.get_room_history("ops", date="recent", expand=["items.from"])
    assert_type(client.download("https://chat.example.com/a", "a.png"), int)


def mistakes(client: HipChat, room: Room, asynchronous: AsyncOAuthClient) -> None:
    assert hipkit.HipChta  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    assert v2.GetRom  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    client.rooms.get_room()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.rooms.send_room_notification("ops", message="x", color="pink")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.rooms.send_room_notification("ops", "x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.rooms.get_rom("ops")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    client.send(GetRoom())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.send(GetRoom("ops"), time_out=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.rooms.get_room("ops", time_out=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.rooms.get_room("ops", timeout="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.raw.rooms.get_room("ops", time_out=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.with_options(verify=False)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.items(GetRoom("ops"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.history(GetRoom("ops"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    room.name = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    HipChat("x", transport="curl")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HipChat(read_token)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.with_token(read_token)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.with_token(asynchronous.client_credentials())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HipChat(asynchronous.client_credentials())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HipChat("x", transport=AsyncHttpcoreTransport())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.history("ops", since=date(2016, 9, 9))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.history("ops", since="2016-09-09")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    HipChat(b"x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def lists(client: HipChat) -> None:
    assert_type(client.pages(GetAllRooms()), Iterator[RoomPage])
    assert_type(client.items(GetAllRooms()), Iterator[Room])
    walk = client.history("ops", since=datetime(2016, 9, 9, tzinfo=UTC), limit=10)
    assert_type(next(walk), Message)
    assert_type(walk.position, HistoryPosition | None)
    client.history(GetPrivatechatHistory("@jane", max_results=50), resume=walk.position)
    for message in client.history("ops"):
        assert_type(message, Message)


def pages_are_no_iterables(client: HipChat, page: RoomPage) -> None:
    for _ in client.rooms.get_all_rooms():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass
    list(page)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    assert_type(page.items, list[Room])


def models(room: Room, message: Message) -> None:
    assert_type(room.to_dict(), dict[str, object])
    assert_type(room.id, int)
    assert_type(room.name, str | None)
    assert_type(room.created, datetime | None)
    assert_type(room.owner, User | None)
    assert_type(message.date, datetime)
    assert_type(message.mentions, list[User] | None)
    assert_type(message.from_, Sender | str | None)
    assert_type(Room.from_json(room.to_json()), Room)


def errors(
    forbidden: ForbiddenError, limited: RateLimitError, unsent: RequestError
) -> None:
    root: HipChatError = forbidden
    assert_type(root.operation, Operation[object] | None)
    assert_type(forbidden.scopes, tuple[str, ...])
    assert_type(forbidden.operation, Operation[object] | None)
    assert_type(limited.retry_at, datetime | None)
    assert_type(unsent.may_have_arrived, bool)
    assert_type(forbidden.headers, Mapping[str, str])
    assert_type(forbidden.body, bytes)
    assert_type(forbidden.request, RequestSummary | None)


async def read_token() -> str:
    return "x"


def tokens(oauth: OAuthClient) -> None:
    assert_type(oauth.generate_token(grant_type="client_credentials"), Token)
    assert_type(oauth.get_session("x"), Session)
    provider = oauth.client_credentials(scope="send_notification")
    assert_type(provider, TokenProvider)
    assert_type(provider(), str)
    HipChat(provider)
    HipChat(lambda: "x")
    HipChat(lambda rejected: rejected or "x")
    HipChat("x", transport="pycurl", verify="ca.pem")
    HipChat("x", timeout=3, hooks=Hooks(before=print))
    with HipChat("x") as client, oauth as same:
        assert_type(client, HipChat)
        assert_type(same, OAuthClient)
