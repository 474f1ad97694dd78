from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import msgspec
import pytest

from hipkit import AsyncHipChat, HipChat
from hipkit.addon import (
    AddOn,
    Card,
    Failure,
    Html,
    Message,
    Notification,
    Room,
    RoomNotification,
    Sender,
    TopicChange,
    User,
)
from hipkit.addon.dispatch.dispatching import Caller, Dispatcher, is_own
from hipkit.addon.handlers.events import to_room_event
from hipkit.testing import AsyncMemoryTransport, MemoryTransport
from hipkit.transports.protocol import RawResponse, Request
from hipkit.webhooks import WebhookEvent, read_event
from tests.unit.addon.installations.test_verification import INSTALLATION


def addon() -> AddOn:
    return AddOn(key="a", name="Karma", scopes=["send_notification"])


def event(
    text: str = "hi", name: str = "room_message", **message: object
) -> WebhookEvent:
    return read_event(
        msgspec.json.encode(
            {
                "event": name,
                "item": {
                    "room": {"id": 7, "name": "ops"},
                    "message": {
                        "id": "1",
                        "date": "2016-09-09T12:30:00+00:00",
                        "from": {"id": 1, "name": "Jane"},
                        "mentions": [{"id": 3, "mention_name": "bob"}],
                        "message": text,
                        **message,
                    },
                },
            }
        )
    )


