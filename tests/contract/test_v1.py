"""The client and the server agree about API v1, whose operations are values to be sent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hipkit import BadRequestError, HipChat, NotFoundError, UnauthorizedError
from hipkit.testing import HipChatServer, MemoryTransport
from hipkit.v1 import (
    RoomsCreate,
    RoomsDelete,
    RoomsHistory,
    RoomsList,
    RoomsMessage,
    RoomsMessageByGet,
    RoomsShow,
    RoomsTopic,
    UsersCreate,
    UsersDelete,
    UsersList,
    UsersShow,
    UsersUndelete,
    UsersUpdate,
)
from hipkit.v1.catalog import OPERATIONS
from hipkit.v2 import GetRoom


@pytest.fixture(scope="module")
def server() -> Iterator[HipChatServer]:
    with HipChatServer(room="Ops", strict=True) as running:
        yield running


def connect(server: HipChatServer, token: str) -> HipChat:
    transport = MemoryTransport(app=server.app)
    base_url = server.base_url.removesuffix("/v2") + "/v1"
    return HipChat(token, base_url=base_url, transport=transport)


@pytest.fixture(scope="module")
def client(server: HipChatServer) -> Iterator[HipChat]:
    with connect(server, server.token) as made:
        yield made


def test_every_operation_of_v1_is_answered(client: HipChat) -> None:
    room = client.send(RoomsCreate(name="Dev & Ops", owner_user_id=1)).room
    message = RoomsMessage(room_id="Dev & Ops", from_="CI", message="a+b ü", notify=1)
    assert client.send(message).status == "sent"
    by_get = RoomsMessageByGet(room_id=room.room_id, from_="CI", message="a+b ü")
    assert client.send(by_get).status == "sent"
    topic = RoomsTopic(room_id=room.room_id, topic="Go", from_="CI")
    assert client.send(topic).status == "ok"

    assert room.room_id in [one.room_id for one in client.send(RoomsList()).rooms]
    shown = client.send(RoomsShow(room_id=room.room_id)).room
    assert (shown.name, shown.topic) == ("Dev & Ops", "Go")
    history = client.send(RoomsHistory(room_id=room.room_id, date="recent")).messages
    assert [message.message for message in history] == ["a+b ü", "a+b ü", "Go"]
    (user,) = client.send(UsersList()).users
    assert client.send(UsersShow(user_id=user.user_id)).user == user
    assert client.send(RoomsDelete(room_id=room.room_id)).deleted is True
    made = client.send(UsersCreate(name="Ann", email="ann@example.com")).user
    assert made.password is not None
    changed = client.send(UsersUpdate(user_id=made.user_id, is_group_admin=1)).user
    assert (changed.name, changed.is_group_admin) == ("Ann", 1)
    assert client.send(UsersDelete(user_id="ann@example.com")).deleted is True
    assert client.send(UsersUndelete(user_id="ann@example.com")).undeleted is True
    assert len(OPERATIONS) == 14


def test_the_refusals_of_v1_are_the_clients_errors(
    server: HipChatServer, client: HipChat
) -> None:
    with pytest.raises(BadRequestError, match="between 1 and 15"):
        client.send(RoomsMessage(room_id="Ops", from_="x" * 16, message="x"))
    with pytest.raises(NotFoundError):
        client.send(RoomsShow(room_id="Nowhere"))
    with connect(server, "x" * 40) as stranger, pytest.raises(UnauthorizedError):
        stranger.send(RoomsList())


def test_an_operation_of_the_other_version_is_not_found(client: HipChat) -> None:
    with pytest.raises(NotFoundError):
        client.send(GetRoom("Ops"))
