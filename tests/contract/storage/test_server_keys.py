"""What `ServerKeyStore` promises, whichever database is below it."""

from __future__ import annotations

from hipkit.server.storage.protocol import Database


async def test_the_first_secret_for_a_purpose_stays(database: Database) -> None:
    keys = database.stores.server_keys

    assert await keys.get("links") is None
    await database.write(lambda stores: stores.server_keys.add("links", "first"))
    await database.write(lambda stores: stores.server_keys.add("links", "second"))

    assert await keys.get("links") == "first"
    assert await keys.get("other") is None
