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
