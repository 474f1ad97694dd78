"""Puts people, rooms and messages into a database."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.messages import NewMessage

NOW = 1_700_000_000_000_000


async def add_group(database: Database, name: str = "Group") -> int:
    return await database.write(
        lambda stores: stores.groups.add(name=name, subdomain="group", now_us=NOW)
    )


async def add_user(
    database: Database, group_id: int, name: str, *, email: str | None = None
) -> int:
    return await database.write(
        lambda stores: stores.users.add(
            group_id=group_id,
            name=name,
            mention_name=name,
            email=email or f"{name}@example.com",
            title="",
            roles="[]",
            is_group_admin=False,
            timezone="UTC",
            password_hash=None,
            version="v",
            now_us=NOW,
        )
    )


async def add_room(
    database: Database,
    group_id: int,
    owner_id: int,
    name: str,
    *,
    privacy: str = "public",
) -> int:
    return await database.write(
        lambda stores: stores.rooms.add(
            group_id=group_id,
            name=name,
            topic="",
            privacy=privacy,
            guest_key=None,
            delegate_admin_visibility=None,
            owner_id=owner_id,
            version="v",
            now_us=NOW,
        )
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
