# ruff: noqa: ASYNC220, ASYNC240 - nothing else runs in these event loops
"""An SQLite file: for its owner only, for many processes, and whole after one was killed."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import IO, cast

import pytest

from hipkit import StorageError
from hipkit.addon.storage.protocol import NewEvent, QueuedEvent
from hipkit.addon.storage.sqlite import SqliteStorage

NOW = 1_480_000_000.0
HOST = "https://chat.example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "add on.db"


def event(delivery: str) -> NewEvent:
    return NewEvent(
        oauth_id="one",
        ordering_key="",
        host=HOST,
        handler="h",
        body=b"{}",
        delivery=delivery,
        received_at=NOW,
    )


async def claim(storage: SqliteStorage, *, now: float = NOW) -> QueuedEvent | None:
    claimed = await storage.claim_events(owner="w", now=now, lease_seconds=30, most=1)
    return claimed[0] if claimed else None


async def test_what_was_stored_is_there_after_opening_again(path: Path) -> None:
    for _ in range(2):
        storage = SqliteStorage(path)
        await storage.put("token", "a", b"1")
        await storage.aclose()
        assert await storage.get("token", "a") == b"1"
        await storage.aclose()


async def test_all_files_are_for_their_owner_only(path: Path) -> None:
    storage = SqliteStorage(path)
    await storage.put("token", "a", b"1")
    async with storage.lock("a"):
        files = list(path.parent.iterdir())
    assert {file.name for file in files} >= {"add on.db", "add on.db-wal"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    await storage.aclose()


async def test_access_of_others_to_an_older_file_is_taken_away(path: Path) -> None:
    path.touch()
    path.chmod(0o644)
    storage = SqliteStorage(path)
    await storage.open()
    assert path.stat().st_mode & 0o777 == 0o600
    await storage.aclose()


async def test_many_writers_on_one_file_lose_nothing(path: Path) -> None:
    storages = [SqliteStorage(path, durable=False) for _ in range(3)]
    await asyncio.gather(*(each.open() for each in storages))
    added = await asyncio.gather(
        *(
            storage.add_event(event(f"{number}"))
            for storage in storages
            for number in range(50)
        )
    )
    assert sum(added) == 50
    handled = set()
    while claimed := await claim(storages[0]):
        handled.add(claimed.delivery)
        await storages[0].finish_events([claimed.id], owner="w")
    assert len(handled) == 50
    for each in storages:
        await each.aclose()


async def test_a_function_that_fails_undoes_nothing_of_others(path: Path) -> None:
    storage = SqliteStorage(path)
    await storage.open()
    results = await asyncio.gather(
        storage.put("token", "a", b"1"),
        storage.put("token", "b", cast("bytes", object())),
        storage.put("token", "c", b"3"),
        return_exceptions=True,
    )
    assert [type(each) for each in results] == [type(None), StorageError, type(None)]
    assert await storage.find_all("token") == [("a", b"1"), ("c", b"3")]
    await storage.aclose()


async def test_what_a_cancelled_task_wrote_stops_nobody(path: Path) -> None:
    storage = SqliteStorage(path)
    await storage.open()
    task = asyncio.create_task(storage.put("token", "a", b"1"))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await storage.put("token", "b", b"2")
    assert await storage.get("token", "b") == b"2"
    await storage.aclose()


async def test_a_folder_that_is_missing_is_an_error_and_the_next_use_tries_again(
    tmp_path: Path,
) -> None:
    storage = SqliteStorage(tmp_path / "missing" / "x.db")
    with pytest.raises(StorageError, match="cannot be opened: No such file"):
        await storage.open()
    with pytest.raises(StorageError, match="cannot be opened: No such file"):
        async with storage.lock("a"):
            pass
    (tmp_path / "missing").mkdir()
    await storage.open()
    await storage.aclose()


async def test_another_file_is_left_alone(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    storage = SqliteStorage(path)
    with pytest.raises(StorageError, match="SQLITE_NOTADB"):
        await storage.get("token", "a")
    assert path.read_bytes() == b"not a database" * 100
    await storage.aclose()


async def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    storage = SqliteStorage(path)
    with pytest.raises(StorageError, match="newer version of hipkit"):
        await storage.open()
    await storage.aclose()
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    assert tables == (0,)


async def test_an_error_does_not_show_what_was_stored(path: Path) -> None:
    storage = SqliteStorage(path)
    await storage.open()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE records")
    with pytest.raises(StorageError) as caught:
        await storage.put("token", "a", b"hunter2")
    assert "hunter2" not in f"{caught.value!r}"
    await storage.aclose()


async def test_what_was_removed_is_not_left_in_the_file(path: Path) -> None:
    storage = SqliteStorage(path)
    secret = b"a text that must not stay" * 20
    await storage.put("token", "a", secret)
    await storage.delete("token", "a")
    await storage.aclose()
    assert b"must not stay" not in path.read_bytes()


HOLDER = """
import asyncio, sys
from pathlib import Path
from hipkit.addon.storage.protocol import NewEvent
from hipkit.addon.storage.sqlite import SqliteStorage

