# ruff: noqa: ASYNC240 - nothing else runs in these event loops
"""What is stored cannot be read without its key, and keys can be exchanged."""

from __future__ import annotations

from pathlib import Path

import pytest

from hipkit import StorageError
from hipkit.addon.storage.encryption import EncryptedStorage, new_key, open_storage
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import NewEvent, QueuedEvent, Storage
from hipkit.addon.storage.sqlite import SqliteStorage

NOW = 1_480_000_000.0
HOST = "https://chat.example.com"


def event(delivery: str) -> NewEvent:
    return NewEvent(
        oauth_id="one",
        ordering_key=delivery,
        host=HOST,
        handler="h",
        body=b'{"message": "hunter2"}',
        delivery=delivery,
        received_at=NOW,
    )


async def claim(storage: Storage) -> QueuedEvent | None:
    claimed = await storage.claim_events(owner="w", now=NOW, lease_seconds=30, most=1)
    return claimed[0] if claimed else None


async def fill(storage: Storage) -> None:
    await storage.put("installation", "one", b"hunter2")
    await storage.add("state", "one", b"hunter2", now=NOW)
    await storage.add_event(event("1"))


async def check(storage: Storage) -> None:
    assert await storage.get("installation", "one") == b"hunter2"
    assert await storage.find_all("state") == [("one", b"hunter2")]
    claimed = await claim(storage)
    assert claimed is not None
    assert claimed.body == b'{"message": "hunter2"}'


async def test_nothing_readable_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    storage = EncryptedStorage(SqliteStorage(path), new_key())
    await storage.open()
    await fill(storage)
    for file in tmp_path.iterdir():
        assert b"hunter2" not in file.read_bytes()
    await check(storage)
    await storage.aclose()


async def test_what_was_stored_without_a_key_is_encrypted_when_there_is_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.db"
    inner = SqliteStorage(path)
    await fill(inner)
    storage = EncryptedStorage(inner, new_key())
    await storage.open()
    await check(storage)
    await storage.aclose()
    assert b"hunter2" not in path.read_bytes()


async def test_another_key_is_an_error() -> None:
    inner = MemoryStorage()
    storage = EncryptedStorage(inner, new_key())
    await storage.open()
    await fill(storage)
    with pytest.raises(StorageError, match="another key"):
        await EncryptedStorage(inner, new_key()).open()
    await storage.open()
    await check(storage)


async def test_no_key_is_an_error() -> None:
    inner = MemoryStorage()
    storage = EncryptedStorage(inner, new_key())
    await open_storage(storage)
    with pytest.raises(StorageError, match="its key is needed"):
        await open_storage(inner)
    await open_storage(storage)
    await open_storage(MemoryStorage())


async def test_after_an_exchange_the_older_key_is_not_needed() -> None:
    inner, old, new = MemoryStorage(), new_key(), new_key()
    first = EncryptedStorage(inner, old)
    await first.open()
    await fill(first)
    await EncryptedStorage(inner, new, old).open()
    only = EncryptedStorage(inner, new)
    await only.open()
    await check(only)
    with pytest.raises(StorageError, match="another key"):
        await first.open()


async def test_what_a_process_stored_with_the_older_key_during_an_exchange_is_renewed() -> (
    None
):
    inner, old, new = MemoryStorage(), new_key(), new_key()
    first = EncryptedStorage(inner, old)
    await first.open()
    await EncryptedStorage(inner, new, old).open()
    await fill(first)
    await EncryptedStorage(inner, new, old).open()
    only = EncryptedStorage(inner, new)
    await only.open()
    await check(only)


async def test_an_event_of_an_unknown_key_holds_up_its_own_room_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inner, old, new = MemoryStorage(), new_key(), new_key()
    first = EncryptedStorage(inner, old)
    await first.open()
    await EncryptedStorage(inner, new, old).open()
    only = EncryptedStorage(inner, new)
    await first.add_event(event("1"))
    await only.add_event(event("2"))
    claimed = await only.claim_events(owner="w", now=NOW, lease_seconds=30, most=9)
    assert [each.delivery for each in claimed] == ["2"]
    assert "of installation one, waits for a start with the key" in caplog.text
    await only.release_events(owner="w")
    both = EncryptedStorage(inner, new, old)
    await both.open()
    waiting = await claim(both)
    assert waiting is not None
    assert (waiting.delivery, waiting.starts) == ("1", 1)


async def test_what_no_key_opens_does_not_prevent_an_exchange() -> None:
    inner, old, new = MemoryStorage(), new_key(), new_key()
    first = EncryptedStorage(inner, old)
    await first.open()
    await fill(first)
    await inner.put("token", "of a process without a key", b"plain")
    only = EncryptedStorage(inner, new, old)
    await only.open()
    await check(only)
    with pytest.raises(StorageError, match="another key"):
        await only.get("token", "of a process without a key")


@pytest.mark.parametrize("key", ["", "hunter2", "x" * 44, "ü" * 44])
def test_what_is_no_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="32 bytes in URL-safe base64") as caught:
        EncryptedStorage(MemoryStorage(), key)
    with pytest.raises(ValueError, match="32 bytes in URL-safe base64"):
        EncryptedStorage(MemoryStorage(), new_key(), key)
    assert "hunter2" not in str(caught.value)
