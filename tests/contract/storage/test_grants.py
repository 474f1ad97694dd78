"""What `GrantStore` promises, whichever database is below it."""

from __future__ import annotations

import pytest

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord, CodeRecord
from hipkit.server.storage.stores.tokens import NewToken
from hipkit.server.storage.stores.webhooks import NewWebhook
from tests.contract.storage.filling import NOW, add_group, add_room, add_user


@pytest.fixture
async def filled(database: Database) -> Database:
    """A database with a group, a user, a room and a client."""
    group_id = await add_group(database)
    user_id = await add_user(database, group_id, "ann")
    await add_room(database, group_id, user_id, "one")
    client = ClientRecord("bot", group_id, None, "Bot", b"hash", "view_group", "[]")
    await database.write(lambda stores: stores.clients.add(client, NOW))
    return database


async def kept(database: Database, grant_ids: list[int]) -> list[int]:
    grants = database.stores.grants
    return [number for number in grant_ids if await grants.get(number) is not None]


async def test_a_sweep_keeps_the_grants_that_something_belongs_to(
    filled: Database,
) -> None:
    async def command(stores: Stores) -> list[int]:
        unused = [await stores.grants.add(user_id=1) for _ in range(2)]
        of_refresh, of_code, of_webhook, parent = [
            await stores.grants.add(user_id=1) for _ in range(4)
        ]
        await stores.tokens.add_refresh(
            b"r",
            user_id=1,
            client_id=None,
            scopes="",
            expires_us=None,
            grant_id=of_refresh,
        )
        code = CodeRecord(1, "bot", "", "https://app.test/", NOW, of_code)
        await stores.clients.add_code(b"c", code)
        webhook = NewWebhook(
            group_id=1,
            room_id=1,
            client_id=None,
            user_id=1,
            key="k",
            name="",
            url="http://a.example/",
            event="room_message",
            pattern=None,
            authentication="none",
            grant_id=of_webhook,
        )
        await stores.webhooks.add(webhook, position=0, now_us=NOW)
        token = NewToken(
            hash=b"t",
            kind="user",
            group_id=1,
            user_id=1,
            scopes="",
            expires_us=None,
        )
        token_id = await stores.tokens.add(token, NOW, parent_id=parent)
        stored = await stores.tokens.get(token_id)
        assert stored is not None
        return [*unused, of_refresh, of_code, of_webhook, parent, stored.grant_id]

    grant_ids = await filled.write(command)

    assert await filled.write(lambda stores: stores.grants.sweep(0, 100)) == 0

    assert await kept(filled, grant_ids) == grant_ids[2:]


async def test_a_sweep_looks_at_some_grants_after_a_position(filled: Database) -> None:
    async def command(stores: Stores) -> list[int]:
        return [await stores.grants.add(user_id=1) for _ in range(5)]

    grant_ids = await filled.write(command)
    first, _, third, fourth, fifth = grant_ids

    assert await filled.write(lambda stores: stores.grants.sweep(first, 2)) == third
    assert await kept(filled, grant_ids) == [first, fourth, fifth]
    assert await filled.write(lambda stores: stores.grants.sweep(third, 3)) == 0
    assert await kept(filled, grant_ids) == [first]
    assert await filled.write(lambda stores: stores.grants.sweep(first, 2)) == 0


async def test_a_grant_ends_with_those_that_were_given_for_it(filled: Database) -> None:
    async def command(stores: Stores) -> list[int]:
        made = [await stores.grants.add(user_id=1)]
        for _ in range(3):
            made.append(await stores.grants.add(parent_id=made[-1], user_id=1))
        made.append(await stores.grants.add(user_id=1))
        return made

    first, *below, other = await filled.write(command)

    await filled.write(lambda stores: stores.grants.end(below[0]))

    assert await kept(filled, [first, *below, other]) == [first, other]


async def test_grants_end_with_their_user_client_or_room(filled: Database) -> None:
    async def command(stores: Stores) -> list[int]:
        return [
            await stores.grants.add(user_id=1),
            await stores.grants.add(client_id="bot"),
            await stores.grants.add(room_id=1),
            await stores.grants.add(),
        ]

    grant_ids = await filled.write(command)

    await filled.write(lambda stores: stores.grants.end_of_user(1))
    assert await kept(filled, grant_ids) == grant_ids[1:]
    await filled.write(lambda stores: stores.grants.end_of_client("bot"))
    assert await kept(filled, grant_ids) == grant_ids[2:]
    await filled.write(lambda stores: stores.grants.end_of_room(1))
    assert await kept(filled, grant_ids) == grant_ids[3:]
