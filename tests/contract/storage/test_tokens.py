"""What `TokenStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
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
