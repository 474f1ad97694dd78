from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.tokens import NewToken
from tests.contract.storage.filling import NOW, add_group, add_room, add_user


def token(name: bytes, group_id: int, **members: int | None) -> NewToken:
    return NewToken(
        hash=name,
        kind="user" if members.get("room_id") is None else "room notification",
        group_id=group_id,
        scopes="view_room",
        expires_us=None,
        **members,  # type: ignore[arg-type]  # ids alone
    )


async def test_tokens_are_listed_by_person_and_by_room(database: Database) -> None:
    group_id = await add_group(database)
    ann, bob = [await add_user(database, group_id, name) for name in ("ann", "bob")]
    room_id = await add_room(database, group_id, ann, "Ops")

    async def command(stores: Stores) -> list[int]:
        return [
            await stores.tokens.add(token(name, group_id, **members), NOW)
            for name, members in (
                (b"1", {"user_id": ann}),
                (b"2", {"user_id": bob}),
                (b"3", {"user_id": ann}),
                (b"4", {"room_id": room_id}),
            )
        ]

    first, second, third, fourth = await database.write(command)
    tokens = database.stores.tokens

    assert [one.id for one in await tokens.of_user(ann)] == [third, first]
    assert [one.id for one in await tokens.of_user(bob)] == [second]
    found = await tokens.of_rooms(group_id, "room notification")
    assert [(one.id, one.room_id) for one in found] == [(fourth, room_id)]
    assert await tokens.of_rooms(group_id + 1, "room notification") == []
    one = await tokens.get(first)
    assert one is not None
    assert one.hash == b"1"
    assert await tokens.get(99) is None


async def test_a_refresh_token_is_revoked_with_what_came_of_it(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann, bob = [await add_user(database, group_id, name) for name in ("ann", "bob")]

    async def command(stores: Stores) -> int:
        refresh_id = await stores.tokens.add_refresh(
            b"r", user_id=ann, client_id=None, scopes="view_room", expires_us=None
        )
        granted = token(b"1", group_id, user_id=ann, refresh_id=refresh_id)
        await stores.tokens.add(granted, NOW)
        await stores.tokens.add(token(b"2", group_id, user_id=ann), NOW)
        await stores.tokens.revoke_refresh(bob, refresh_id)
        return refresh_id

    refresh_id = await database.write(command)
    tokens = database.stores.tokens
    listed = [one.id for one in await tokens.refreshes_of_user(ann)]
    before = [one.hash for one in await tokens.of_user(ann)]
    await database.write(lambda stores: stores.tokens.revoke_refresh(ann, refresh_id))

    assert listed == [refresh_id]
    assert before == [b"2", b"1"]
    assert await tokens.refreshes_of_user(ann) == []
    assert [one.hash for one in await tokens.of_user(ann)] == [b"2"]
