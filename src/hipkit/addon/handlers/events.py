"""The events that handlers receive, made from what HipChat posted (pure).

Read next: `handler.py`, which compares handlers with them.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from hipkit.api.secret import MaskedStruct
from hipkit.v2.models import Message as MessageModel
from hipkit.v2.models import (
    MessageFile,
    Room,
    RoomEventItem,
    RoomFileUploadItem,
    RoomMessageItem,
    RoomTopicChangeItem,
    Sender,
    User,
)
from hipkit.webhooks import WebhookEvent

__all__ = [
    "FileUpload",
    "Message",
    "RoomArchived",
    "RoomCreated",
    "RoomDeleted",
    "RoomEnter",
    "RoomEvent",
    "RoomExit",
    "RoomNotification",
    "RoomUnarchived",
    "TopicChange",
    "sender_of",
    "to_room_event",
]


class RoomEvent(MaskedStruct, frozen=True, kw_only=True):
    """Something that happened in a room.

    Attributes:
        room: The room, in short form.
        sender: Who did it: a user, a guest (with only a `name`) or an add-on. Without members if
            HipChat did not say.
    """

    event: ClassVar[str] = ""
    """HipChat's name of the event."""

    room: Room
    sender: Sender


class Message(RoomEvent, frozen=True, kw_only=True):
    """A message of a person.

    Attributes:
        text: The text; empty if there is none.
        id: The id, a UUID.
        date: Time of sending.
        mentions: Users mentioned in the text.
        file: The shared file.
        model: The message as the API describes it, with all its members.
    """

    event = "room_message"
    secrets = frozenset({"text"})

    text: str
    id: str
    date: datetime
    mentions: tuple[User, ...] = ()
    file: MessageFile | None = None
    model: MessageModel


class RoomNotification(RoomEvent, frozen=True, kw_only=True):
    """A notification of an add-on or another program. The add-on's own ones are not reported.

    Attributes:
        text: The text, in the format of `model.message_format`; empty if there is none.
        id: The id, a UUID.
        date: Time of sending.
        model: The notification as the API describes it, with all its members.
    """

    event = "room_notification"
    secrets = frozenset({"text"})

    text: str
    id: str
    date: datetime
    model: MessageModel


class TopicChange(RoomEvent, frozen=True, kw_only=True):
    """A room's topic was changed.

    Attributes:
        topic: The new topic; empty if it was removed.
    """

    event = "room_topic_change"
    secrets = frozenset({"topic"})

    topic: str


class RoomEnter(RoomEvent, frozen=True, kw_only=True):
    """The sender entered the room."""

    event = "room_enter"


class RoomExit(RoomEvent, frozen=True, kw_only=True):
    """The sender left the room."""

    event = "room_exit"


class FileUpload(RoomEvent, frozen=True, kw_only=True):
    """A file was shared.

    Attributes:
        file: The file.
    """

    event = "room_file_upload"

    file: MessageFile


class RoomArchived(RoomEvent, frozen=True, kw_only=True):
    """The room was archived."""

    event = "room_archived"


class RoomCreated(RoomEvent, frozen=True, kw_only=True):
    """The room was created."""

    event = "room_created"


class RoomDeleted(RoomEvent, frozen=True, kw_only=True):
    """The room was deleted."""

    event = "room_deleted"


class RoomUnarchived(RoomEvent, frozen=True, kw_only=True):
    """The room was unarchived."""

    event = "room_unarchived"


ROOM_EVENTS: dict[str, type[RoomEvent]] = {
    kind.event: kind
    for kind in (
        RoomArchived,
        RoomCreated,
        RoomDeleted,
        RoomEnter,
        RoomExit,
        RoomUnarchived,
    )
}


def to_room_event(event: WebhookEvent) -> RoomEvent | None:
    """Return an event as handlers receive it.

    Returns:
        `None` for an event that is not known, or lacks what it is about: its room or message.
    """
    item = event.item
    room = getattr(item, "room", None)
    if not isinstance(room, Room):
        return None
    match item:
        case RoomMessageItem(message=MessageModel() as message):
            return _message_event(event.event, room, message)
        case RoomTopicChangeItem():
            topic = item.topic or ""
            return TopicChange(room=room, sender=item.sender or Sender(), topic=topic)
        case RoomFileUploadItem(file=MessageFile() as file):
            return FileUpload(room=room, sender=item.sender or Sender(), file=file)
        case RoomEventItem() if event.event in ROOM_EVENTS:
            kind = ROOM_EVENTS[event.event]
            return kind(room=room, sender=item.sender or Sender())
        case _:
            return None


def sender_of(message: MessageModel) -> Sender:
    """Return the sender of a message; the API has a name only for add-ons and other programs."""
    sender = message.from_
    return sender if isinstance(sender, Sender) else Sender(name=sender)


def _message_event(event: str, room: Room, message: MessageModel) -> RoomEvent:
    sender = sender_of(message)
    if event == RoomNotification.event:
        return RoomNotification(
            room=room,
            sender=sender,
            text=message.message or "",
            id=message.id,
            date=message.date,
            model=message,
        )
    return Message(
        room=room,
        sender=sender,
        text=message.message or "",
        id=message.id,
        date=message.date,
        mentions=tuple(message.mentions or ()),
        file=message.file,
        model=message,
    )
