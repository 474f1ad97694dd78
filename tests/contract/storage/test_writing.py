"""What a database promises of a command, whichever database it is."""

from __future__ import annotations

import asyncio

import pytest

from hipkit.api.errors import NotFoundError, StorageError
from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import NOW, add_group, add_user


async def names(database: Database) -> list[str]:
    found = []
    for group_id in range(1, 200):
        group = await database.stores.groups.get(group_id)
        if group is not None:
            found.append(group.name)
    return found


async def test_a_command_returns_its_value_once_it_is_stored(
    database: Database,
) -> None:
    group_id = await add_group(database, "One")

    group = await database.stores.groups.get(group_id)
    assert group is not None
    assert group.name == "One"


async def test_a_failing_command_leaves_nothing(database: Database) -> None:
    async def command(stores: Stores) -> None:
        await stores.groups.add(name="Lost", subdomain="", now_us=NOW)
        raise NotFoundError("no")

    with pytest.raises(NotFoundError, match="no"):
        await database.write(command)

    assert await names(database) == []


async def test_a_failing_command_undoes_no_other(database: Database) -> None:
    async def add(number: int) -> int:
        async def command(stores: Stores) -> int:
            name = str(number)
            group_id = await stores.groups.add(name=name, subdomain="", now_us=NOW)
            if number % 3 == 0:
                raise NotFoundError(name)
            return group_id

        return await database.write(command)

    outcomes = await asyncio.gather(*map(add, range(100)), return_exceptions=True)

    failed = [n for n, one in enumerate(outcomes) if isinstance(one, NotFoundError)]
    assert failed == list(range(0, 100, 3))
    assert set(await names(database)) == {str(n) for n in range(100) if n % 3}


async def test_commands_see_what_earlier_ones_did(database: Database) -> None:
    async def command(stores: Stores) -> int:
        first = await stores.groups.first()
        if first is None:
            return await stores.groups.add(name="First", subdomain="", now_us=NOW)
        return first.id

    ids = await asyncio.gather(*(database.write(command) for _ in range(50)))

    assert len(set(ids)) == 1
    assert await names(database) == ["First"]


async def test_a_long_read_sees_what_is_stored(database: Database) -> None:
    group_id = await add_group(database, "One")

    group = await database.scan(lambda stores: stores.groups.get(group_id))
    assert group is not None


async def test_an_abandoned_command_does_no_harm(database: Database) -> None:
    task = asyncio.create_task(add_group(database, "Abandoned"))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert await add_group(database, "Next") > 0


async def test_a_closed_database_takes_no_commands(database: Database) -> None:
    database.close()
    database.close()

    with pytest.raises(StorageError, match="closed"):
        await add_group(database)


def test_event_loops_one_after_another_may_use_it(database: Database) -> None:
    for number in range(3):
        asyncio.run(add_group(database, str(number)))

    assert asyncio.run(names(database)) == ["0", "1", "2"]


async def test_used_bytes_grow_with_what_is_stored(database: Database) -> None:
    before = await database.used_bytes()
    group_id = await add_group(database)
    for number in range(200):
        await add_user(database, group_id, f"user {number}" + "x" * 200)

    assert await database.used_bytes() > before > 0
