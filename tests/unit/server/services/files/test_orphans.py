"""Files that nothing names: moved aside at a start, removed a month later, taken back if named."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hipkit.api.errors import StorageError
from hipkit.server.services.files.orphans import (
    ORPHAN_SECONDS,
    settle_files,
    sweep_orphans,
)
from hipkit.server.services.representations.timestamps import SECOND_US
from hipkit.server.storage.blobs import BlobStore
from hipkit.server.storage.sqlite.database import SqliteDatabase

NOW = 1_700_000_000
DAY = 24 * 60 * 60


class Place:
    """A database and its folder, without a server."""

    def __init__(self, folder: Path) -> None:
        self.database = SqliteDatabase.open(folder / "hipkit.db", durable=False)
        self.files = BlobStore(folder / "hipkit.db.files")

    async def add(self, content: bytes, *, is_named: bool) -> str:
        key = self.files.save(content)
        if is_named:
            await self.name(key)
        return key

    async def name(self, key: str) -> None:
        await self.database.write(
            lambda stores: stores.files.add(
                group_id=1,
                key=key,
                name="a",
                size_bytes=1,
                content_type="text/plain",
                now_us=NOW,
            )
        )

    async def forget(self, key: str) -> None:
        await self.database.write(lambda stores: stores.files.remove(key))

    async def settle(self, now: int = NOW) -> None:
        await settle_files(self.database, self.files, now * SECOND_US)

    def sweep(self, earliest: int, latest: int | None = None) -> None:
        latest_us = (earliest if latest is None else latest) * SECOND_US
        sweep_orphans(self.files, earliest * SECOND_US, latest_us)

    @property
    def orphans(self) -> set[str]:
        if not self.files.orphanage.exists():
            return set()
        return {path.name for path in self.files.orphanage.iterdir()}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    opened = Place(tmp_path)
    await opened.database.write(
        lambda stores: stores.groups.add(name="Acme", subdomain="acme", now_us=NOW)
    )
    yield opened
    opened.database.close()


async def test_a_file_without_a_row_is_moved_aside_and_others_stay(
    place: Place,
) -> None:
    named = [await place.add(b"named", is_named=True) for _ in range(20)]
    others = {await place.add(b"other", is_named=False) for _ in range(20)}

    await place.settle()

    assert place.orphans == others
    assert all(place.files.find(key) for key in named)
    assert not any(place.files.find(key) for key in others)


@pytest.mark.parametrize("written", [0, NOW, 4_000_000_000])
async def test_a_broken_upload_is_removed_whenever_it_was_written(
    place: Place, written: int
) -> None:
    upload = place.files.upload()
    os.utime(upload.path, (written, written))

    await place.settle()

    assert not upload.path.exists()
    upload.close()


@pytest.mark.parametrize("written", [0, NOW, 4_000_000_000])
async def test_an_orphan_is_recognised_by_its_row_and_not_by_its_age(
    place: Place, written: int
) -> None:
    named = await place.add(b"named", is_named=True)
    other = await place.add(b"other", is_named=False)
    for key in (named, other):
        os.utime(place.files.place(key), (written, written))

    await place.settle()

    assert place.orphans == {other}


async def test_nothing_is_decided_while_another_program_adds_files(
    place: Place,
) -> None:
    key = await place.add(b"its row comes soon", is_named=False)
    upload = place.files.upload()

    with BlobStore(place.files.path).shared():
        await place.settle()

    assert place.orphans == set()
    assert place.files.find(key) is not None
    assert upload.path.exists()
    upload.close()


async def test_a_file_whose_row_comes_back_does_so_too(place: Place) -> None:
    key = await place.add(b"content", is_named=True)
    await place.forget(key)  # as an older copy of the database would
    await place.settle()
    assert place.orphans == {key}

    await place.name(key)
    await place.settle()

    found = place.files.find(key)
    assert found is not None
    assert found.read_bytes() == b"content"
    assert place.orphans == set()


async def test_other_files_in_the_folder_are_ignored(place: Place) -> None:
    key = await place.add(b"other", is_named=False)
    folder = place.files.path / "ab"
    folder.mkdir(exist_ok=True)
    strangers = [
        place.files.path / "README",
        folder / "notes.txt",
        folder / ("c" * 43),  # a key that belongs elsewhere
        folder / ("ab" + "d" * 42),
    ]
    for stranger in strangers:
        stranger.write_bytes(b"x")
    (folder / ("ab" + "e" * 41)).mkdir()

    await place.settle()

    assert place.orphans == {key}
    assert all(stranger.exists() for stranger in strangers)
    assert (folder / ("ab" + "e" * 41)).is_dir()


async def test_a_start_without_files_creates_no_folder(place: Place) -> None:
    await place.settle()
    place.sweep(NOW)

    assert not place.files.path.exists()


async def test_an_orphan_is_removed_a_month_later(place: Place) -> None:
    key = await place.add(b"other", is_named=False)
    await place.settle(NOW)

    place.sweep(NOW + ORPHAN_SECONDS - 1)
    assert place.orphans == {key}

    place.sweep(NOW + ORPHAN_SECONDS + 1)
    assert place.orphans == set()


async def test_an_orphan_stays_while_only_one_clock_says_a_month(place: Place) -> None:
    key = await place.add(b"other", is_named=False)
    await place.settle(NOW)

    place.sweep(earliest=NOW + DAY, latest=NOW + 100 * DAY)

    assert place.orphans == {key}


async def test_a_clock_that_ran_ahead_keeps_an_orphan_for_a_month_and_no_longer(
    place: Place,
) -> None:
    key = await place.add(b"other", is_named=False)
    await place.settle(NOW + 9_000 * DAY)

    place.sweep(NOW)
    place.sweep(NOW + ORPHAN_SECONDS - 1)
    assert place.orphans == {key}

    place.sweep(NOW + ORPHAN_SECONDS + 1)
    assert place.orphans == set()


async def test_settling_again_does_not_restart_the_month(place: Place) -> None:
    await place.add(b"other", is_named=False)
    await place.settle(NOW)
    await place.settle(NOW + 20 * DAY)

    place.sweep(NOW + ORPHAN_SECONDS + 1)

    assert place.orphans == set()


async def test_a_database_that_cannot_be_read_orphans_nothing(place: Place) -> None:
    key = await place.add(b"named", is_named=True)
    place.database.close()

    with pytest.raises(StorageError):
        await place.settle()

    assert place.files.find(key) is not None
