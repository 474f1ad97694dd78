from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hipkit.api.errors import NotFoundError
from hipkit.server.services.files.stored import removed_on_failure
from hipkit.server.storage.blobs import BlobStore


@pytest.fixture
def files(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "files")


async def test_a_file_is_removed_if_the_command_that_adds_its_row_fails(
    files: BlobStore,
) -> None:
    key = files.save(b"data")

    with pytest.raises(NotFoundError), removed_on_failure(files, key):
        raise NotFoundError("the room is gone")

    assert files.find(key) is None


async def test_a_file_stays_if_its_caller_is_cancelled(files: BlobStore) -> None:
    key = files.save(b"data")

    with pytest.raises(asyncio.CancelledError), removed_on_failure(files, key):
        raise asyncio.CancelledError

    assert files.find(key) is not None
