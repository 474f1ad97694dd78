"""What an administrator does on the machine itself: people, rooms and emoticons.

Like everything of `hipkit admin` it works on a database that a server may be using meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field

from hipkit.errors import BadRequestError, NotFoundError
from hipkit.server.services.access import (
    ROOM_ADMIN,
    ROOM_MEMBER,
    look_up_room,
    look_up_user,
)
from hipkit.server.services.keys import hash_password, new_password, new_version
from hipkit.server.services.pictures import read_picture
from hipkit.server.services.refusals import InvalidValueError
from hipkit.server.services.rooms import check_room_name, clean_name
from hipkit.server.services.users import NewUser
from hipkit.server.services.users import add_user as add_user_to_group
from hipkit.server.storage.database import Database, Stores
from hipkit.server.storage.folder import FileFolder
from hipkit.server.storage.groups import GroupRecord
from hipkit.server.storage.rooms import RoomRecord
from hipkit.server.storage.users import UserRecord

__all__ = [
    "MadeRoom",
    "MadeUser",
    "add_auto_join",
    "add_emoticon",
    "add_member",
    "add_room",
    "add_user",
    "find_group",
    "find_room",
    "find_user",
    "list_rooms",
    "list_users",
    "set_password",
]

MOST_LISTED = 100_000

SHORTCUT = re.compile(r"[a-zA-Z0-9]{1,50}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUser:
    """A person who was added."""

    id: int
    mention_name: str
    password: str | None = field(default=None, repr=False)
    """Made up, because none was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRoom:
    """A room that was made."""

    id: int
    name: str


async def add_user(
    database: Database,
    now_us: int,
    *,
    name: str,
    email: str,
    mention_name: str | None = None,
    title: str = "",
    is_group_admin: bool = False,
    password: str | None = None,
) -> MadeUser:
    """Add a person; without a password one is made up."""
    chosen = password or new_password()
    user = NewUser(
        name=name,
        email=email,
        mention_name=mention_name,
        title=title,
        is_group_admin=is_group_admin,
        password_hash=await asyncio.to_thread(hash_password, chosen),
    )

    async def command(stores: Stores) -> UserRecord | None:
        group = await find_group(stores)
        user_id = await add_user_to_group(stores, group.id, user, now_us)
        return await stores.users.get(user_id)

    added = await database.write(command)
    if added is None:
        raise RuntimeError("a user was added and is not there")
    return MadeUser(
        id=added.id,
        mention_name=added.mention_name,
        password=None if password else chosen,
    )


async def set_password(
    database: Database, reference: str | int, password: str | None = None
) -> str:
    """Give a person another password, made up if none is given, and return it."""
    chosen = password or new_password()
    password_hash = await asyncio.to_thread(hash_password, chosen)

    async def command(stores: Stores) -> None:
        user = await find_user(stores, reference)
        await stores.users.set_password(user.id, password_hash)

    await database.write(command)
    return chosen


async def list_users(database: Database) -> list[UserRecord]:
    """Return everybody but the deleted."""
    group = await find_group(database.stores)
    return await database.stores.users.page(
        group.id, include_guests=True, include_deleted=False, start=0, count=MOST_LISTED
    )


async def add_room(
    database: Database,
    now_us: int,
    *,
    name: str,
    topic: str = "",
    is_private: bool = False,
    owner: str | int | None = None,
) -> MadeRoom:
    """Make a room; its owner is the group's if nobody else is named."""
    cleaned = clean_name(name)

    async def command(stores: Stores) -> int:
        group = await find_group(stores)
        await check_room_name(stores, group.id, cleaned, None)
        owner_id = group.owner_id or 0
        if owner is not None:
            owner_id = (await find_user(stores, owner)).id
        room_id = await stores.rooms.add(
            group_id=group.id,
            name=cleaned,
            topic=topic,
            privacy="private" if is_private else "public",
            guest_key=None,
            delegate_admin_visibility=None,
            owner_id=owner_id,
            version=new_version(),
            now_us=now_us,
        )
        await stores.room_people.enter(room_id, owner_id, now_us)
        if is_private:
            roles = f"{ROOM_ADMIN} {ROOM_MEMBER}"
            await stores.room_people.set_member(room_id, owner_id, roles)
        return room_id

    return MadeRoom(id=await database.write(command), name=cleaned)


async def list_rooms(database: Database) -> list[RoomRecord]:
    """Return every room, private and archived ones too."""
    group = await find_group(database.stores)
    return await database.stores.rooms.page(
        group.id,
        seen_by=None,
        include_private=True,
        include_archived=True,
        start=0,
        count=MOST_LISTED,
    )


async def add_member(
    database: Database, room: str | int, user: str | int, *, is_admin: bool = False
) -> None:
    """Make a person a member of a room."""
    roles = f"{ROOM_ADMIN} {ROOM_MEMBER}" if is_admin else ROOM_MEMBER

    async def command(stores: Stores) -> None:
        room_id = (await find_room(stores, room)).id
        user_id = (await find_user(stores, user)).id
        await stores.room_people.set_member(room_id, user_id, roles)

    await database.write(command)


async def add_auto_join(database: Database, user: str | int, room: str | int) -> None:
    """Let a person's program enter a room by itself."""

    async def command(stores: Stores) -> None:
        user_id = (await find_user(stores, user)).id
        await stores.rooms.add_auto_join(user_id, (await find_room(stores, room)).id)

    await database.write(command)


async def add_emoticon(
    database: Database,
    files: FileFolder,
    now_us: int,
    *,
    shortcut: str,
    picture: bytes,
    kind: str = "group",
) -> int:
    """Add an emoticon and return its id."""
    read = read_picture(picture, "picture")
    if SHORTCUT.fullmatch(shortcut) is None:
        raise InvalidValueError(
            "shortcut", "pattern", "is not letters and digits", shortcut
        )
    key = await asyncio.to_thread(files.save, read.data)

    async def command(stores: Stores) -> int:
        group = await find_group(stores)
        if await stores.emoticons.by_shortcut(group.id, shortcut) is not None:
            raise BadRequestError(f"({shortcut}) is taken", field="shortcut")
        await stores.files.add(
            group_id=group.id,
            key=key,
            name=shortcut,
            size_bytes=len(read.data),
            content_type=read.content_type,
            now_us=now_us,
        )
        return await stores.emoticons.add(
            group_id=group.id,
            shortcut=shortcut,
            kind=kind,
            file_key=key,
            width=read.width,
            height=read.height,
            creator_id=group.owner_id if kind == "group" else None,
        )

    try:
        return await database.write(command)
    except BaseException:
        files.remove(key)
        raise


async def find_group(stores: Stores) -> GroupRecord:
    """Return the group that the first start made.

    Raises:
        NotFoundError: There was no first start yet.
    """
    group = await stores.groups.first()
    if group is None:
        raise NotFoundError("the database is empty: start hipkit serve once")
    return group


async def find_room(stores: Stores, reference: str | int) -> RoomRecord:
    """Return a room by id or name.

    Raises:
        NotFoundError: There is none.
    """
    room = await look_up_room(stores, (await find_group(stores)).id, reference)
    if room is None:
        raise NotFoundError(f"no room is called {reference}")
    return room


async def find_user(stores: Stores, reference: str | int) -> UserRecord:
    """Return a person by id, e-mail address or mention name.

    Raises:
        NotFoundError: There is none.
    """
    user = await look_up_user(stores, (await find_group(stores)).id, reference)
    if user is None or user.is_deleted:
        raise NotFoundError(f"nobody is called {reference}")
    return user
