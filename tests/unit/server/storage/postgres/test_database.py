"""What PostgreSQL adds: several processes on one database, and connections that break."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import psycopg
import pytest

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres import database as module
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.database import PostgresDatabase
from hipkit.server.storage.postgres.schema import LOCK, latest_version
from hipkit.server.storage.protocol import ScanTooLongError, Stores
from hipkit.server.storage.stores.events import NewEvent, StreamRecord
from tests.contract.storage.filling import NOW, add_group
from tests.postgres import PostgresServer
from tests.unit.server.storage.postgres.cutting import CuttingProxy, cutting_proxy

MOST_LOOKS = 3_000


@pytest.fixture
def one(postgres_address: Address) -> Iterator[PostgresDatabase]:
    """A process's database."""
    opened = PostgresDatabase.open(postgres_address)
    yield opened
    opened.close()


@pytest.fixture
def other(postgres_address: Address) -> Iterator[PostgresDatabase]:
    """The same database, as another process opens it."""
    opened = PostgresDatabase.open(postgres_address)
    yield opened
    opened.close()


@pytest.fixture
def proxy(postgres: PostgresServer) -> Iterator[CuttingProxy]:
    with cutting_proxy(postgres) as opened:
        yield opened


@pytest.fixture
def behind_proxy(
    proxy: CuttingProxy, postgres_address: Address, postgres_database: str
) -> Iterator[PostgresDatabase]:
    """A database that the proxy cuts off."""
    opened = PostgresDatabase.open(Address(proxy.address(postgres_database)))
    yield opened
    opened.close()


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait for an event that only looking shows."""
    for _ in range(MOST_LOOKS):
        if await look():
            return
        await asyncio.sleep(0.02)
    pytest.fail("it never happened")


async def names(database: PostgresDatabase) -> list[str]:
    found = [await database.stores.groups.get(number) for number in range(1, 40)]
    return [group.name for group in found if group is not None]


async def run_between(
    one: PostgresDatabase,
    begin: Callable[[Stores], Awaitable[Any]],
    end: Callable[[Stores, Any], Awaitable[object]],
    other: PostgresDatabase,
    command: Callable[[Stores], Any],
    look: Callable[[], Awaitable[None]],
) -> None:
    """Start a command of another process in the middle of one's command.

    That goes on once the other command waits for it, or has ended, whichever it does.
    """
    has_begun, may_end = threading.Event(), threading.Event()

    async def halting(stores: Stores) -> None:
        begun = await begin(stores)
        has_begun.set()
        may_end.wait()
        await end(stores, begun)

    async def waits() -> bool:
        sql = (
            "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND objid = ? AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database())"
        )
        return bool(await other.stores.groups._session.value(int, sql, LOCK))

    async def waits_or_ended() -> bool:
        return second.done() or await waits()

    first = asyncio.create_task(one.write(halting))
    try:
        await asyncio.to_thread(has_begun.wait)
        second = asyncio.create_task(other.write(command))
        await until(waits_or_ended)
        await look()
    finally:
        may_end.set()
    await asyncio.gather(first, second)


async def test_what_a_command_has_checked_stays_true_in_every_process(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    async def end(stores: Stores, found: object) -> None:
        if found is None:
            await stores.groups.add(name="one", subdomain="", now_us=NOW)

    async def command(stores: Stores) -> None:
        await end(stores, await stores.groups.first())

    async def look() -> None:
        pass

    await run_between(
        one, lambda stores: stores.groups.first(), end, other, command, look
    )

    assert await names(one) == ["one"]


async def test_a_reader_by_position_misses_no_event_of_any_process(
    one: PostgresDatabase, other: PostgresDatabase
) -> None:
    stream = StreamRecord(1, 1, "room_message")
    event = NewEvent(group_id=1, room_id=1, event="room_message", item="{}", root="")
    read: list[int] = []

    async def add(stores: Stores) -> int:
        return await stores.events.add(event, NOW)

    async def end(stores: Stores, added: int) -> None:
        pass

    async def read_on() -> None:
        position = read[-1] if read else 0
        found = await one.stores.events.after(stream, position, count=9)
        read.extend(event.id for event in found)

    await run_between(one, add, end, other, add, read_on)
    await read_on()

    assert read == [1, 2]


async def test_sessions_that_a_restart_ended_are_made_again_unnoticed(
    one: PostgresDatabase, postgres: PostgresServer, postgres_database: str
) -> None:
    await add_group(one, "before")
    postgres.end_sessions(postgres_database)

    assert await names(one) == ["before"]
    await add_group(one, "after")
    postgres.end_sessions(postgres_database)

    await add_group(one, "again")
    assert await names(one) == ["before", "after", "again"]


async def test_a_connection_that_breaks_within_a_group_keeps_nothing_of_it(
    one: PostgresDatabase, postgres: PostgresServer, postgres_database: str
) -> None:
    async def command(stores: Stores) -> None:
        await stores.groups.add(name="lost", subdomain="", now_us=NOW)
        postgres.end_sessions(postgres_database)
        await stores.groups.add(name="lost", subdomain="", now_us=NOW)

    outcomes = await asyncio.gather(
        add_group(one, "neighbour"), one.write(command), return_exceptions=True
    )

    for outcome in outcomes:
        assert isinstance(outcome, StorageError)
        assert outcome.may_pass
    assert await names(one) == []
    await add_group(one, "next")
    assert await names(one) == ["next"]


@pytest.mark.parametrize("stage", [b"BEGIN", b"INSERT", b"; COMMIT"])
async def test_a_command_that_did_not_arrive_is_not_kept(
    behind_proxy: PostgresDatabase, proxy: CuttingProxy, stage: bytes
) -> None:
    await add_group(behind_proxy, "first")
    proxy.cut_before = stage

    if stage == b"BEGIN":
        # Nothing was done yet: it is tried once more.
        await add_group(behind_proxy, "second")
    else:
        with pytest.raises(StorageError) as raised:
            await add_group(behind_proxy, "second")
        assert raised.value.may_pass

    assert proxy.cuts == 1
    kept = ["first", "second"] if stage == b"BEGIN" else ["first"]
    assert await names(behind_proxy) == kept


async def test_a_commit_whose_answer_was_lost_is_looked_up(
    behind_proxy: PostgresDatabase, proxy: CuttingProxy
) -> None:
    proxy.cut_after = b"; COMMIT"

    await add_group(behind_proxy, "kept")

    assert proxy.cuts == 1
    assert await names(behind_proxy) == ["kept"]


async def test_a_commit_that_nobody_can_look_up_is_not_said_to_be_undone(
    behind_proxy: PostgresDatabase,
    proxy: CuttingProxy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "RECOVERY_SECONDS", 0.0)
    await add_group(behind_proxy, "first")
    proxy.cut_after = b"; COMMIT"
    proxy.is_away = True

    with pytest.raises(StorageError, match="not known whether") as raised:
        await add_group(behind_proxy, "second")

    # Whoever sends it again might do it twice.
    assert not raised.value.may_pass
    proxy.is_away = False
    assert await names(behind_proxy) == ["first", "second"]


async def test_a_process_that_halts_while_it_writes_holds_up_nobody_for_long(
    postgres_address: Address, other: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.WRITING, "idle_in_transaction_session_timeout", "50ms")
    halted = PostgresDatabase.open(postgres_address)
    has_begun, may_end = threading.Event(), threading.Event()

    async def command(stores: Stores) -> None:
        await stores.groups.add(name="halted", subdomain="", now_us=NOW)
        has_begun.set()
        may_end.wait()

    writing = asyncio.create_task(halted.write(command))
    await asyncio.to_thread(has_begun.wait)
    await add_group(other, "other")
    may_end.set()

    with pytest.raises(StorageError) as raised:
        await writing
    assert raised.value.may_pass
    assert await names(other) == ["other"]
    halted.close()


async def test_whoever_waits_too_long_for_another_process_is_told(
    one: PostgresDatabase, postgres_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.WRITING, "lock_timeout", "50ms")
    waiting = PostgresDatabase.open(postgres_address)
    with psycopg.connect(postgres_address.reveal()) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        with pytest.raises(StorageError, match="lock timeout") as raised:
            await add_group(waiting)
        assert raised.value.may_pass
    await add_group(waiting, "then")
    assert await names(one) == ["then"]
    waiting.close()


async def test_a_process_stops_writing_once_a_newer_one_has_changed_the_tables(
    one: PostgresDatabase, postgres_address: Address
) -> None:
    newer = latest_version() + 1
    with psycopg.connect(postgres_address.reveal(), autocommit=True) as connection:
        connection.execute("INSERT INTO hipkit_schema VALUES (%s)", [newer])
        try:
            with pytest.raises(StorageError, match="made by a newer hipkit"):
                await add_group(one)
            with pytest.raises(StorageError, match="made by a newer hipkit"):
                await one.check()
        finally:
            connection.execute("DELETE FROM hipkit_schema WHERE version = %s", [newer])
    await one.check()


async def test_a_command_that_ignores_an_error_undoes_itself_only(
    one: PostgresDatabase,
) -> None:
    async def command(stores: Stores) -> None:
        await stores.groups.add(name="lost", subdomain="", now_us=NOW)
        with pytest.raises(StorageError):
            await stores.groups._session.run("SELECT 1 / 0")

    outcomes = await asyncio.gather(
        add_group(one, "before"),
        one.write(command),
        add_group(one, "after"),
        return_exceptions=True,
    )

    assert isinstance(outcomes[1], StorageError)
    assert await names(one) == ["before", "after"]


async def test_a_long_read_is_broken_off_within_a_statement(
    one: PostgresDatabase,
) -> None:
    async def sleep(stores: Stores) -> object:
        return await stores.groups._session.value(str, "SELECT pg_sleep(600)::text")

    with pytest.raises(ScanTooLongError):
        await one.scan(sleep, seconds=0.1)


async def test_reading_stores_write_nothing(one: PostgresDatabase) -> None:
    with pytest.raises(StorageError, match="read-only transaction"):
        await one.stores.groups.add(name="x", subdomain="", now_us=NOW)

    assert await names(one) == []
