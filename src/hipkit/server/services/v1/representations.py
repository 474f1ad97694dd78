"""Represents v2's models as API v1 did (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hipkit.server.services.representations.models import LEFT_OUT
from hipkit.v1.models import (
    CreatedUser,
    File,
    Message,
    Participant,
    Room,
    Sender,
    User,
)
from hipkit.v2 import models as v2

__all__ = [
    "NewPerson",
    "Person",
    "RoomView",
    "show_message",
    "show_room",
    "show_user",
    "with_people",
]

PROGRAM = "api"
"""The id of a sender that is not a user."""

DATE = "%Y-%m-%dT%H:%M:%S%z"

STATUSES = {"away": "away", "xa": "away", "dnd": "dnd"}
"""v1's name for each presence that is not `available`."""


class RoomView(Room, frozen=True, omit_defaults=False):
    """A single room: `guest_access_url` is `null` where guests may not enter."""


class Person(User, frozen=True, omit_defaults=False):
    """A user: `null` for an email or photo that is hidden or missing."""


class NewPerson(CreatedUser, frozen=True, omit_defaults=False):
    """A user who was just created, with the password that the server chose."""


def show_room(room: v2.Room) -> Room:
    """Return a room as in lists."""
    return Room(
        room_id=room.id,
        name=room.name or "",
        topic=room.topic or "",
        last_active=_seconds(room.last_active),
        created=_seconds(room.created),
        is_archived=room.is_archived is True,
        is_private=room.privacy == "private",
        owner_user_id=0 if room.owner is None else room.owner.id,
        guest_access_url=room.guest_access_url or "",
        xmpp_jid=room.xmpp_jid or "",
    )


def with_people(
    room: v2.Room,
    participants: Sequence[v2.User] | None = None,
    member_ids: Sequence[int] | None = None,
) -> RoomView:
    """Return a single room, with its participants and members where given."""
    shown = msgspec.structs.asdict(show_room(room))
    shown["guest_access_url"] = room.guest_access_url
    shown["member_user_ids"] = LEFT_OUT if member_ids is None else list(member_ids)
    shown["participants"] = (
        LEFT_OUT
        if participants is None
        else [Participant(user_id=one.id, name=one.name or "") for one in participants]
    )
    return RoomView(**shown)


def show_user(user: v2.User) -> Person:
    """Return a user."""
    presence = user.presence
    status = "offline"
    if presence is not None:
        status = STATUSES.get(presence.show or "", "available")
    return Person(
        user_id=user.id,
        name=user.name or "",
        mention_name=user.mention_name or "",
        email=user.email,
        title=user.title or "",
        photo_url=user.photo_url,
        last_active=_seconds(user.last_active),
        created=_seconds(user.created),
        status=status,
        status_message=(presence.status if presence else None) or "",
        timezone=user.timezone or "UTC",
        is_group_admin=int(user.is_group_admin is True),
        is_deleted=int(user.is_deleted is True),
    )


def show_message(message: v2.Message) -> Message:
    """Return a message of a history; its date is in the requested time zone."""
    file = message.file
    return Message(
        date=message.date.strftime(DATE),
        from_=_sender(message.from_),
        message=message.message or "",
        file=None
        if file is None
        else File(name=file.name, size=file.size, url=file.url),
    )


def _sender(sender: v2.Sender | str | None) -> Sender:
    if isinstance(sender, v2.Sender):
        user_id = PROGRAM if sender.id is None else sender.id
        return Sender(name=sender.name or "", user_id=user_id)
    return Sender(name=sender or "", user_id=PROGRAM)


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
