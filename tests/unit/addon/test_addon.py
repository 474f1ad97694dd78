from __future__ import annotations

import asyncio

import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.addon.addon import AddOn
from hipkit.addon.handlers.events import Message, RoomEvent
from hipkit.addon.handlers.replies import Html
from hipkit.addon.handlers.views import glance_content
from hipkit.testing import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from hipkit.v2.models import Card


def addon(*scopes: str) -> AddOn:
    wanted = scopes or ("send_notification", "view_room", "view_group")
    return AddOn(key="com.example.karma", name="Karma", scopes=wanted)  # type: ignore[arg-type]


def test_decorated_functions_stay_what_they_are() -> None:
    made = addon()

    @made.on_message("(?P<name>x)")
    def first(message: Message, name: str) -> str:
        return name

    @made.on_message
    def second(message: Message) -> None: ...

    def third(event: RoomEvent) -> Card | None:
        return None

    made.on_topic_change(made.on_enter(key="entering")(third))  # type: ignore[arg-type]
    made.on_exit(third)
    assert made.registry.handlers["first"].function is first
    assert {key: each.event for key, each in made.registry.handlers.items()} == {
        "first": "room_message",
        "second": "room_message",
        "entering": "room_enter",
        "third": "room_topic_change",
        "third.room_exit": "room_exit",
    }
    assert third.__name__ == "third"


def handle(event: RoomEvent) -> None: ...


def test_every_event_has_a_decorator() -> None:
    made = addon()
    for decorate in (
        made.on_notification,
        made.on_topic_change,
        made.on_enter,
        made.on_exit,
        made.on_file_upload,
        made.on_room_archived,
        made.on_room_created,
        made.on_room_deleted,
        made.on_room_unarchived,
        made.on_message(),
    ):
        decorate(handle)
    assert len({each.event for each in made.registry.handlers.values()}) == 10


def test_a_command_for_help_lists_all_commands() -> None:
    made = addon()

    @made.command("/karma")
    def karma(message: Message, name: str, points: int = 1) -> str:
        """Give points."""
        return name

    made.help_command("/help")
    handler = made.registry.handlers["help"]
    assert handler.function(None) == (
        "/karma <name> [points] - Give points.\n/help - List the commands."
    )


class Server:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def __call__(self, request: Request) -> RawResponse:
        self.calls.append((request.target, request.content))
        return RawResponse(204, {})


def test_a_glance_is_pushed_to_those_who_see_it() -> None:
    made, server = addon(), Server()
    made.glance("g", name="G")(lambda request: "x")
    client = HipChat("t", base_url="https://a", transport=MemoryTransport(server))
    made.push_glance(client, "g", "1")
    made.push_glance(client, "g", Html("<b>1</b>"), room=7)
    made.push_glance(client, "g", glance_content("1"), user="@bob")
    made.push_glance(client, "g", "1", room=7, user=3)
    assert [target for target, _ in server.calls] == [
        "/addon/ui",
        "/addon/ui/room/7",
        "/addon/ui/user/%40bob",
        "/addon/ui/room/7/user/3",
    ]
    assert server.calls[0][1] == (
        b'{"glance":[{"key":"g","content":{"label":{"type":"html","value":"1"}}}]}'
    )


def test_a_glance_is_pushed_with_an_async_client_too() -> None:
    made, server = addon(), Server()
    made.glance("g", name="G")(lambda request: "x")

    async def push() -> None:
        transport = AsyncMemoryTransport(server)
        async with AsyncHipChat(
            "t", base_url="https://a", transport=transport
        ) as client:
            await made.push_glance(client, "g", "1", room=7)

    asyncio.run(push())
    assert [target for target, _ in server.calls] == ["/addon/ui/room/7"]


def test_a_push_that_cannot_succeed_is_refused() -> None:
    made = addon("view_room")
    made.glance("g", name="G")(lambda request: "x")
    client = HipChat("t", base_url="https://a", transport=MemoryTransport(Server()))
    with pytest.raises(ValueError, match="no glance h"):
        made.push_glance(client, "h", "1")
    with pytest.raises(ValueError, match="scope view_group"):
        made.push_glance(client, "g", "1", user=3)
    other = addon("view_group")
    other.glance("g", name="G")(lambda request: "x")
    with pytest.raises(ValueError, match="scope view_room"):
        other.push_glance(client, "g", "1", room=3)
