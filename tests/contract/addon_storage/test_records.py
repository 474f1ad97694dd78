"""Records: bytes with a kind and a key, that may expire and belong to an installation."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from hipkit.addon.storage.protocol import NewEvent, Storage

NOW = 1_480_000_000.0
HOST = "https://chat.example.com"


async def test_a_record_is_read_as_it_was_stored(storage: Storage) -> None:
    value = bytes(range(256))
    await storage.put("token", "a", value)
    assert await storage.get("token", "a") == value


async def test_what_was_not_stored_is_none(storage: Storage) -> None:
    await storage.put("token", "a", b"1")
    assert await storage.get("token", "b") is None
    assert await storage.get("pin", "a") is None
    assert await storage.take("pin", "a", now=NOW) is None
    assert not await storage.delete("pin", "a")


async def test_put_replaces_value_owner_and_end(storage: Storage) -> None:
    await storage.put("token", "a", b"1", owner="one", expires_at=NOW)
    await storage.put("token", "a", b"2", owner="two")
    await storage.delete_owner("one")
    assert await storage.get("token", "a", now=NOW) == b"2"


async def test_keys_are_any_text(storage: Storage) -> None:
    keys = ["", "'; --", "ü", "a\x00b", "x" * 5000, "%", "_"]
    for key in keys:
        await storage.put("kind", key, key.encode())
    for key in keys:
        assert await storage.get("kind", key) == key.encode()


async def test_find_all_returns_a_kind_by_key(storage: Storage) -> None:
    for key in ("b", "a", "c"):
        await storage.put("token", key, key.encode())
    await storage.put("pin", "d", b"d")
    await storage.put("token", "e", b"e", expires_at=NOW)
    found = await storage.find_all("token", now=NOW)
    assert found == [("a", b"a"), ("b", b"b"), ("c", b"c")]


@pytest.mark.parametrize(("now", "is_there"), [(NOW - 1, True), (NOW, False)])
async def test_a_record_is_good_until_it_expires(
    storage: Storage, now: float, *, is_there: bool
) -> None:
    await storage.put("state", "a", b"1", expires_at=NOW)
    await storage.put("state", "b", b"1", expires_at=NOW)
    assert (await storage.get("state", "a", now=now) == b"1") is is_there
    assert (await storage.take("state", "a", now=now) == b"1") is is_there
    assert await storage.add("state", "b", b"2", now=now) is not is_there


async def test_add_stores_only_what_is_not_there(storage: Storage) -> None:
    assert await storage.add("seen", "a", b"1", now=NOW)
    assert not await storage.add("seen", "a", b"2", now=NOW)
    assert await storage.get("seen", "a") == b"1"


async def test_take_returns_a_record_once(storage: Storage) -> None:
    await storage.put("state", "a", b"1")
    assert await storage.take("state", "a", now=NOW) == b"1"
    assert await storage.take("state", "a", now=NOW) is None


async def test_delete_says_whether_there_was_one(storage: Storage) -> None:
    await storage.put("state", "a", b"1")
    assert await storage.delete("state", "a")
    assert not await storage.delete("state", "a")


async def test_what_belongs_to_an_installation_goes_with_it(storage: Storage) -> None:
    await storage.put("token", "a", b"1", owner="one")
    await storage.add("pin", "a", b"1", now=NOW, owner="one")
    await storage.put("token", "b", b"2", owner="two")
    for oauth_id in ("one", "two"):
        event = NewEvent(
            oauth_id=oauth_id,
            ordering_key="",
            host=HOST,
            handler="h",
            body=b"{}",
            delivery="1",
            received_at=NOW,
        )
        assert await storage.add_event(event)
    await storage.delete_owner("one")
    assert await storage.get("token", "a") is None
    assert await storage.get("pin", "a") is None
    assert await storage.get("token", "b") == b"2"
    claimed = await storage.claim_events(owner="w", now=NOW, lease_seconds=9, most=2)
    assert [each.oauth_id for each in claimed] == ["two"]


async def test_a_sweep_keeps_what_is_good(storage: Storage) -> None:
    await storage.put("state", "old", b"1", expires_at=NOW)
    await storage.put("state", "good", b"1", expires_at=NOW + 1)
    await storage.put("state", "endless", b"1")
    await storage.sweep(now=NOW)
    # Seen from before its end, an expired record would still be there.
    found = await storage.find_all("state", now=NOW - 9)
    assert [key for key, _ in found] == ["endless", "good"]


async def test_rewriting_changes_all_values_and_bodies(storage: Storage) -> None:
    await storage.put("state", "a", b"1", owner="one", expires_at=NOW)
    event = NewEvent(
        oauth_id="one",
        ordering_key="",
        host=HOST,
        handler="h",
        body=b"{}",
        delivery="1",
        received_at=NOW,
    )
    await storage.add_event(event)
    await storage.rewrite(lambda value: value + b"!")
    assert await storage.get("state", "a", now=NOW - 1) == b"1!"
    assert await storage.get("state", "a", now=NOW) is None
    (claimed,) = await storage.claim_events(owner="w", now=NOW, lease_seconds=9, most=1)
    assert claimed.body == b"{}!"


async def test_deliveries_of_an_installation_that_was_deleted_are_forgotten(
    storage: Storage,
) -> None:
    event = NewEvent(
        oauth_id="one",
        ordering_key="",
        host=HOST,
        handler="h",
        body=b"{}",
        delivery="1",
        received_at=NOW,
    )
    assert await storage.add_event(event)
    await storage.delete_owner("one")
    assert await storage.add_event(event)


async def test_the_version_is_another_one_after_each_change(storage: Storage) -> None:
    async def changed(change: Awaitable[object]) -> bool:
        before = storage.version()
        await change
        return storage.version() not in (before, None)

    assert await changed(storage.put("state", "a", b"1", owner="one"))
    assert await changed(storage.add("state", "b", b"1", now=NOW))
    assert await changed(storage.delete("state", "a"))
    assert await changed(storage.take("state", "b", now=NOW))
    assert await changed(storage.delete_owner("one"))


async def test_the_version_stays_while_records_are_read_and_events_come(
    storage: Storage,
) -> None:
    before = storage.version()
    await storage.get("state", "a")
    event = NewEvent(
        oauth_id="one",
        ordering_key="",
        host=HOST,
        handler="h",
        body=b"{}",
        delivery="1",
        received_at=NOW,
    )
    await storage.add_event(event)
    (claimed,) = await storage.claim_events(owner="w", now=NOW, lease_seconds=9, most=1)
    await storage.finish_events([claimed.id], owner="w")
    assert storage.version() == before
