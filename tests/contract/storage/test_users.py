"""What `UserStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import (
    add_group,
    add_user,
)


async def test_users_are_found_in_any_case_of_any_script(database: Database) -> None:
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "Größe", email="Ann@Example.com")

    for name in ("Größe", "GRÖSSE", "grösse"):
        found = await database.stores.users.by_mention(group_id, name)
        assert found is not None
        assert found.id == user_id
    assert await database.stores.users.by_email(group_id, "ANN@EXAMPLE.COM") is not None
    assert await database.stores.users.by_email(group_id + 1, "ann@example.com") is None


async def test_many_mentions_are_looked_up_at_once(database: Database) -> None:
    group_id = await add_group(database)
    for number in range(5):
        await add_user(database, group_id, f"user{number}")

    names = [f"USER{number}" for number in range(3)] + [f"x{n}" for n in range(600)]
    found = await database.stores.users.mentioned(group_id, names)

    assert sorted(user.name for user in found) == ["user0", "user1", "user2"]
    assert await database.stores.users.mentioned(group_id, []) == []
    by_ids = await database.stores.users.by_ids(range(1, 2000))
    assert set(by_ids) == {1, 2, 3, 4, 5}


async def test_a_password_is_rehashed_unless_it_was_changed_meanwhile(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    await database.write(lambda stores: stores.users.set_password(ann, "old"))

    for before, after, stored in (("older", "new", "old"), ("old", "new", "new")):

        async def renew(
            stores: Stores, before: str = before, after: str = after
        ) -> None:
            await stores.users.renew_password_hash(ann, before, after)

        await database.write(renew)
        assert await database.stores.users.password_hash(ann) == stored


async def test_a_deleted_user_frees_its_names(database: Database) -> None:
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")

    await database.write(lambda stores: stores.users.delete(user_id, "w"))
    again = await add_user(database, group_id, "ann")

    old = await database.stores.users.get(user_id)
    assert old is not None
    assert (old.is_deleted, old.name) == (True, "ann")
    page = await database.stores.users.page(
        group_id, include_guests=False, include_deleted=False, start=0, count=10
    )
    assert [user.id for user in page] == [again]


async def test_the_next_id_of_a_user_is_after_all_from_a_number_on(
    database: Database,
) -> None:
    group_id = await add_group(database)
    await add_user(database, group_id, "low")

    assert await database.stores.users.next_id(1_000) == 1_000
    assert await database.stores.users.next_id(1) == 2


async def test_users_are_counted_without_deleted_ones(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    await add_user(database, group_id, "bob")

    assert await database.stores.users.count(group_id) == 2
    await database.write(lambda stores: stores.users.delete(ann, "v"))
    assert await database.stores.users.count(group_id) == 1
