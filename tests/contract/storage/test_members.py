"""What `MemberStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
)


async def test_participants_and_members_are_listed_apart_and_together(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    room_id = await add_room(database, group_id, ann, "ops")

    async def command(stores: Stores) -> None:
        await stores.members.enter(room_id, ann, NOW)
        await stores.members.enter(room_id, ann, NOW)
        await stores.members.set_member(room_id, bob, "room_admin")
        await stores.members.set_member(room_id, bob, "room_member")
        for _ in range(2):
            await stores.members.invite(
                room_id, bob, inviter_id=ann, reason="", now_us=NOW
            )

    await database.write(command)

    async def listed(*, include_members: bool) -> list[tuple[int, str]]:
        found = await database.stores.members.participants(
            room_id, include_members=include_members, start=0, count=10
        )
        return [(one.id, one.room_roles) for one in found]

    assert await listed(include_members=False) == [(ann, "")]
    assert await listed(include_members=True) == [(ann, ""), (bob, "room_member")]
    assert await database.stores.members.roles(room_id, bob) == ("room_member",)
    await database.write(lambda s: s.members.leave_all(bob))
    assert await listed(include_members=True) == [(ann, "")]


async def test_participants_become_members_and_members_keep_their_roles(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    bob = await add_user(database, group_id, "bob")
    cat = await add_user(database, group_id, "cat")
    room_id = await add_room(database, group_id, ann, "ops")
    other_id = await add_room(database, group_id, ann, "dev")

    async def command(stores: Stores) -> None:
        await stores.members.set_member(room_id, ann, "room_admin")
        for user_id in (ann, bob):
            await stores.members.enter(room_id, user_id, NOW)
        await stores.members.enter(other_id, cat, NOW)
        await stores.members.add_participants(room_id, "room_member")

    await database.write(command)
    members = await database.stores.members.members(room_id, start=0, count=10)
    found = [(one.mention_name, one.room_roles) for one in members]
    assert found == [("ann", "room_admin"), ("bob", "room_member")]


async def test_pages_of_participants_and_members_are_in_the_order_of_ids(
    database: Database,
) -> None:
    group_id = await add_group(database)
    users = [await add_user(database, group_id, name) for name in "abcdefg"]
    room_id = await add_room(database, group_id, users[0], "ops")

    async def command(stores: Stores) -> None:
        for user_id in reversed(users[:4]):
            await stores.members.enter(room_id, user_id, NOW)
        for user_id in reversed(users[2:]):
            await stores.members.set_member(room_id, user_id, "room_member")

    await database.write(command)
    members = database.stores.members

    async def page(start: int, *, include_members: bool) -> str:
        found = await members.participants(
            room_id, include_members=include_members, start=start, count=3
        )
        return "".join(one.name for one in found)

    assert [await page(n, include_members=False) for n in (0, 3)] == ["abc", "d"]
    assert [await page(n, include_members=True) for n in (0, 3, 6)] == [
        "abc",
        "def",
        "g",
    ]
    found = await members.members(room_id, start=1, count=2)
    assert [one.name for one in found] == ["d", "e"]


async def test_entering_and_leaving_count_once(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    room_id = await add_room(database, group_id, ann, "ops")

    async def command(stores: Stores) -> list[bool]:
        members = stores.members
        return [
            await members.enter(room_id, ann, NOW),
            await members.enter(room_id, ann, NOW),
            await members.leave(room_id, ann),
            await members.leave(room_id, ann),
            await members.remove_member(room_id, ann),
        ]

    assert await database.write(command) == [True, False, True, False, False]
    assert await database.stores.members.rooms_of(ann) == []
