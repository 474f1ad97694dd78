"""The database notes by itself who may have lost access to something."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest
from msgspec.structs import replace

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import NOW, add_group, add_user


@pytest.fixture
async def user_id(database: Database) -> int:
    return await add_user(database, await add_group(database), "ann")


async def changes(
    database: Database, command: Callable[[Stores], Coroutine[object, None, object]]
) -> list[tuple[int | None, int | None]]:
    """Return what a command makes the database note."""
    before = await database.stores.access_changes.newest()
    await database.write(command)
    found = await database.stores.access_changes.after(before)
    assert [one.id for one in found] == [
        before + 1 + index for index in range(len(found))
    ]
    return [(one.user_id, one.room_id) for one in found]


async def test_a_session_that_ends_is_noted(database: Database, user_id: int) -> None:
    async def begin(stores: Stores) -> None:
        for secret in (b"one", b"two"):
            await stores.web_sessions.add(
                secret, user_id=user_id, user_agent="", address="", now_us=NOW
            )

    async def end(stores: Stores) -> None:
        await stores.web_sessions.end_all(user_id)

    assert await changes(database, begin) == []
    assert await changes(database, end) == [(user_id, None)] * 2


async def test_rights_that_change_are_noted_and_nothing_else_is(
    database: Database, user_id: int
) -> None:
    async def rename(stores: Stores) -> None:
        user = await stores.users.get(user_id)
        assert user is not None
        await stores.users.replace(replace(user, name="Anna"))

    async def promote(stores: Stores) -> None:
        user = await stores.users.get(user_id)
        assert user is not None
        await stores.users.replace(replace(user, is_group_admin=True))

    async def fail(stores: Stores) -> None:
        await promote(stores)
        raise ValueError

    assert await changes(database, rename) == []
    with pytest.raises(ValueError):  # noqa: PT011 - the one above
        await changes(database, fail)
    assert await changes(database, promote) == [(user_id, None)]
