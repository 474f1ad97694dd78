"""Represents users, rooms, groups and emoticons as HipChat did, in short and in full (pure).

A model leaves out what is `None`. HipChat sent some members as `null`, and old programs read
them without checking that they exist; the `Full...` classes send them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import msgspec
from msgspec import UNSET

from hipkit.server.services.representations.timestamps import (
    SECOND_US,
    Timestamp,
    UnixTimestamp,
)
from hipkit.server.services.representations.urls import Addresses
from hipkit.server.storage.stores.emoticons import EmoticonRecord
from hipkit.server.storage.stores.groups import GroupRecord
from hipkit.server.storage.stores.rooms import RoomRecord
from hipkit.server.storage.stores.users import UserRecord
from hipkit.v2.models import (
    Emoticon,
    Group,
    GroupPlan,
    LinkedResource,
    Links,
    Presence,
    Room,
    RoomLinks,
    RoomStatistics,
    Sender,
    User,
)

__all__ = [
    "LEFT_OUT",
    "emoticon_in_full",
    "emoticon_in_short",
    "group_in_full",
    "group_in_short",
    "room_in_full",
    "room_in_short",
    "room_statistics",
    "user_as_sender",
    "user_in_full",
    "user_in_short",
]

LEFT_OUT = cast("None", UNSET)
"""Leaves a member out of a representation that sends `None` as `null`."""

ONLINE_US = 5 * 60 * SECOND_US
"""A user who was active within this time counts as online."""

SYMBOL = re.compile(r"\W")


class FullUser(User, frozen=True, omit_defaults=False):
    """A user in full, with the members that HipChat sent as `null`."""


class FullRoom(Room, frozen=True, omit_defaults=False):
    """A room in full, with the members that HipChat sent as `null`."""


class FullStatistics(RoomStatistics, frozen=True, omit_defaults=False):
    """A room's statistics, with the members that HipChat sent as `null`."""


class FullGroup(Group, frozen=True, omit_defaults=False):
    """A group in full, with the members that HipChat sent as `null`."""


class GroupStatistics(LinkedResource, frozen=True):
    """A group's statistics, of which no source has the members; see `RoomStatistics`."""

    messages_sent: int | None = None


def user_in_short(
    addresses: Addresses, user: UserRecord, room_roles: list[str] | None = None
) -> User:
    """Return a user as lists and other resources hold one."""
    return User(
        id=user.id,
        name=user.name,
        mention_name=user.mention_name,
        version=user.version,
        room_roles=room_roles,
        links=Links(self_=addresses.user(user.id)),
    )


def user_as_sender(addresses: Addresses, user: UserRecord) -> Sender:
    """Return a user in short, as messages and events hold their sender."""
    return Sender(
        id=user.id,
        name=user.name,
        mention_name=user.mention_name,
        version=user.version,
        links=Links(self_=addresses.user(user.id)),
    )


def user_in_full(
    addresses: Addresses,
    user: UserRecord,
    *,
    group: Group | None,
    shows_email: bool,
    now_us: int,
    room_roles: Sequence[str] | None = None,
) -> User:
    """Return a user with every member; the e-mail address is null unless it is shown."""
    last_us = user.last_active_us
    return FullUser(
        id=user.id,
        name=user.name,
        mention_name=user.mention_name,
        email=user.email if shows_email else None,
        title=user.title,
        roles=msgspec.json.decode(user.roles, type=list[str]),
        created=Timestamp.from_us(user.created_us),
        last_active=None if last_us is None else UnixTimestamp.from_us(last_us),
        is_deleted=user.is_deleted,
        is_guest=user.is_guest,
        is_group_admin=user.is_group_admin,
        timezone=user.timezone,
        photo_url=_picture(addresses, user.photo_key),
        xmpp_jid=f"{user.group_id}_{user.id}@chat.{addresses.host}",
        version=user.version,
        presence=_presence(user, now_us),
        group=LEFT_OUT if group is None else group,
        atlassian_id=LEFT_OUT,
        room_roles=LEFT_OUT if room_roles is None else list(room_roles),
        links=Links(self_=addresses.user(user.id)),
    )


def room_in_short(addresses: Addresses, room: RoomRecord) -> Room:
    """Return a room as lists and other resources hold one."""
    return Room(
        id=room.id,
        name=room.name,
        privacy=room.privacy,
        is_archived=room.is_archived,
        version=room.version,
        links=_room_links(addresses, room),
    )


