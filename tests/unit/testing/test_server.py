"""`hipkit.testing`: what users' own tests stand on."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from hipkit import File, ForbiddenError, NotFoundError, OAuthClient
from hipkit.testing import HipChatServer, MemoryTransport, serve
from hipkit.v2.models import Card, Sender


def test_what_a_program_posts_can_be_read_back(hipchat: HipChatServer) -> None:
    hipchat.client.rooms.send_room_notification(
        hipchat.room,
        message="disk full",
        color="red",
        card=Card(style="application", id="1", title="Disk"),
    )

    (message,) = hipchat.messages()
    assert message.type == "notification"
    assert message.message == "disk full"
    assert message.color == "red"
    assert message.from_ == "Administrator"
    assert Card.from_json(message.card or "").title == "Disk"


def test_every_test_has_a_server_of_its_own(hipchat: HipChatServer) -> None:
    assert hipchat.messages() == []


def test_messages_come_in_order_however_many_there_are(hipchat: HipChatServer) -> None:
    for number in range(120):
        hipchat.client.rooms.send_message(hipchat.room, message=str(number))

    texts = [message.message for message in hipchat.messages()]
    assert texts == [str(number) for number in range(120)]


def test_people_act_with_tokens_of_their_own(hipchat: HipChatServer) -> None:
    ann, bob = hipchat.add_user("Ann Lee"), hipchat.add_user("Bob")
    room = hipchat.add_room("Secret", is_private=True, owner=ann)

    hipchat.client_for(ann.token).rooms.send_message(room, message="@Bob hi")
    hipchat.client_for(ann.token).users.send_privatechat_message("@Bob", message="psst")

    (message,) = hipchat.messages("Secret")
    assert isinstance(message.from_, Sender)
    assert message.from_.mention_name == "AnnLee"
    assert [user.name for user in message.mentions or []] == ["Bob"]
    assert [one.message for one in hipchat.private_messages(bob, ann)] == ["psst"]
    with pytest.raises(ForbiddenError):
        hipchat.client_for(bob.token).rooms.get_room("Secret")


def test_a_token_can_be_too_weak(hipchat: HipChatServer) -> None:
    weak = hipchat.client_for(hipchat.add_token("view_room"))

    with pytest.raises(ForbiddenError) as caught:
        weak.rooms.send_message(hipchat.room, message="x")

    assert caught.value.scopes == ("send_message",)
    notifier = hipchat.client_for(hipchat.add_room_token())
    notifier.rooms.send_room_notification(hipchat.room, message="x")
    assert len(hipchat.messages()) == 1


def test_an_add_on_fetches_its_token(hipchat: HipChatServer) -> None:
    made = hipchat.add_oauth_client("send_notification", room=hipchat.room)
    transport = MemoryTransport(app=hipchat.app)
    oauth = OAuthClient(
        made.id, made.secret, base_url=hipchat.base_url, transport=transport
    )

    token = oauth.generate_token(grant_type="client_credentials")
    transport.close()

    hipchat.client_for(token.access_token).rooms.send_room_notification(
        hipchat.room, message="hello"
    )
    assert hipchat.messages()[0].from_ == "Test"


def test_a_shared_file_can_be_fetched(hipchat: HipChatServer) -> None:
    data = bytes(range(256)) * 1000
    hipchat.client.rooms.share_file_with_room(
        hipchat.room, file=File(data, name="a b.bin"), message="look"
    )
    (message,) = hipchat.messages()
    assert message.file is not None
    got = io.BytesIO()

    hipchat.client.download(message.file, got)

    assert got.getvalue() == data
    assert message.file.name == "a b.bin"


async def test_it_serves_programs_on_an_event_loop(hipchat: HipChatServer) -> None:
    async with hipchat.async_client_for() as client:
        await client.rooms.send_message(hipchat.room, message="hello")

    assert hipchat.messages()[0].message == "hello"


def test_it_serves_many_threads(hipchat: HipChatServer) -> None:
    def send(number: int) -> None:
        hipchat.client.rooms.send_message(hipchat.room, message=str(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(40)))

    texts = [message.message or "" for message in hipchat.messages()]
    assert sorted(texts, key=int) == [str(n) for n in range(40)]


def test_a_strict_server_is_as_strict_as_hipchat() -> None:
    with serve(strict=True, room="Ops") as server:
        assert server.client.rooms.get_room("Ops").name == "Ops"
        with pytest.raises(NotFoundError):
            server.client.rooms.get_room("Room")


def test_a_closed_server_leaves_nothing_behind() -> None:
    server = HipChatServer()
    folder = server.folder
    assert folder.exists()

    server.close()
    server.close()

    assert not folder.exists()
