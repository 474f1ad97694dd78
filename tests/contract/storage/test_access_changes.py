"""The database notes by itself who may have lost access to something."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest
from msgspec.structs import replace

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord
from hipkit.server.storage.stores.tokens import NewToken, TokenRecord
from hipkit.server.storage.stores.users import UserRecord
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_room,
    add_user,
    conversation_of,
    message,
)

CLIENT = ClientRecord(
    id="client",
    group_id=1,
    room_id=None,
    name="Build bot",
    secret_hash=b"",
    scopes="send_notification",
    redirect_uris="[]",
)


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


async def advances(
    database: Database, command: Callable[[Stores], Coroutine[object, None, object]]
) -> bool:
    """Return whether a command advances the version of actors."""
    stores = database.stores.access_changes
    before = await stores.actor_version()
    await database.write(command)
    after = await stores.actor_version()
    assert before is not None
    assert after is not None
    assert after >= before
    return after > before


async def add_token(
    database: Database, user_id: int, client_id: str | None = None
) -> TokenRecord:
    user = await database.stores.users.get(user_id)
    assert user is not None
    token = NewToken(
        hash=b"hash",
        kind="user",
        group_id=user.group_id,
        user_id=user_id,
        client_id=client_id,
        scopes="view_room",
        name="",
        expires_us=None,
    )
    token_id = await database.write(lambda stores: stores.tokens.add(token, NOW))
    found = await database.stores.tokens.get(token_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "column", sorted(set(UserRecord.__struct_fields__) - {"last_active_us"})
)
async def test_every_change_of_a_user_advances_the_version_of_actors(
    database: Database, user_id: int, column: str
) -> None:
    async def update(stores: Stores) -> None:
        await stores.users._session.run(f"UPDATE users SET {column} = {column}")  # noqa: S608 - ours

    assert await advances(database, update)


async def test_a_token_that_ends_with_its_grant_advances_the_version_of_actors(
    database: Database, user_id: int
) -> None:
    token = await add_token(database, user_id)

    assert await advances(database, lambda stores: stores.tokens.revoke(token))
    assert await database.stores.tokens.get(token.id) is None


async def test_a_client_that_is_deleted_advances_the_version_of_actors(
    database: Database, user_id: int
) -> None:
    await database.write(lambda stores: stores.clients.add(CLIENT, NOW))

    assert await advances(database, lambda stores: stores.clients.delete(CLIENT.id))


async def test_a_deleted_user_advances_the_version_of_actors(
    database: Database, user_id: int
) -> None:
    assert await advances(database, lambda stores: stores.users.delete(user_id, "w"))


async def test_a_command_that_fails_leaves_the_version_of_actors(
    database: Database, user_id: int
) -> None:
    token = await add_token(database, user_id)

    async def fail(stores: Stores) -> None:
        await stores.tokens.revoke(token)
        raise ValueError

    before = await database.stores.access_changes.actor_version()
    with pytest.raises(ValueError):  # noqa: PT011 - the one above
        await database.write(fail)
    assert await database.stores.access_changes.actor_version() == before


async def test_messages_and_new_tokens_leave_the_version_of_actors(
    database: Database, user_id: int
) -> None:
    user = await database.stores.users.get(user_id)
    assert user is not None
    room_id = await add_room(database, user.group_id, user_id, "Ops")
    conversation_id = await conversation_of(database.stores, room_id)

    async def say(stores: Stores) -> None:
        await stores.messages.add(conversation_id, message(1, user_id), NOW)
        await stores.users.touch(user_id, NOW)

    before = await database.stores.access_changes.actor_version()
    await database.write(say)
    await add_token(database, user_id)
    assert await database.stores.access_changes.actor_version() == before


async def test_what_actors_depend_on_is_no_change_of_access_by_itself(
    database: Database, user_id: int
) -> None:
    # Open streams ask again at each change of access: a token that ends is none.
    token = await add_token(database, user_id)

    assert await changes(database, lambda stores: stores.tokens.revoke(token)) == []
