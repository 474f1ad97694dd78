"""What holds for the SQLite file alone: whose it is, and how its writer commits."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from hipkit.errors import StorageError
from hipkit.server.storage.database import Stores
from hipkit.server.storage.sqlite import SqliteDatabase
from hipkit.server.storage.sqlite_file import APPLICATION_ID

NOW = 1_700_000_000_000_000


async def add_group(database: SqliteDatabase, name: str) -> int:
    return await database.write(
        lambda stores: stores.groups.add(name=name, subdomain="", now_us=NOW)
    )


def make(path: Path) -> None:
    SqliteDatabase.open(path, durable=False).close()


def other_programs_file(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (a)")
    connection.commit()
    connection.close()


def test_a_new_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    make(tmp_path / "hipkit.db")

    assert stat.S_IMODE((tmp_path / "hipkit.db").stat().st_mode) == 0o600


def test_what_is_stored_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    first = SqliteDatabase.open(path)
    asyncio.run(add_group(first, "One"))
    first.close()

    second = SqliteDatabase.open(path)
    group = asyncio.run(second.stores.groups.first())
    second.close()

    assert group is not None
    assert group.name == "One"


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db")
    try:
        settings = {
            name: database._writing.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    finally:
        database.close()

    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    "content",
    [b"not a database", os.urandom(5000), b"SQLite format 3\0", b"\0" * 100],
    ids=["text", "random", "magic", "zeros"],
)
def test_a_file_that_is_not_hipkits_is_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "their.file"
    path.write_bytes(content)

    with pytest.raises(StorageError, match="not a hipkit database"):
        SqliteDatabase.open(path)

    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["their.file"]


def test_another_programs_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "their.db"
    other_programs_file(path)
    content = path.read_bytes()

    with pytest.raises(StorageError, match="not a hipkit database"):
        SqliteDatabase.open(path)

    assert path.read_bytes() == content


@pytest.mark.parametrize("name", ["folder", "missing/hipkit.db"])
def test_a_place_that_takes_no_file_is_told_in_one_line(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageError) as caught:
        SqliteDatabase.open(tmp_path / name)

    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_something_that_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not a file"):
        SqliteDatabase.open(Path("/dev/null"))


def test_a_newer_hipkits_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    make(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()

    with pytest.raises(StorageError, match="made by a newer hipkit"):
        SqliteDatabase.open(path)


def test_a_damaged_database_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "hipkit.db"
    make(path)
    content = bytearray(path.read_bytes())
    content[100:2000] = b"\xff" * 1900
    path.write_bytes(content)

    with pytest.raises(StorageError) as caught:
        SqliteDatabase.open(path)

    assert "\n" not in str(caught.value)


def test_the_file_says_in_its_header_whose_it_is(tmp_path: Path) -> None:
    make(tmp_path / "hipkit.db")

    header = (tmp_path / "hipkit.db").read_bytes()[:100]

    assert int.from_bytes(header[68:72], "big") == APPLICATION_ID


def test_a_lock_held_by_another_program_may_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hipkit.server.storage.sqlite_file.BUSY_TIMEOUT_SECONDS", 0.05)
    database = SqliteDatabase.open(tmp_path / "hipkit.db")
    other = sqlite3.connect(tmp_path / "hipkit.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(StorageError) as caught:
            asyncio.run(add_group(database, "Late"))
        other.execute("ROLLBACK")
        assert asyncio.run(add_group(database, "Next")) == 1
    finally:
        other.close()
        database.close()

    assert caught.value.may_pass


def test_waiting_commands_share_one_commit(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)
    groups: list[int] = []
    commit = database._commit

    def counted(group: list) -> list:  # type: ignore[type-arg]  # whatever they are
        groups.append(len(group))
        return commit(group)

    database._commit = counted  # type: ignore[method-assign]  # to look inside

    async def write_many() -> None:
        await asyncio.gather(*(add_group(database, str(n)) for n in range(500)))

    asyncio.run(write_many())
    database.close()

    assert sum(groups) == 500
    assert len(groups) < 50
    assert max(groups) <= 256


def test_a_failing_commit_fails_every_command_in_it(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)

    async def command(stores: Stores) -> None:
        await stores.groups.add(name="Lost", subdomain="", now_us=NOW)
        # What a full disk does in the middle of a statement.
        database._writing.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk full")

    async def write_some() -> list[object]:
        return list(
            await asyncio.gather(
                add_group(database, "Before"),
                database.write(command),
                add_group(database, "After"),
                return_exceptions=True,
            )
        )

    outcomes = asyncio.run(write_some())
    group = asyncio.run(database.stores.groups.first())
    again = asyncio.run(add_group(database, "Again"))
    database.close()

    failed = [isinstance(one, StorageError) for one in outcomes]
    # The first may have had a commit to itself before the others came.
    assert failed[1]
    assert (group is None) == failed[0]
    assert again > 0


def test_a_command_that_waits_is_a_mistake_and_harms_no_other(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)

    async def command(stores: Stores) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="awaited something other"):
        asyncio.run(database.write(command))
    assert asyncio.run(add_group(database, "Fine")) == 1
    database.close()


def test_readers_cannot_write(tmp_path: Path) -> None:
    database = SqliteDatabase.open(tmp_path / "hipkit.db", durable=False)

    with pytest.raises(StorageError):
        asyncio.run(database.stores.groups.add(name="Sly", subdomain="", now_us=NOW))
    database.close()
