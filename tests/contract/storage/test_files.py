"""What `FileStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import NOW, add_group

KEY = "k" * 43


async def add_file(database: Database, key: str) -> None:
    group_id = await add_group(database)

    async def command(stores: Stores) -> None:
        await stores.files.add(
            group_id=group_id,
            key=key,
            name="ö.png",
            size_bytes=7,
            content_type="image/png",
            now_us=NOW,
        )

    await database.write(command)


async def test_a_file_is_found_by_its_key_until_it_is_removed(
    database: Database,
) -> None:
    await add_file(database, KEY)

    file = await database.stores.files.by_key(KEY)
    assert file is not None
    assert (file.name, file.size_bytes, file.content_type) == ("ö.png", 7, "image/png")
    assert await database.stores.files.by_key(KEY.upper()) is None

    await database.write(lambda s: s.files.remove(KEY))
    assert await database.stores.files.by_key(KEY) is None


async def test_those_of_many_keys_are_known_that_have_a_row(database: Database) -> None:
    await add_file(database, KEY)

    keys = [f"{number:043}" for number in range(1200)]
    assert await database.stores.files.known([*keys, KEY]) == {KEY}
    assert await database.stores.files.known([]) == set()
