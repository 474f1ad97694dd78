"""A thread commits together what waits together, as durably as the most important of it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from hipkit import StorageError
from hipkit.addon.storage.threads import ConnectionThread, ThreadStoppedError


class Traced:
    """A connection in memory, and the statements that it was given."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.is_closed = False

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False
        )
        connection.execute("CREATE TABLE numbers (number INTEGER UNIQUE)")
        connection.set_trace_callback(self.statements.append)
        try:
            yield connection
        finally:
            connection.close()
            self.is_closed = True

    def count(self, beginning: str) -> int:
        return sum(each.startswith(beginning) for each in self.statements)


def insert(number: int, connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO numbers VALUES (?)", (number,))


async def together(
    thread: ConnectionThread, *numbers: int, lasting: bool
) -> list[object]:
    """Insert numbers in one commit: the thread is busy until all of them wait."""
    begun, release = threading.Event(), threading.Event()

    def be_busy(_: sqlite3.Connection) -> None:
        begun.set()
        release.wait()

    busy = asyncio.create_task(thread.run(be_busy, lasting=False))
    await asyncio.to_thread(begun.wait)
    tasks = [
        asyncio.create_task(thread.run(partial(insert, number), lasting=lasting))
        for number in numbers
    ]
    await asyncio.sleep(0)
    release.set()
    await busy
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_waits_is_committed_together_and_alone_in_failing() -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN", durable=True)
    results = await together(thread, 1, 2, 2, 3, lasting=True)
    assert [type(each) for each in results] == [
        type(None),
        type(None),
        StorageError,
        type(None),
    ]
    assert traced.count("COMMIT") == 2
    count = await thread.run(
        lambda connection: connection.execute("SELECT count(*) FROM numbers").fetchone()
    )
    assert count == (3,)
    await thread.stop()
    assert traced.is_closed


@pytest.mark.parametrize(
    ("durable", "lasting", "levels"),
    [
        (True, True, ["NORMAL", "FULL"]),
        (True, False, ["NORMAL"]),
        (False, True, []),
    ],
)
async def test_only_what_must_last_waits_for_the_disk(
    *, durable: bool, lasting: bool, levels: list[str]
) -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN", durable=durable)
    await together(thread, 1, 2, lasting=lasting)
    await thread.stop()
    found = [
        each.rpartition(" ")[2] for each in traced.statements if "synchronous" in each
    ]
    assert found == levels


async def test_a_transaction_that_cannot_begin_fails_for_all_that_wait() -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN NOTHING", durable=True)
    for number in range(2):
        with pytest.raises(StorageError, match="SQLITE_ERROR"):
            await thread.run(partial(insert, number))
    await thread.stop()
    assert traced.is_closed


async def test_what_one_turn_of_the_loop_asks_for_is_one_commit() -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN", durable=True)
    await asyncio.gather(*(thread.run(partial(insert, number)) for number in range(9)))
    assert traced.count("COMMIT") == 1
    assert traced.count("SAVEPOINT") == 0
    await thread.stop()


async def test_what_sqlite_undid_itself_is_done_again() -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN", durable=True)
    failures = [1]

    def fill_disk(connection: sqlite3.Connection) -> None:
        if failures:
            connection.execute(
                "INSERT OR ROLLBACK INTO numbers VALUES (?)", (failures.pop(),)
            )

    await asyncio.gather(
        thread.run(partial(insert, 1)),
        thread.run(fill_disk),
        thread.run(partial(insert, 2)),
    )
    numbers = await thread.run(
        lambda connection: connection.execute("SELECT number FROM numbers").fetchall()
    )
    assert numbers == [(1,), (2,)]
    await thread.stop()


async def test_what_nobody_waits_for_any_more_is_not_done() -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN", durable=True)
    task = asyncio.create_task(thread.run(partial(insert, 1)))
    await asyncio.sleep(0)
    task.cancel()
    await thread.run(partial(insert, 2))
    assert traced.count("INSERT INTO numbers VALUES (1)") == 0
    await thread.stop()


async def test_what_was_asked_for_before_the_end_is_done() -> None:
    traced = Traced()
    thread = ConnectionThread(traced.connected, "BEGIN", durable=True)
    task = asyncio.create_task(thread.run(partial(insert, 1)))
    await asyncio.sleep(0)
    await thread.stop()
    await task
    assert traced.count("COMMIT") == 1


async def test_a_database_that_cannot_be_opened_fails_for_all_that_wait() -> None:
    @contextmanager
    def connected() -> Iterator[sqlite3.Connection]:
        yield sqlite3.connect("file:private?mode=ro", uri=True)

    thread = ConnectionThread(connected, "BEGIN", durable=False)
    for _ in range(2):
        with pytest.raises(StorageError, match="SQLITE_CANTOPEN"):
            await thread.opened()
    await thread.stop()


async def test_a_command_that_changes_records_is_committed_inside_the_change() -> None:
    traced = Traced()

    @contextmanager
    def changing() -> Iterator[None]:
        traced.statements.append("change begins")
        yield
        traced.statements.append("change ends")

    thread = ConnectionThread(
        traced.connected, "BEGIN", durable=False, changing=changing
    )
    await thread.opened()
    await thread.run(partial(insert, 1))
    assert traced.count("change") == 0
    await thread.run(partial(insert, 2), records=True)
    assert traced.statements[-3:] == ["change begins", "COMMIT", "change ends"]
    await thread.stop()


async def test_a_thread_that_was_stopped_takes_nothing_more() -> None:
    thread = ConnectionThread(Traced().connected, "BEGIN IMMEDIATE", durable=False)
    await thread.stop()
    with pytest.raises(ThreadStoppedError):
        await thread.run(partial(insert, 1))


async def test_a_commit_that_fails_in_an_unknown_way_does_not_end_the_thread() -> None:
    def fail() -> AbstractContextManager[None]:
        raise ValueError("unknown")

    thread = ConnectionThread(
        Traced().connected, "BEGIN IMMEDIATE", durable=False, changing=fail
    )
    with pytest.raises(ValueError, match="unknown"):
        await thread.run(partial(insert, 1), records=True)
    await thread.run(partial(insert, 1))
    await thread.stop()
