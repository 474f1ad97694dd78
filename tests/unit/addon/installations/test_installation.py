"""Installations are stored with their secret, and shown without it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hipkit import StorageError
from hipkit.addon.installations.installation import Installation, Installations
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.sqlite import SqliteStorage
from hipkit.api.secret import Secret

ONE = Installation(
    oauth_id="one",
    secret=Secret("hunter2"),
    host="https://api.hipchat.com",
    capabilities_url="https://api.hipchat.com/v2/capabilities",
    api_url="https://api.hipchat.com/v2",
    token_url="https://api.hipchat.com/v2/oauth/token",
    authorization_url="https://www.hipchat.com/users/authorize",
    group_id=347386,
    group_name="Example",
    room_id=2656454,
    scopes=("send_notification", "view_room"),
    installed_at=1.5,
    gone_at=2.5,
    removal_at=3.5,
)


async def test_an_installation_is_found_as_it_was_saved() -> None:
    installations = Installations(MemoryStorage())
    least = replace(
        ONE,
        oauth_id="two",
        authorization_url=None,
        group_id=None,
        room_id=None,
        gone_at=None,
        removal_at=None,
    )
    for each in (ONE, least):
        await installations.save(each)
        assert await installations.find(each.oauth_id) == each
    assert await installations.find_all() == [ONE, least]
    assert await installations.find("three") is None


async def test_saving_replaces_the_installation_of_that_id() -> None:
    installations = Installations(MemoryStorage())
    await installations.save(ONE)
    await installations.save(replace(ONE, gone_at=None))
    assert await installations.find_all() == [replace(ONE, gone_at=None)]


async def test_what_belongs_to_an_installation_is_removed_with_it() -> None:
    storage = MemoryStorage()
    installations = Installations(storage)
    await installations.save(ONE)
    await storage.put("token", "one", b"x", owner="one")
    await installations.remove("one")
    assert await installations.find("one") is None
    assert await storage.get("token", "one") is None


def test_the_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(ONE)


@pytest.mark.parametrize("value", [b"", b"{}", b'{"secret": "hunter2"}', b"\xff"])
async def test_a_damaged_record_is_an_error_that_shows_nothing(value: bytes) -> None:
    storage = MemoryStorage()
    await storage.put("installation", "one", value)
    with pytest.raises(StorageError, match="cannot be read") as caught:
        await Installations(storage).find("one")
    assert "hunter2" not in str(caught.value)


class Counting(MemoryStorage):
    """Counts what is read, and may change something meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.changing = False

    def version(self) -> int | None:
        return None if self.changing else super().version()

    async def get(self, kind: str, key: str, *, now: float = 0.0) -> bytes | None:
        self.reads += 1
        return await super().get(kind, key, now=now)


async def test_an_installation_is_read_once_until_anything_changes() -> None:
    storage = Counting()
    installations = Installations(storage)
    await installations.save(ONE)
    for _ in range(3):
        assert await installations.find("one") == ONE
    assert storage.reads == 1
    await Installations(storage).save(replace(ONE, gone_at=9.0))
    assert await installations.find("one") == replace(ONE, gone_at=9.0)


async def test_what_is_read_during_a_change_is_read_again() -> None:
    storage = Counting()
    installations = Installations(storage)
    await installations.save(ONE)
    storage.changing = True
    for _ in range(2):
        assert await installations.find("one") == ONE
    storage.changing = False
    assert await installations.find("one") == ONE
    assert storage.reads == 3


async def test_a_removal_by_another_process_takes_effect_at_once(
    tmp_path: Path,
) -> None:
    # Two objects share nothing but the files, as two processes do.
    here, there = (SqliteStorage(tmp_path / "add on.db") for _ in range(2))
    installations = Installations(here)
    await installations.save(ONE)
    assert await installations.find("one") == ONE
    await Installations(there).remove("one")
    assert await installations.find("one") is None
    for each in (here, there):
        await each.aclose()
