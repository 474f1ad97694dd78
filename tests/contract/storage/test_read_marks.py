"""What `ReadMarkStore` and `PageChangeStore` promise, whichever database is below them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest
from msgspec.structs import replace

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
    conversation_of,
    message,
)

Change = Callable[[Stores], Coroutine[object, None, object]]


class Scene:
    """A room in which Ann and Bob are."""

    database: Database
    ann: int
    bob: int
    room_id: int
    conversation_id: int


@pytest.fixture
async def scene(database: Database) -> Scene:
    scene = Scene()
    scene.database = database
    group_id = await add_group(database)
    scene.ann = await add_user(database, group_id, "ann")
    scene.bob = await add_user(database, group_id, "bob")
    scene.room_id = await add_room(database, group_id, scene.ann, "Ops")
    scene.conversation_id = await conversation_of(database.stores, scene.room_id)
    return scene


async def say(scene: Scene, number: int, *, at_us: int = NOW) -> int:
    new = message(number, scene.ann)
    return await scene.database.write(
        lambda stores: stores.messages.add(scene.conversation_id, new, at_us)
    )


async def test_a_mark_belongs_to_one_user_and_gets_a_new_number_when_it_moves(
    scene: Scene,
) -> None:
    stores, conversation = scene.database.stores.read_marks, scene.conversation_id

    async def mark(user_id: int, read_us: int) -> int:
        await scene.database.write(
            lambda stores: stores.read_marks.set(user_id, conversation, read_us)
        )
        return await stores.newest()

    first = await mark(scene.ann, NOW)
    second = await mark(scene.bob, NOW + 1)
    third = await mark(scene.ann, NOW + 2)

    assert first < second < third
    assert await stores.of_user(scene.ann) == {conversation: NOW + 2}
    assert await stores.get(scene.bob, conversation) == NOW + 1
    moved = await stores.after(first, count=5)
    assert [(one.user_id, one.read_us) for one in moved] == [
        (scene.bob, NOW + 1),
        (scene.ann, NOW + 2),
    ]


async def test_the_latest_messages_after_a_timestamp_come_newest_first(
    scene: Scene,
) -> None:
    sent = [await say(scene, number) for number in range(4)]
    stores = scene.database.stores.read_marks

    found = await stores.messages_after(scene.conversation_id, sent[0], count=2)

    assert [one.sent_us for one in found] == [sent[3], sent[2]]
    assert await stores.last_message_us(scene.conversation_id) == sent[3]


async def test_new_messages_of_all_conversations_come_in_order(scene: Scene) -> None:
    stores = scene.database.stores.read_marks
    before = await stores.newest_message()
    sent = [await say(scene, number) for number in range(3)]

    found = await stores.new_messages(before, count=2)

    assert [one.sent_us for one in found] == sent[:2]
    assert await stores.newest_message() == found[-1].sequence + 1


@pytest.mark.parametrize(("privacy", "marked"), [("private", True), ("public", False)])
async def test_who_becomes_a_member_of_a_private_room_has_read_what_was_before(
    scene: Scene, privacy: str, marked: bool
) -> None:
    sent_us = await say(scene, 1)

    async def join(stores: Stores) -> None:
        room = await stores.rooms.get(scene.room_id)
        assert room is not None
        await stores.rooms.replace(replace(room, privacy=privacy))
        await stores.members.set_member(scene.room_id, scene.bob, "room_member")

    await scene.database.write(join)
    marks = scene.database.stores.read_marks
    found = await marks.get(scene.bob, scene.conversation_id)
    assert found == (sent_us if marked else None)
    await say(scene, 2, at_us=NOW + 9)
    await scene.database.write(join)

    assert await marks.get(scene.bob, scene.conversation_id) == found


async def test_the_marks_of_a_deleted_room_are_removed(scene: Scene) -> None:
    async def work(stores: Stores) -> None:
        await stores.read_marks.set(scene.ann, scene.conversation_id, NOW)
        await stores.rooms.delete(scene.room_id)

    await scene.database.write(work)

    assert await scene.database.stores.read_marks.of_user(scene.ann) == {}


async def changes(
    scene: Scene, command: Change
) -> list[tuple[str, int | None, int | None]]:
    """Return what a command makes the database note."""
    stores = scene.database.stores.page_changes
    before = await stores.newest()
    await scene.database.write(command)
    found = await stores.after(before)
    assert [one.id for one in found] == [
        before + 1 + index for index in range(len(found))
    ]
    return [(one.part, one.room_id, one.user_id) for one in found]


async def test_what_pages_show_of_rooms_is_noted_when_it_changes(scene: Scene) -> None:
    def changed(**members: object) -> Change:
        async def command(stores: Stores) -> None:
            room = await stores.rooms.get(scene.room_id)
            assert room is not None
            await stores.rooms.replace(replace(room, **members))

        return command

    room = scene.room_id
    assert await changes(scene, changed(topic="New")) == [("head", room, None)]
    both = {("head", room, None), ("rooms", room, None)}
    assert set(await changes(scene, changed(name="Operations"))) == both
    assert set(await changes(scene, changed(is_archived=True))) == both
    assert await changes(scene, changed(guest_key="key")) == [("people", room, None)]
    assert await changes(scene, changed(version="other")) == []
    assert await changes(scene, lambda stores: stores.rooms.delete(room)) != []


async def test_what_pages_show_of_people_is_noted_when_it_changes(scene: Scene) -> None:
    room, bob = scene.room_id, scene.bob

    async def rename(stores: Stores) -> None:
        user = await stores.users.get(bob)
        assert user is not None
        await stores.users.replace(replace(user, name="Robert"))

    async def chat(stores: Stores) -> None:
        conversation_id = await stores.messages.open_private_conversation(
            1, scene.ann, bob
        )
        await stores.messages.add(conversation_id, message(1, bob), NOW)
        await stores.messages.add(conversation_id, message(2, bob), NOW)

    def touch(stores: Stores) -> Coroutine[object, None, object]:
        return stores.users.touch(bob, NOW)

    def enter(stores: Stores) -> Coroutine[object, None, object]:
        return stores.members.enter(room, bob, NOW)

    def join(stores: Stores) -> Coroutine[object, None, object]:
        return stores.members.set_member(room, bob, "room_member")

    assert await changes(scene, touch) == []
    assert await changes(scene, enter) == [("people", room, None)]
    assert await changes(scene, enter) == []
    assert await changes(scene, join) == [("rooms", None, bob)]
    assert set(await changes(scene, chat)) == {
        ("rooms", None, scene.ann),
        ("rooms", None, bob),
    }
    assert await changes(scene, rename) == [
        ("people", None, None),
        ("rooms", None, scene.ann),
    ]
