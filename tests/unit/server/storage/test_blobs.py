from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.blobs import KEY, BlobStore


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


def test_a_full_disk_raises_an_error_that_may_pass_and_leaves_no_file(
    files: BlobStore,
) -> None:
    with files_no_larger_than(1000), pytest.raises(StorageError) as caught:
        files.save(bytes(2000))

    assert caught.value.may_pass
    assert [path for path in files.path.rglob("*") if path.is_file()] == []


def test_a_file_that_cannot_be_removed_is_a_storage_error(files: BlobStore) -> None:
    files.save(b"data")
    (files.path / "no-upload.part").mkdir()

    with pytest.raises(StorageError, match="cannot be written"):
        files.remove_parts()


def test_a_file_is_found_by_its_key_only(files: BlobStore) -> None:
    key = files.save(b"data")
    path = files.find(key)

    assert KEY.fullmatch(key)
    assert path is not None
    assert path.read_bytes() == b"data"
    for other in ("", "x" * 43, "../" + key, key + "/", f"{key[:2]}/{key}", ".lock"):
        assert files.find(other) is None, other


def test_an_upload_is_a_file_once_it_is_kept(files: BlobStore) -> None:
    upload = files.upload()
    upload.write(b"da")
    upload.write(b"ta")
    assert files.find(upload.key) is None

    key = upload.keep()
    upload.close()

    path = files.find(key)
    assert path is not None
    assert path.read_bytes() == b"data"
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_upload_that_is_closed_leaves_no_file(files: BlobStore) -> None:
    upload = files.upload()
    upload.write(b"data")

    upload.close()
    upload.close()

    assert not upload.path.exists()
    with pytest.raises(ValueError, match="closed"):
        upload.write(b"more")


def test_adding_files_and_exclusive_access_hold_each_other_off(
    files: BlobStore,
) -> None:
    other = BlobStore(files.path)
    with files.shared(), other.shared(), other.exclusive() as is_exclusive:
        assert not is_exclusive
    with files.exclusive() as is_exclusive, other.exclusive() as is_second:
        assert (is_exclusive, is_second) == (True, False)


def test_a_listing_has_only_files_in_the_folder_of_their_key(files: BlobStore) -> None:
    key = files.save(b"data")
    foreign = "zz" + key[2:]
    (files.place(key).parent / foreign).write_bytes(b"in another key's folder")
    (files.place(key).parent / "notes.txt").write_bytes(b"no key")
    (files.path / "readme").mkdir()

    assert set().union(*files.listing()) == {key}


def test_a_file_is_moved_aside_and_back_unchanged(files: BlobStore) -> None:
    key = files.save(b"data")

    files.set_aside(key, 1_700_000_000)
    assert files.find(key) is None
    assert files.orphans() == {key}
    files.take_back(key)

    path = files.find(key)
    assert path is not None
    assert path.read_bytes() == b"data"
    assert files.orphans() == set()
