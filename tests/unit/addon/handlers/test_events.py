from __future__ import annotations

import pytest

from hipkit.addon.handlers.events import (
    FileUpload,
    Message,
    RoomEnter,
    RoomEvent,
    RoomNotification,
    TopicChange,
    to_room_event,
)
from hipkit.v2.models import Sender
from hipkit.v2.webhooks import EVENTS
from hipkit.webhooks import read_event

ROOM = b'{"id": 7, "name": "ops"}'


def event(name: str, members: bytes, room: bytes = ROOM) -> RoomEvent | None:
    body = b'{"event": "%s", "item": {"room": %s%s}}'
    return to_room_event(read_event(body % (name.encode(), room, members)))


def message(sender: bytes) -> bytes:
    return (
        b', "message": {"id": "a-1", "date": "2016-09-09T12:30:00+00:00", "message": "hi",'
        b' "from": %s, "mentions": [{"id": 3, "mention_name": "bob"}]}' % sender
    )


def test_a_message_has_its_text_sender_room_and_mentions() -> None:
    found = event("room_message", message(b'{"id": 1, "name": "Jane"}'))
    assert isinstance(found, Message)
    assert (found.text, found.id, found.room.id) == ("hi", "a-1", 7)
    assert found.sender == Sender(id=1, name="Jane")
    assert [each.mention_name for each in found.mentions] == ["bob"]


@pytest.mark.parametrize(
    ("sender", "expected"), [(b'"Guest"', Sender(name="Guest")), (b"null", Sender())]
)
def test_a_sender_that_is_no_user_has_a_name_at_most(
    sender: bytes, expected: Sender
) -> None:
    for name in ("room_message", "room_notification"):
        found = event(name, message(sender))
        assert found is not None
        assert found.sender == expected


def test_the_other_events_have_what_they_are_about() -> None:
    by = b', "sender": {"id": 1, "name": "Jane"}'
    topic = event("room_topic_change", by + b', "topic": "new"')
    assert isinstance(topic, TopicChange)
    assert topic.topic == "new"
    shared = event(
        "room_file_upload", by + b', "file": {"name": "a", "size": 1, "url": ""}'
    )
    assert isinstance(shared, FileUpload)
    assert shared.file.name == "a"
    entered = event("room_enter", by)
    assert isinstance(entered, RoomEnter)
    assert entered.sender.name == "Jane"


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_becomes_its_own_class_or_nothing(name: str) -> None:
    full = (
        message(b"null")
        + b', "topic": null, "file": {"name": "a", "size": 1, "url": ""}'
    )
    found = event(name, full)
    assert found is not None
    assert found.event == name
    assert found.room.id == 7
    assert event(name, full, room=b"null") is None


def test_an_event_without_what_it_is_about_is_none() -> None:
    assert event("room_message", b"") is None
    assert event("room_notification", b"") is None
    assert event("room_file_upload", b"") is None
    assert event("room_exploded", b"") is None
    assert to_room_event(read_event(b'{"event": "x", "item": 3}')) is None


def test_texts_are_not_shown() -> None:
    for name in ("room_message", "room_notification"):
        assert "hi" not in repr(event(name, message(b"null"))).replace("hipkit", "")
    assert "secret" not in repr(event("room_topic_change", b', "topic": "secret"'))
    assert isinstance(event("room_notification", message(b"null")), RoomNotification)
