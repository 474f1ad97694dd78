"""Reading events, in the forms that were recorded and in those that nobody expected."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hipkit import UnreadableError
from hipkit.v2.models import EventEnvelope, Sender
from hipkit.v2.webhooks import (
    EVENTS,
    RoomFileUploadEvent,
    RoomMessageEvent,
    RoomNotificationEvent,
    RoomTopicChangeEvent,
)
from hipkit.webhooks import read_event

ROOM = {
    "id": 1,
    "name": "Dev Ops",
    "links": {"self": "https://chat.example.com/v2/room/1"},
}
MESSAGE = {
    "id": "6a1f9bd6-9b5d-4c0e-9e9f-0d6cf6a9f2a1",
    "date": "2016-09-09T08:23:02.932694+00:00",
    "from": {"id": "7", "name": "Jane", "mention_name": "jane"},
    "message": "/deploy now",
    "mentions": [],
    "type": "message",
}


def posted(event: str, item: object, **more: object) -> bytes:
    return msgspec.json.encode({"event": event, "item": item, "webhook_id": 17, **more})


def test_a_room_message_is_read_with_its_sender() -> None:
    event = read_event(posted("room_message", {"message": MESSAGE, "room": ROOM}))
    assert isinstance(event, RoomMessageEvent)
    assert event.item.message is not None
    assert isinstance(event.item.message.from_, Sender)
    assert event.item.message.from_.mention_name == "jane"
    assert "deploy" not in repr(event)


def test_a_notification_comes_from_a_text() -> None:
    message = {**MESSAGE, "from": "Jenkins", "color": "red", "type": "notification"}
    event = read_event(posted("room_notification", {"message": message, "room": ROOM}))
    assert isinstance(event, RoomNotificationEvent)
    assert event.item.message is not None
    assert event.item.message.from_ == "Jenkins"


@pytest.mark.parametrize(
    "sender",
    [
        {"id": 7, "name": "Jane", "mention_name": "jane", "links": {"self": "x"}},
        {"name": "A guest"},
        {
            "id": "ad1333f0-c5ae",
            "name": "Add-on",
            "allowed_scopes": ["view_room"],
            "room": None,
        },
        None,
    ],
)
def test_a_topic_is_changed_by_a_person_a_guest_or_an_add_on(sender: object) -> None:
    item = {"room": ROOM, "sender": sender, "topic": "quiet please"}
    event = read_event(posted("room_topic_change", item, oauth_client_id="ad1333f0"))
    assert isinstance(event, RoomTopicChangeEvent)
    assert event.oauth_client_id == "ad1333f0"


def test_an_upload_names_its_file() -> None:
    file = {"name": "a.png", "size": "12", "url": "https://files.example.com/a.png"}
    event = read_event(
        posted("room_file_upload", {"file": file, "room": ROOM, "sender": None})
    )
    assert isinstance(event, RoomFileUploadEvent)
    assert event.item.file is not None
    assert event.item.file.size == 12


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_is_read_from_the_little_that_2014_sent(name: str) -> None:
    item: dict[str, object] = {
        "room": {"id": "1", "name": "Dev Ops", "links": {}},
        "message": {**MESSAGE},
    }
    item |= {"topic": "", "file": {"name": "a", "size": 1, "url": "u"}}
    assert type(read_event(posted(name, item))) is EVENTS[name]


def test_an_unknown_event_is_returned_as_plain_json() -> None:
    event = read_event(posted("room_painted", {"colour": "green"}))
    assert isinstance(event, EventEnvelope)
    assert event.item == {"colour": "green"}


@given(st.binary() | st.text().map(str.encode))
def test_bytes_from_outside_are_read_or_refused(body: bytes) -> None:
    try:
        read_event(body)
    except UnreadableError:
        return


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"[" * 100_000, b'{"event": [], "item": {}}', b"\xff"]
)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_event(body)
