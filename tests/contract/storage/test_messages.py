"""What `MessageStore` promises, whichever database is below it."""

from __future__ import annotations

from functools import partial

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
    conversation_of,
    message,
)


async def test_timestamps_of_a_conversation_always_grow(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")

    async def add(number: int, now_us: int) -> int:
        async def command(stores: Stores) -> int:
            conversation = await conversation_of(stores, room_id)
            return await stores.messages.add(conversation, message(number), now_us)

        return await database.write(command)

    times = (NOW, NOW, NOW - 50, NOW + 1, NOW + 9)
    timestamps = [await add(number, now_us) for number, now_us in enumerate(times)]

    assert timestamps == [NOW, NOW + 1, NOW + 2, NOW + 3, NOW + 9]
    room = await database.stores.rooms.get(room_id)
    assert room is not None
    assert (room.messages_sent, room.last_active_us) == (5, NOW + 9)


async def test_pages_go_back_from_the_newest_timestamp(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")
    conversation = await conversation_of(database.stores, room_id)

    async def fill(stores: Stores) -> None:
        for number in range(6):
            await stores.messages.add(conversation, message(number), NOW + number)

    await database.write(fill)

    page = await database.stores.messages.page(
        conversation,
        newest_us=NOW + 4,
        oldest_us=NOW + 1,
        include_deleted=True,
        start=1,
        count=2,
    )

    assert [one.body for one in page] == ["message 3", "message 2"]
    one = await database.stores.messages.get(conversation, page[0].id)
    assert one == page[0]
    assert await database.stores.messages.get(conversation + 1, page[0].id) is None


async def test_messages_after_a_timestamp_are_oldest_first(database: Database) -> None:
    group_id = await add_group(database)
    owner_id = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, owner_id, "Ops")
    conversation_id = await conversation_of(database.stores, room_id)

    async def command(stores: Stores) -> None:
        for number in range(4):
            await stores.messages.add(conversation_id, message(number), NOW + number)

    await database.write(command)
    read = database.stores.messages.after

    found = await read(conversation_id, NOW, count=2)

    assert [one.sent_us for one in found] == [NOW + 1, NOW + 2]
    assert await read(conversation_id, NOW + 3, count=2) == []
    assert await read(conversation_id + 1, 0, count=2) == []


async def test_two_users_have_one_conversation(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")

    assert await database.stores.messages.private_conversation(ann, bob) is None
    one = await database.write(
        lambda s: s.messages.open_private_conversation(group_id, ann, bob)
    )
    other = await database.write(
        lambda s: s.messages.open_private_conversation(group_id, bob, ann)
    )

    assert one == other
    assert await database.stores.messages.private_conversation(bob, ann) == one


async def test_a_users_private_chats_with_messages_come_latest_first(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann, bob, eve, zoe = [
        await add_user(database, group_id, name)
        for name in ("ann", "bob", "eve", "zoe")
    ]

    async def open_chat(one: int, other: int, sent_us: int | None) -> int:
        async def command(stores: Stores) -> int:
            chat = await stores.messages.open_private_conversation(group_id, one, other)
            if sent_us is not None:
                await stores.messages.add(chat, message(chat), sent_us)
            return chat

        return await database.write(command)

    first = await open_chat(bob, ann, NOW)
    second = await open_chat(bob, eve, NOW + 5)
    own = await open_chat(bob, bob, NOW + 3)
    await open_chat(bob, zoe, None)
    await open_chat(ann, eve, NOW + 9)

    found = await database.stores.messages.private_chats(bob, count=10)

    shown = [(one.conversation_id, one.other_id, one.last_active_us) for one in found]
    assert shown == [(second, eve, NOW + 5), (own, bob, NOW + 3), (first, ann, NOW)]
    assert len(await database.stores.messages.private_chats(bob, count=2)) == 2
    assert await database.stores.messages.private_chats(zoe, count=2) == []


async def test_the_messages_that_were_stored_first_come_in_steps(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")
    conversation_id = await conversation_of(database.stores, room_id)
    for number in range(3):
        await database.write(
            partial(add_message, conversation_id=conversation_id, number=number)
        )
    messages = database.stores.messages

    first = await messages.oldest(after=0, count=2)
    rest = await messages.oldest(after=first[-1].sequence, count=2)

    assert [aged.sent_us for aged in (*first, *rest)] == [NOW, NOW + 1, NOW + 2]
    assert {(aged.kind, aged.file_key) for aged in first} == {("message", None)}


async def add_message(stores: Stores, conversation_id: int, number: int) -> None:
    await stores.messages.add(conversation_id, message(number), NOW + number)
