"""What `TokenStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord, CodeRecord
from hipkit.server.storage.stores.tokens import NewToken
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_user,
)


async def test_tokens_are_found_by_hash_and_end_with_their_owner(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")

    async def command(stores: Stores) -> None:
        refresh_id = await stores.tokens.add_refresh(
            b"r" * 32, user_id=ann, client_id=None, scopes="view_room", expires_us=None
        )
        new = NewToken(
            hash=b"h" * 32,
            kind="user",
            group_id=group_id,
            user_id=ann,
            scopes="view_room",
            expires_us=NOW,
            refresh_id=refresh_id,
        )
        await stores.tokens.add(new, NOW)

    await database.write(command)
    token = await database.stores.tokens.by_hash(b"h" * 32)
    assert token is not None
    assert (token.user_id, token.scopes, token.expires_us) == (ann, "view_room", NOW)
    assert await database.stores.tokens.by_hash(b"x" * 32) is None

    await database.write(lambda s: s.tokens.revoke(token))
    assert await database.stores.tokens.by_hash(b"h" * 32) is None
    assert await database.stores.tokens.refresh_by_hash(b"r" * 32) is None

    await database.write(command)
    assert await database.write(lambda s: s.tokens.sweep(NOW)) == 0
    assert await database.write(lambda s: s.tokens.sweep(NOW + 1)) == 1


async def test_a_sweep_deletes_what_expired_before_a_time(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    client = ClientRecord("bot", group_id, None, "Bot", b"hash", "view_group", "[]")
    times = (NOW - 1, NOW, None)

    async def command(stores: Stores) -> None:
        await stores.clients.add(client, NOW)
        for number, expires_us in enumerate(times):
            name = b"%d" % number
            await stores.tokens.add_refresh(
                name, user_id=ann, client_id=None, scopes="", expires_us=expires_us
            )
            new = NewToken(
                hash=name,
                kind="user",
                group_id=group_id,
                user_id=ann,
                scopes="",
                expires_us=expires_us,
            )
            await stores.tokens.add(new, NOW)
            code = CodeRecord(ann, "bot", "", "https://app.test/", expires_us or NOW)
            await stores.clients.add_code(name, code)

    await database.write(command)
    tokens = database.stores.tokens

    assert await database.write(lambda stores: stores.tokens.sweep(NOW)) == 1

    gone = [await tokens.by_hash(name) is None for name in (b"0", b"1", b"2")]
    assert gone == [True, False, False]
    gone = [await tokens.refresh_by_hash(name) is None for name in (b"0", b"1", b"2")]
    assert gone == [True, False, False]

    async def take_codes(stores: Stores) -> list[bool]:
        return [
            await stores.clients.take_code(name) is None for name in (b"0", b"1", b"2")
        ]

    assert await database.write(take_codes) == [True, False, False]


async def test_a_refresh_token_stays_as_long_as_its_last_token(
    database: Database,
) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")

    async def command(stores: Stores) -> None:
        refresh_id = await stores.tokens.add_refresh(
            b"r", user_id=ann, client_id=None, scopes="", expires_us=NOW
        )
        new = NewToken(
            hash=b"h",
            kind="user",
            group_id=group_id,
            user_id=ann,
            scopes="",
            expires_us=NOW + 1,
            refresh_id=refresh_id,
        )
        await stores.tokens.add(new, NOW)

    await database.write(command)
    tokens = database.stores.tokens

    await database.write(lambda stores: stores.tokens.sweep(NOW + 1))
    assert await tokens.refresh_by_hash(b"r") is not None
    await database.write(lambda stores: stores.tokens.sweep(NOW + 2))
    assert await tokens.refresh_by_hash(b"r") is None