class Server:
    """Remembers the notifications, and fails if it is told to."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.status = 204

    def __call__(self, request: Request) -> RawResponse:
        assert isinstance(request.content, bytes)
        self.bodies.append(msgspec.json.decode(request.content))
        return RawResponse(self.status, {})

    @property
    def texts(self) -> list[object]:
        return [each["message"] for each in self.bodies]


@asynccontextmanager
async def dispatching(
    addon: AddOn, server: Server, label: str | None = None
) -> AsyncIterator[tuple[Dispatcher, Caller]]:
    base = "https://a.example"
    client = AsyncHipChat("t", base_url=base, transport=AsyncMemoryTransport(server))
    blocking = HipChat("t", base_url=base, transport=MemoryTransport(server))
    with ThreadPoolExecutor(2) as threads:
        makers: dict[type, Callable[[], object]] = {
            AsyncHipChat: lambda: client,
            HipChat: lambda: blocking,
        }
        caller = Caller(makers, client.send, installation=INSTALLATION, label=label)
        yield Dispatcher(addon.identity, addon.registry, threads), caller


async def run(
    addon: AddOn,
    *events: WebhookEvent,
    key: str = "handle",
    server: Server | None = None,
) -> Server:
    server = server or Server()
    async with dispatching(addon, server) as (dispatcher, caller):
        for each in events:
            await dispatcher.handle(addon.registry.handlers[key], each, caller)
    return server


async def test_what_a_handler_returns_is_the_reply() -> None:
    made = addon()
    card = Card(style="link", id="1", title="Build", description="green")
    replies = iter(
        ["text", Html("<b>"), card, Notification("x", color="red"), None, ""]
    )

    @made.on_message
    async def handle(message: Message) -> str | Html | Card | Notification | None:
        return next(replies)

    server = await run(made, *[event() for _ in range(6)])
    assert server.texts == ["text", "<b>", "Build", "x"]
    assert server.bodies[2]["card"] == card.to_dict()
    assert server.bodies[3]["color"] == "red"


async def test_values_are_passed_by_type() -> None:
    made, seen = addon(), list[object]()

    @made.on_message
    async def handle(
        message: Message, room: Room, sender: Sender, client: AsyncHipChat
    ) -> None:
        seen.extend([room.id, sender.name, type(client)])

    await run(made, event())
    assert seen == [7, "Jane", AsyncHipChat]


async def test_wrong_arguments_are_answered_with_the_usage() -> None:
    made = addon()

    @made.command("/karma")
    def handle(message: Message, who: User, points: int = 1) -> str:
        return f"{who.id} {points}"

    server = await run(made, event("/karma @bob 3"), event("/karma @bob x"))
    assert server.texts == [
        "3 3",
        "points must be a whole number. Usage: /karma <who> [points]",
    ]


async def test_an_event_that_does_not_match_is_left_alone() -> None:
    made = addon()

    @made.on_message("^(?P<name>x)$")
    async def handle(message: Message, name: str) -> str:
        return name

    # HipChat's own dialect may find what ours does not.
    server = await run(made, event("xy"), event("x"), event("x", name="room_unknown"))
    assert server.texts == ["x"]


async def test_a_failure_goes_to_one_place_whose_reply_is_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made, failures = addon(), list[Failure]()

    @made.on_message
    async def handle(message: Message) -> str:
        raise KeyError("x")

    @made.on_error
    async def failed(failure: Failure) -> str:
        failures.append(failure)
        return "Something went wrong"

    server = await run(made, event())
    assert server.texts == ["Something went wrong"]
    (failure,) = failures
    assert isinstance(failure.error, KeyError)
    assert isinstance(failure.subject, Message)
    assert (failure.handler, failure.installation) == ("handle", INSTALLATION)
    assert "the handler handle failed" in caplog.text


async def test_a_failure_is_logged_with_ids_and_without_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = addon()

    @made.on_message
    async def handle(message: Message) -> str:
        raise KeyError("x")

    @made.on_error
    async def fail_too(failure: Failure) -> str:
        raise KeyError("y")

    await run(made, event("a private text"))
    place = f"(installation {INSTALLATION.oauth_id} of {INSTALLATION.host}, room 7)"
    assert [each.getMessage() for each in caplog.records] == [
        f"the handler handle failed {place}",
        f"on_error failed for the handler handle {place}",
    ]
    assert all(each.exc_info for each in caplog.records)
    for shown in ("a private text", "Jane", INSTALLATION.secret.reveal()):
        assert shown not in caplog.text


async def test_a_failure_of_the_place_for_failures_ends_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = addon()

    @made.on_message
    async def handle(message: Message) -> str:
        return "a reply"

    @made.on_error
    def failed(failure: Failure) -> str:
        return "cannot be sent either"

    server = Server()
    server.status = 403
    await run(made, event(), server=server)
    assert server.texts == ["a reply", "cannot be sent either"]
    assert "on_error failed" in caplog.text
    # The text of messages is private.
    assert "a reply" not in caplog.text


async def test_a_reply_of_another_type_is_a_failure() -> None:
    made, failures = addon(), list[Failure]()

    @made.on_message
    async def handle(message):  # type: ignore[no-untyped-def]
        return 3

    @made.on_error
    def failed(failure: Failure) -> None:
        failures.append(failure)

    await run(made, event())
    assert "returned int" in str(failures[0].error)


async def test_a_handler_that_is_cancelled_by_its_own_task_is_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made, failures = addon(), list[Failure]()

    @made.on_message
    async def handle(message: Message) -> None:
        raise asyncio.CancelledError

    @made.on_error
    def failed(failure: Failure) -> None:
        failures.append(failure)

    await run(made, event())
    assert "CancelledError" in str(failures[0].error)


async def test_a_reply_has_a_label_if_its_caller_has_one() -> None:
    made, server = addon(), Server()

    @made.on_message
    async def handle(message: Message) -> str:
        return "x"

    async with dispatching(made, server, label="Karma") as (dispatcher, caller):
        await dispatcher.handle(made.registry.handlers["handle"], event(), caller)
    assert server.bodies[0]["from"] == "Karma"


def own(name: str, **message: object) -> bool:
    found = to_room_event(event("hi", name, **message))
    assert found is not None
    return is_own(found, addon().identity, INSTALLATION)


def test_the_add_ons_own_notifications_are_its_own() -> None:
    assert own(RoomNotification.event, **{"from": "Karma"})
    assert not own(RoomNotification.event, **{"from": "Other"})
    sender = {"id": "a", "type": "addon", "client_id": INSTALLATION.oauth_id}
    assert own(
        RoomNotification.event, **{"from": "Label", "notification_sender": sender}
    )
    # Another installation of the same add-on would answer for ever.
    again = {**sender, "client_id": "other"}
    assert own(RoomNotification.event, **{"from": "x", "notification_sender": again})
    # Another add-on of the same name.
    other = {**again, "id": "b"}
    assert not own(
        RoomNotification.event, **{"from": "Karma", "notification_sender": other}
    )


def test_a_person_who_is_named_like_the_add_on_is_heard() -> None:
    assert not own(Message.event, **{"from": {"id": 3, "name": "Karma"}})


def test_what_the_add_on_did_itself_is_its_own() -> None:
    sender = Sender(id=INSTALLATION.oauth_id, name="Karma")
    changed = TopicChange(room=Room(id=7), sender=sender, topic="x")
    assert is_own(changed, addon().identity, INSTALLATION)
    assert not is_own(changed, addon().identity, None)
