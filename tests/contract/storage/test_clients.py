"""What `ClientStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database, Stores
from hipkit.server.storage.stores.clients import ClientRecord, CodeRecord
from tests.contract.storage.filling import (
    NOW,
    add_group,
    add_user,
)


async def test_clients_are_listed_in_the_order_of_their_creation(
    database: Database,
) -> None:
    group_id, other_id = await add_group(database), await add_group(database)
    for number, (client_id, owner) in enumerate(
        (("second", group_id), ("other", other_id), ("first", group_id))
    ):
        client = ClientRecord(
            client_id, owner, None, "Bot", b"hash", "view_group", "[]"
        )

        async def add(
            stores: Stores, client: ClientRecord = client, number: int = number
        ) -> None:
            await stores.clients.add(client, NOW - number)

        await database.write(add)

    found = await database.stores.clients.of_group(group_id)
    assert [client.id for client in found] == ["first", "second"]


async def test_a_code_is_returned_once(database: Database) -> None:
    group_id = await add_group(database)
    ann = await add_user(database, group_id, "ann")
    client = ClientRecord(
        id="c",
        group_id=group_id,
        room_id=None,
        name="Bot",
        secret_hash=b"s",
        scopes="view_room",
        redirect_uris="[]",
    )
    code = CodeRecord(
        user_id=ann,
        client_id="c",
        scopes="view_room",
        redirect_uri="https://x",
        expires_us=NOW,
    )
    await database.write(lambda s: s.clients.add(client, NOW))
    await database.write(lambda s: s.clients.add_code(b"k", code))

    assert await database.stores.clients.get("c") == client
    assert await database.write(lambda s: s.clients.take_code(b"k")) == code
    assert await database.write(lambda s: s.clients.take_code(b"k")) is None
    assert await database.write(lambda s: s.clients.delete("c"))
    assert not await database.write(lambda s: s.clients.delete("c"))
