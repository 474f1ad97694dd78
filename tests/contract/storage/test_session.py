"""Records and the values of statements."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.rooms import NewRoom
from hipkit.server.storage.stores.session import (
    Record,
    in_parts,
    insert,
    select,
    update,
    upsert,
)
from tests.contract.storage.filling import add_group, add_user


async def test_a_record_does_not_show_its_columns(database: Database) -> None:
    group_id = await add_group(database, "Secret Group")

    assert "Secret" not in repr(await database.stores.groups.get(group_id))


@given(st.lists(st.integers(0, 3000), max_size=2000))
def test_parts_hold_every_value_in_few_sizes(values: list[int]) -> None:
    parts = list(in_parts(values))

    assert {value for _, part in parts for value in part} == set(values)
    for marks, part in parts:
        assert marks.count("?") == len(part) <= 512
        # Few statements differ: every size is a power of two.
        assert len(part).bit_count() == 1


class Point(Record, frozen=True, array_like=True):
    id: int
    x: int
    name: str


def test_a_select_names_columns_like_fields_but_for_those_given() -> None:
    assert select(Point, "points", name="points.name") == (
        "SELECT id, x, points.name FROM points "
    )


def test_an_insert_has_a_mark_for_each_column() -> None:
    assert insert("points", "group_id", Point) == (
        "INSERT INTO points (group_id, id, x, name) VALUES (?, ?, ?, ?)"
    )


def test_an_upsert_updates_every_column_but_the_key() -> None:
    assert upsert("points", "id", Point) == (
        "INSERT INTO points (id, x, name) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET x = excluded.x, name = excluded.name"
    )


def test_an_update_takes_the_id_last() -> None:
    assert update("points", "x, name") == (
        "UPDATE points SET x = ?, name = ? WHERE id = ?"
    )


async def test_an_id_is_inserted_only_where_it_is_given(database: Database) -> None:
    group_id = await add_group(database)
    owner_id = await add_user(database, group_id, "ann")

    async def command(stores: Stores) -> list[int]:
        rooms = [
            NewRoom(
                name=name,
                topic="",
                privacy="public",
                version="v",
                group_id=group_id,
                owner_id=owner_id,
            )
            for name in "abc"
        ]
        return [
            await stores.rooms.add(rooms[0], 1),
            await stores.rooms.add(rooms[1], 1, room_id=70),
            await stores.rooms.add(rooms[2], 1),
        ]

    assert await database.write(command) == [1, 70, 71]


async def test_a_single_value_is_none_for_null_and_without_a_row(
    database: Database,
) -> None:
    users = database.stores.users
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")

    assert await users.password_hash(user_id) is None
    assert await users.password_hash(user_id + 1) is None
    await database.write(lambda stores: stores.users.set_password(user_id, "hash"))
    assert await users.password_hash(user_id) == "hash"


async def test_replacing_a_record_changes_every_column_that_it_was_inserted_with(
    database: Database,
) -> None:
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")
    user = await database.stores.users.get(user_id)
    assert user is not None
    changed = msgspec.structs.replace(
        user, name="Ann B", mention_name="AnnB", email="B@example.com", title="Boss"
    )

    await database.write(lambda stores: stores.users.replace(changed))

    assert await database.stores.users.get(user_id) == changed
    assert await database.stores.users.by_mention(group_id, "annb") == changed
    assert await database.stores.users.by_email(group_id, "b@EXAMPLE.com") == changed
