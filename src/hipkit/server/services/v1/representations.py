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
    "CreatedFullUser",
    "FullRoom",
    "FullUser",
    "message_in_history",
    "room_in_full",
    "room_in_list",
    "user_in_full",
]

PROGRAM = "api"
"""The id of a sender who is no user."""

DATE = "%Y-%m-%dT%H:%M:%S%z"

STATUSES = {"away": "away", "xa": "away", "dnd": "dnd"}
"""v1's name for each presence that is not `available`."""


class FullRoom(Room, frozen=True, omit_defaults=False):
    """A room in full: `guest_access_url` is `null` where guests may not enter."""


class FullUser(User, frozen=True, omit_defaults=False):
    """A user in full: a hidden or missing email address or photo is `null`."""


class CreatedFullUser(CreatedUser, frozen=True, omit_defaults=False):
    """A user who was just created, with the password that the server chose."""


def room_in_list(room: v2.Room) -> Room:
    """Return a room as lists hold one."""
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


def room_in_full(
    room: v2.Room,
    participants: Sequence[v2.User] | None = None,
    member_ids: Sequence[int] | None = None,
) -> FullRoom:
    """Return a room in full, with its participants and members where given."""
    shown = msgspec.structs.asdict(room_in_list(room))
    shown["guest_access_url"] = room.guest_access_url
    shown["member_user_ids"] = LEFT_OUT if member_ids is None else list(member_ids)
    shown["participants"] = (
        LEFT_OUT
        if participants is None
        else [Participant(user_id=one.id, name=one.name or "") for one in participants]
    )
    return FullRoom(**shown)


def user_in_full(user: v2.User) -> FullUser:
    """Return a user with every member."""
    presence = user.presence
    status = "offline"
    if presence is not None:
        status = STATUSES.get(presence.show or "", "available")
    return FullUser(
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


def message_in_history(message: v2.Message) -> Message:
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


def _seconds(timestamp: datetime | None) -> int:
    return 0 if timestamp is None else int(timestamp.timestamp())