async def main():
    storage = SqliteStorage(Path(sys.argv[1]))
    event = NewEvent(oauth_id="one", host="", ordering_key="", handler="h", body=b"{}",
                     delivery="1", received_at=float(sys.argv[2]))
    async with storage.lock("a"):
        await storage.add_event(event)
        await storage.claim_events(
            owner="child", now=float(sys.argv[2]), lease_seconds=30, most=1
        )
        print("held", flush=True)
        sys.stdin.read()

asyncio.run(main())
"""


async def test_a_killed_process_leaves_its_events_and_no_lock(path: Path) -> None:
    storage = SqliteStorage(path)
    await storage.open()
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path, str(NOW)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = await asyncio.to_thread(cast("IO[str]", child.stdout).readline)
        assert line == "held\n"
        has_ended: list[bool] = []

        async def hold() -> None:
            async with storage.lock("a"):
                has_ended.append(ended.is_set())

        ended = threading.Event()
        waiting = asyncio.create_task(hold())
        await asyncio.sleep(0)
        assert not has_ended
        assert not await storage.add_event(event("1"))
        assert await claim(storage) is None
        ended.set()
        child.kill()
        await waiting
        assert has_ended == [True]
        again = await claim(storage, now=NOW + 30)
        assert again is not None
        assert (again.delivery, again.starts) == ("1", 2)
    finally:
        child.kill()
        child.communicate()
        await storage.aclose()


LOCKER = """
import fcntl, sys

# Where SQLite locks a database for reading, in five ways.
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 5, 123)
    print("locked", flush=True)
    sys.stdin.readline()
"""


async def test_an_event_loop_never_waits_for_a_lock(path: Path) -> None:
    storage = SqliteStorage(path)
    await storage.put("token", "a", b"1")
    child = subprocess.Popen(
        [sys.executable, "-c", LOCKER, f"{path}-shm"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = await asyncio.to_thread(cast("IO[str]", child.stdout).readline)
        assert line == "locked\n"
        # The loop itself ends the lock, after the query has begun to wait.
        reading = asyncio.create_task(storage.get("token", "a"))
        await asyncio.sleep(0)
        child.communicate("release\n")
        assert await reading == b"1"
    finally:
        child.kill()
        child.communicate()
        await storage.aclose()


async def test_two_objects_on_one_file_exclude_each_other(path: Path) -> None:
    one, two = SqliteStorage(path), SqliteStorage(path)
    inside = 0

    async def hold(storage: SqliteStorage) -> None:
        nonlocal inside
        for _ in range(20):
            async with storage.lock("a"):
                inside += 1
                assert inside == 1
                await asyncio.sleep(0)
                inside -= 1

    await asyncio.gather(hold(one), hold(two))
    for each in (one, two):
        await each.aclose()
