"""Puts people, rooms and messages into a database."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.messages import NewMessage
from hipkit.server.storage.stores.rooms import NewRoom
from hipkit.server.storage.stores.users import NewUserRecord

NOW = 1_700_000_000_000_000


async def add_group(database: Database, name: str = "Group") -> int:
    return await database.write(
        lambda stores: stores.groups.add(name=name, subdomain="group", now_us=NOW)
    )


async def add_user(
    database: Database, group_id: int, name: str, *, email: str | None = None
) -> int:
    user = NewUserRecord(
        group_id=group_id,
        name=name,
        mention_name=name,
        email=email or f"{name}@example.com",
        title="",
        roles="[]",
        is_group_admin=False,
        timezone="UTC",
        version="v",
    )
    return await database.write(
        lambda stores: stores.users.add(user, NOW, password_hash=None)
    )


async def add_room(
    database: Database,
    group_id: int,
    owner_id: int,
    name: str,
    *,
    privacy: str = "public",
    room_id: int | None = None,
) -> int:
    room = NewRoom(
        group_id=group_id,
        name=name,
        topic="",
        privacy=privacy,
        owner_id=owner_id,
        version="v",
    )
    return await database.write(
        lambda stores: stores.rooms.add(room, NOW, room_id=room_id)
    )


def message(number: int, sender_id: int | None = None) -> NewMessage:
    return NewMessage(
        id=f"{number:036}",
        kind="message",
        sender_id=sender_id,
        sender_label="somebody",
        body=f"message {number}",
    )


async def conversation_of(stores: Stores, room_id: int) -> int:
    room = await stores.rooms.get(room_id)
    assert room is not None
    return room.conversation_id


async def add_client(
    database: Database, group_id: int, client_id: str, room_id: int | None = None
) -> str:
    client = ClientRecord(
        client_id, group_id, room_id, "Bot", b"hash", "view_group", "[]"
    )
    await database.write(lambda stores: stores.clients.add(client, NOW))
    return client_id