def room_in_full(
    addresses: Addresses,
    room: RoomRecord,
    *,
    owner: User,
    participants: list[User],
    statistics: RoomStatistics | None = None,
) -> Room:
    """Return a room with every member."""
    last_us = room.last_active_us
    links = _room_links(addresses, room)
    return FullRoom(
        id=room.id,
        name=room.name,
        privacy=room.privacy,
        topic=room.topic,
        is_archived=room.is_archived,
        is_guest_accessible=room.is_guest_accessible,
        guest_access_url=addresses.guest_page(room),
        avatar_url=_picture(addresses, room.avatar_key),
        created=Timestamp.from_us(room.created_us),
        last_active=None if last_us is None else Timestamp.from_us(last_us),
        version=room.version,
        xmpp_jid=f"{room.group_id}_{_jid_name(room)}@conf.{addresses.host}",
        owner=owner,
        participants=participants,
        statistics=statistics
        or RoomStatistics(links=Links(self_=f"{links.self_}/statistics")),
        delegate_admin_visibility=room.delegate_admin_visibility,
        links=links,
    )


def room_statistics(addresses: Addresses, room: RoomRecord) -> RoomStatistics:
    """Return a room's message count and when the last message was sent."""
    last_us = room.last_active_us
    return FullStatistics(
        messages_sent=room.messages_sent,
        last_active=None if last_us is None else Timestamp.from_us(last_us),
        links=Links(self_=f"{addresses.room(room.id)}/statistics"),
    )


def group_in_short(addresses: Addresses, group: GroupRecord) -> Group:
    """Return a group as a user holds it."""
    return Group(
        id=group.id, name=group.name, links=Links(self_=addresses.group(group.id))
    )


def group_in_full(
    addresses: Addresses,
    group: GroupRecord,
    owner: User | None,
    messages_sent: int | None = None,
) -> Group:
    """Return a group with every member, its statistics in full only where they were counted."""
    return FullGroup(
        id=group.id,
        name=group.name,
        subdomain=group.subdomain,
        domain=None,
        created=Timestamp.from_us(group.created_us),
        avatar_url=_picture(addresses, group.avatar_key),
        plan=GroupPlan(id=0, type="free"),
        owner=LEFT_OUT if owner is None else owner,
        statistics=GroupStatistics(
            messages_sent=messages_sent,
            links=Links(self_=f"{addresses.group(group.id)}/statistics"),
        ),
        links=Links(self_=addresses.group(group.id)),
    )


def emoticon_in_short(addresses: Addresses, emoticon: EmoticonRecord) -> Emoticon:
    """Return an emoticon as lists hold one."""
    return Emoticon(
        id=emoticon.id,
        shortcut=emoticon.shortcut,
        url=addresses.picture(emoticon.file_key),
        type=emoticon.kind,
        links=Links(self_=addresses.emoticon(emoticon.id)),
    )


def emoticon_in_full(
    addresses: Addresses, emoticon: EmoticonRecord, creator: User | None
) -> Emoticon:
    """Return an emoticon with every member."""
    return msgspec.structs.replace(
        emoticon_in_short(addresses, emoticon),
        width=emoticon.width,
        height=emoticon.height,
        creator=creator,
    )


def _room_links(addresses: Addresses, room: RoomRecord) -> RoomLinks:
    address = addresses.room(room.id)
    return RoomLinks(
        self_=address,
        webhooks=f"{address}/webhook",
        participants=f"{address}/participant",
        members=f"{address}/member" if room.privacy == "private" else None,
    )


def _presence(user: UserRecord, now_us: int) -> Presence | None:
    is_online = user.last_active_us is not None and (
        abs(now_us - user.last_active_us) < ONLINE_US
    )
    if not is_online and user.presence_show is None:
        return None
    return Presence(
        status=user.presence_status,
        show=user.presence_show,
        is_online=is_online,
    )


def _picture(addresses: Addresses, key: str | None) -> str | None:
    return None if key is None else addresses.picture(key)


def _jid_name(room: RoomRecord) -> str:
    """Return the local part of a room's XMPP address, unique within the group.

    HipChat derived it from the name. Names that differ in symbols only would get the same one,
    so the id follows where there are symbols, after a dash, which other local parts never have.
    """
    name = room.name.lower()
    plain = SYMBOL.sub("_", name)
    has_symbols = plain.replace("_", " ") != name
    return f"{plain}-{room.id}" if has_symbols else plain
