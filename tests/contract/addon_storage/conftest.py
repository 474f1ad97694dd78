"""The storages of add-ons, to which the same tests apply."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hipkit.addon.storage.encryption import EncryptedStorage, new_key
from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import Storage
from hipkit.addon.storage.sqlite import SqliteStorage


@pytest.fixture(params=["memory", "sqlite", "encrypted"])
async def storage(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Storage]:
    made: Storage = MemoryStorage()
    if request.param != "memory":
        made = SqliteStorage(tmp_path / "add on.db", durable=False)
    if request.param == "encrypted":
        made = EncryptedStorage(made, new_key())
    await made.open()
    yield made
    await made.aclose()
