from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from hipkit.api.errors import NotFoundError, StorageError
from hipkit.server.services.files.stored import removed_on_failure
from hipkit.server.storage.blobs import BlobStore


@pytest.fixture
def files(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "files")


@contextlib.contextmanager
def files_no_larger_than(size_bytes: int) -> Iterator[None]:
    """Fail every write beyond a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_takes_no_more_may_pass_and_leaves_nothing(
    files: BlobStore,
) -> None:
    with files_no_larger_than(1000), pytest.raises(StorageError) as caught:
        files.save(bytes(2000))

    assert caught.value.may_pass
    assert [path for path in files.path.rglob("*") if path.is_file()] == []


async def test_a_file_goes_with_the_command_that_was_to_name_it(
    files: BlobStore,
) -> None:
    key = files.save(b"data")

    with pytest.raises(NotFoundError), removed_on_failure(files, key):
        raise NotFoundError("the room is gone")

    assert files.find(key) is None


async def test_a_file_outlives_a_caller_that_no_longer_waits(files: BlobStore) -> None:
    key = files.save(b"data")

    with pytest.raises(asyncio.CancelledError), removed_on_failure(files, key):
        raise asyncio.CancelledError

    assert files.find(key) is not None


def test_what_cannot_be_removed_is_a_fault_of_the_folder(files: BlobStore) -> None:
    files.save(b"data")
    (files.path / "no-upload.part").mkdir()

    with pytest.raises(StorageError, match="cannot be written"):
        files.remove_parts()
