"""What the event `posted` holds of each kind of message."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from hipkit.server.events.log import NO_ROOM, PLACEHOLDER
from hipkit.server.events.posted import POSTED, PostedFile, PostedMessage
from hipkit.server.storage.protocol import Stores
from hipkit.server.storage.stores.events import EventRecord, StreamRecord
from tests.unit.server.asgi import Site
from tests.unit.server.services.files.test_uploads import WEB_CLIENT, share
from tests.unit.server.services.messages.test_posting import CARD

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STREAM = StreamRecord(1, None, POSTED)


@pytest.fixture
def relayed(site: Site) -> Site:
    """A server with a room, whose messages something subscribes to."""
    site.add_room("Ops")

    async def subscribe(stores: Stores) -> int:
        return await stores.subscriptions.add(
            STREAM, kind="route", host="chat.example", position=0
        )

    asyncio.run(site.server.database.write(subscribe))
    return site


def events_of(site: Site) -> list[EventRecord]:
    return asyncio.run(site.server.database.stores.events.after(STREAM, 0, count=100))


def posted(site: Site) -> list[PostedMessage]:
    return [
        msgspec.json.decode(event.item, type=PostedMessage, strict=True)
        for event in events_of(site)
    ]


def test_nothing_is_written_without_a_subscription(site: Site) -> None:
    site.add_room("Ops")
    site.post("/v2/room/Ops/notification", {"message": "x"})

    assert events_of(site) == []


def test_a_notification_has_all_that_its_sender_sent(relayed: Site) -> None:
    token = relayed.add_room_token("Ops", name="Alerts")
    body = {
        "message": "<b>down</b>",
        "from": "Nagios",
        "color": "red",
        "notify": True,
        "card": CARD,
    }
    relayed.post("/v2/room/Ops/notification", body, token=token)

    (message,) = posted(relayed)
    (stored,) = relayed.messages("Ops")
    assert (message.id, message.kind, message.room) == (
        stored["id"],
        "notification",
        "Ops",
    )
    assert (message.body, message.format) == ("<b>down</b>", "html")
    assert (message.sender, message.color, message.notify) == ("Nagios", "red", True)
    assert message.card is not None
    assert msgspec.json.decode(message.card)["title"] == CARD["title"]
    assert (message.token, message.recipient, message.avatar_url) == ("2", None, None)
    sent = datetime.fromisoformat(stored["date"])
    assert sent == EPOCH + timedelta(microseconds=message.sent_us)
    assert "down" not in repr(message)
    (event,) = events_of(relayed)
    assert event.text is None, "routes read the item"


def test_a_random_color_is_decided(relayed: Site) -> None:
    relayed.post("/v2/room/Ops/notification", {"message": "x", "color": "random"})

    assert posted(relayed)[0].color == relayed.messages("Ops")[0]["color"]


def test_a_message_names_its_sender_and_whom_it_mentions(relayed: Site) -> None:
    ann = relayed.add_user("Ann Lee", mention_name="Ann")
    relayed.add_user("Bob")
    token = relayed.add_token(user=ann)
    relayed.post("/v2/room/Ops/message", {"message": "@bob @here see"}, token=token)

    (message,) = posted(relayed)

    assert (message.kind, message.sender) == ("message", "Ann Lee")
    assert (message.body, message.format) == ("@bob @here see", "text")
    assert message.mentions == ("Bob", "here")
    assert message.color is None


def test_a_picture_of_the_sender_is_linked_with_the_events_own_root(
    relayed: Site,
) -> None:
    ann = relayed.add_user("Ann")
    token = relayed.add_token(user=ann)

    async def give_picture(stores: Stores) -> None:
        await stores.users.set_photo(ann, "abc.png", "v2")

    asyncio.run(relayed.server.database.write(give_picture))
    relayed.post("/v2/room/Ops/message", {"message": "x"}, token=token)

    (event,), (message,) = events_of(relayed), posted(relayed)
    assert event.root.endswith(PLACEHOLDER)
    assert message.avatar_url == f"{event.root}/pictures/abc.png"


def test_a_reply_is_attached_to_its_parent(relayed: Site) -> None:
    parent = relayed.post("/v2/room/Ops/message", {"message": "a"}).json["id"]
    relayed.post("/v2/room/Ops/reply", {"message": "b", "parentMessageId": parent})

    assert [message.attach_to for message in posted(relayed)] == [None, parent]


def test_a_changed_topic_is_one_of_the_kinds(relayed: Site) -> None:
    relayed.put("/v2/room/Ops/topic", {"topic": "Freeze"})

    (message,) = posted(relayed)
    assert (message.kind, message.body, message.room) == ("topic", "Freeze", "Ops")


def test_a_shared_file_is_known_by_its_key(relayed: Site) -> None:
    share(relayed, WEB_CLIENT)

    (message,) = posted(relayed)
    (stored,) = relayed.messages("Ops")
    assert message.file is not None
    assert message.file.name == stored["file"]["name"]
    assert message.file.size_bytes == stored["file"]["size"]
    assert message.file.key in stored["file"]["url"]
    assert isinstance(message.file, PostedFile)
    assert message.file.content_type


def test_guest_access_is_not_relayed(relayed: Site) -> None:
    room: dict[str, Any] = relayed.get("/v2/room/Ops").json
    changed = {
        "name": "Ops",
        "privacy": "public",
        "is_archived": False,
        "is_guest_accessible": True,
        "topic": room["topic"],
        "owner": {"id": room["owner"]["id"]},
    }
    assert relayed.put("/v2/room/Ops", changed).status == 204
    assert [message["type"] for message in relayed.messages("Ops")] == ["guest_access"]

    assert posted(relayed) == []


def test_a_private_message_names_the_other_user_and_no_room(relayed: Site) -> None:
    ann = relayed.add_user("Ann")
    relayed.add_user("Bob Ray", mention_name="Bob")
    token = relayed.add_token(user=ann)
    relayed.post("/v2/user/@Bob/message", {"message": "hi"}, token=token)

    (message,), (event,) = posted(relayed), events_of(relayed)
    assert (message.sender, message.recipient) == ("Ann", "Bob Ray")
    assert message.room is None
    assert event.room_id == NO_ROOM


def test_no_webhook_is_created_for_it(relayed: Site) -> None:
    hook = {"url": "https://hook.example/", "event": POSTED, "name": "x"}

    for target in ("/v2/room/Ops/webhook", "/v2/room/Ops/extension/webhook/x"):
        method = "PUT" if "extension" in target else "POST"
        reply = relayed.send(method, target, json_body={**hook, "key": "x"})
        assert reply.status == 400
    assert relayed.get("/v2/room/Ops/webhook").json["items"] == []
