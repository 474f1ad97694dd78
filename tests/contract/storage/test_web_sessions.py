from __future__ import annotations

import pytest

from hipkit.server.storage.protocol import Database, Stores
from tests.contract.storage.filling import NOW, add_group, add_user


@pytest.fixture
async def user_id(database: Database) -> int:
    return await add_user(database, await add_group(database), "ann")


async def add(stores: Stores, secret: bytes, user_id: int, now_us: int = NOW) -> int:
    return await stores.web_sessions.add(
        secret, user_id=user_id, user_agent="a", address="b", now_us=now_us
    )


async def test_a_session_is_found_by_its_hash_until_it_is_ended(
    database: Database, user_id: int
) -> None:
    async def command(stores: Stores) -> int:
        await add(stores, b"other", user_id)
        return await add(stores, b"one", user_id)

    number = await database.write(command)
    found = await database.stores.web_sessions.by_hash(b"one")
    await database.write(lambda stores: stores.web_sessions.end(user_id + 1, number))
    still = await database.stores.web_sessions.by_hash(b"one")
    await database.write(lambda stores: stores.web_sessions.end(user_id, number))

    assert found is not None
    assert (found.id, found.user_id, found.last_seen_us) == (number, user_id, NOW)
    assert still == found
    assert await database.stores.web_sessions.by_hash(b"one") is None
    assert await database.stores.web_sessions.by_hash(b"other") is not None


async def test_the_last_seen_session_is_listed_first(
    database: Database, user_id: int
) -> None:
    async def command(stores: Stores) -> tuple[int, int]:
        first = await add(stores, b"one", user_id)
        second = await add(stores, b"two", user_id)
        await stores.web_sessions.touch(first, "elsewhere", NOW + 1)
        return first, second

    first, second = await database.write(command)
    found = await database.stores.web_sessions.of_user(user_id)

    assert [session.id for session in found] == [first, second]
    assert (found[0].address, found[0].last_seen_us) == ("elsewhere", NOW + 1)


async def test_all_sessions_are_ended_but_one(database: Database, user_id: int) -> None:
    async def command(stores: Stores) -> int:
        kept = await add(stores, b"one", user_id)
        await add(stores, b"two", user_id)
        await add(stores, b"three", user_id)
        await stores.web_sessions.end_all(user_id, but=kept)
        return kept

    kept = await database.write(command)
    found = await database.stores.web_sessions.of_user(user_id)

    assert [session.id for session in found] == [kept]
    await database.write(lambda stores: stores.web_sessions.end_all(user_id))
    assert await database.stores.web_sessions.of_user(user_id) == []


async def test_sweeping_removes_what_is_too_old_or_was_not_used(
    database: Database, user_id: int
) -> None:
    async def command(stores: Stores) -> None:
        old = await add(stores, b"old", user_id, NOW - 100)
        await stores.web_sessions.touch(old, "b", NOW)
        await add(stores, b"unused", user_id, NOW - 20)
        await add(stores, b"good", user_id, NOW)
        await stores.web_sessions.sweep(created_us=NOW - 50, last_seen_us=NOW - 10)

    await database.write(command)

    found = await database.stores.web_sessions.of_user(user_id)
    assert [session.hash for session in found] == [b"good"]


async def test_a_newer_link_takes_the_place_of_one_that_was_not_used(
    database: Database, user_id: int
) -> None:
    async def command(stores: Stores) -> None:
        links = stores.web_sessions
        await links.add_link(b"used", user_id, NOW + 5)
        await links.use_link(b"used", NOW)
        await links.add_link(b"older", user_id, NOW + 5)
        await links.add_link(b"newer", user_id, NOW + 6)

    await database.write(command)
    links = database.stores.web_sessions
    used, newer = await links.link_by_hash(b"used"), await links.link_by_hash(b"newer")

    assert used is not None
    assert used.used_us == NOW
    assert await links.link_by_hash(b"older") is None
    assert newer is not None
    assert (newer.user_id, newer.expires_us, newer.used_us) == (user_id, NOW + 6, None)
    await database.write(lambda stores: stores.web_sessions.sweep_links(NOW + 6))
    assert await links.link_by_hash(b"used") is None
    assert await links.link_by_hash(b"newer") is not None
