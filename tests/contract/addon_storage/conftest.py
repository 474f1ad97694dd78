"""The storages of add-ons, to which the same tests apply."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hipkit.addon.storage.memory import MemoryStorage
from hipkit.addon.storage.protocol import Storage


@pytest.fixture(params=["memory"])
async def storage(request: pytest.FixtureRequest) -> AsyncIterator[Storage]:
    made = MemoryStorage()
    await made.open()
    yield made
    await made.aclose()
