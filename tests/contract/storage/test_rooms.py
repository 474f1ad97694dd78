"""What `RoomStore` promises, whichever database is below it."""

from __future__ import annotations

import msgspec

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
    conversation_of,
    message,
)


async def test_pages_of_rooms_hold_what_a_user_may_see(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    public = await add_room(database, group_id, ann, "public")
    anns = await add_room(database, group_id, ann, "anns", privacy="private")
    both = await add_room(database, group_id, ann, "both", privacy="private")
    await database.write(lambda s: s.members.set_member(both, bob, "room_member"))

    async def seen(
        seen_by: int | None,
        *,
        include_private: bool = True,
        includes_public: bool = True,
    ) -> list[int]:
        page = await database.stores.rooms.page(
            group_id,
            seen_by=seen_by,
            includes_public=includes_public,
            include_private=include_private,
            include_archived=False,
            start=0,
            count=10,
        )
        return [room.id for room in page]

    assert await seen(None) == [public, anns, both]
    assert await seen(ann) == [public, anns, both]
    assert await seen(bob) == [public, both]
    assert await seen(bob, include_private=False) == [public]
    assert await seen(bob, includes_public=False) == [both]
    assert await seen(ann, includes_public=False) == [public, anns, both]
    assert await seen(bob, includes_public=False, include_private=False) == []


async def test_a_room_is_read_as_it_was_stored(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "Öps")
    room = await database.stores.rooms.by_name(group_id, "ÖPS")
    assert room is not None

    changed = msgspec.structs.replace(
        room,
        name="Ops",
        topic="t",
        is_archived=True,
        delegate_admin_visibility=False,
        version="w",
    )
    await database.write(lambda stores: stores.rooms.replace(changed))

    assert await database.stores.rooms.get(room_id) == changed
    assert await database.stores.rooms.by_name(group_id, "öps") is None


async def test_a_room_is_found_by_its_guest_key_and_its_last_guest_access(
    database: Database,
) -> None:
    group_id = await add_group(database)
    owner_id = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, owner_id, "Ops")
    room = await database.stores.rooms.get(room_id)
    assert room is not None
    opened = msgspec.structs.replace(room, is_guest_accessible=True, guest_key="key")
    switched = [
        msgspec.structs.replace(message(number), kind="guest_access")
        for number in range(2)
    ]

    async def command(stores: Stores) -> None:
        await stores.rooms.replace(opened)
        for number, one in enumerate([*switched, message(2)]):
            await stores.messages.add(room.conversation_id, one, NOW + number)

    await database.write(command)

    stores = database.stores
    assert await stores.rooms.by_guest_key("key") == await stores.rooms.get(room_id)
    assert await stores.rooms.by_guest_key("other") is None
    last = await stores.messages.last_guest_access(room.conversation_id)
    assert last is not None
    assert last.sent_us == NOW + 1
    assert await stores.messages.last_guest_access(room.conversation_id + 1) is None
    await database.write(lambda stores: stores.rooms.delete(room_id))
    assert await stores.rooms.by_guest_key("key") is None


async def test_a_deleted_room_is_found_by_the_sweep_only(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")
    conversation = await conversation_of(database.stores, room_id)
    await database.write(lambda s: s.messages.add(conversation, message(1), NOW))

    await database.write(lambda s: s.rooms.delete(room_id))

    assert await database.stores.rooms.get(room_id) is None
    assert await database.stores.rooms.by_name(group_id, "ops") is None
    (doomed,) = await database.stores.messages.doomed(10)
    await database.write(lambda s: s.messages.remove([doomed.sequence]))
    assert await database.stores.messages.doomed(10) == []
    assert await add_room(database, group_id, ann, "ops") != room_id


async def test_the_next_id_is_after_all_that_rooms_ever_had(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    await add_room(database, group_id, ann, "low")
    rooms = database.stores.rooms

    assert await rooms.next_id(1_000) == 1_000
    high = await add_room(database, group_id, ann, "high", room_id=1_000)
    await database.write(lambda stores: stores.rooms.delete(high))
    assert await rooms.next_id(1_000) == 1_001


async def test_rooms_are_counted_by_their_owners_addresses(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    for owner, name in ((ann, "one"), (ann, "two"), (bob, "three")):
        room_id = await add_room(database, group_id, owner, name)
    rooms = database.stores.rooms

    assert await rooms.count_of_owners(group_id, "ann@%") == 2
    assert await rooms.count_of_owners(group_id, "%") == 3
    await database.write(lambda stores: stores.rooms.delete(room_id))
    assert await rooms.count_of_owners(group_id, "%") == 2
