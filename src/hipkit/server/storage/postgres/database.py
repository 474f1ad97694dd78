"""A PostgreSQL database: one writer in each process that commits in groups, and reader threads.

Whoever writes holds one lock of the whole database, from a group's begin until its commit. So what
a command has checked stays true until it is committed, whatever other processes do. And numbers
that a sequence gives out come to light in their order: a reader who goes on after the highest one
that it has seen would miss one that is given out before and committed after it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

from hipkit.api.errors import StorageError
from hipkit.server.observer import Observer
from hipkit.server.storage.group_commit import GroupCommit, Outcome, finish
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.postgres.connection import Connection, Rows
from hipkit.server.storage.postgres.messages import PostgresMessageStore
from hipkit.server.storage.postgres.readers import Readers
from hipkit.server.storage.postgres.schema import (
    LOCK,
    VERSION,
    migrate,
    newer_schema_error,
)
from hipkit.server.storage.postgres.search import PostgresSearchStore
from hipkit.server.storage.postgres.session import Execute, PostgresSession
from hipkit.server.storage.protocol import (
    SCAN_SECONDS,
    Command,
    Query,
    ScanTooLongError,
    Stores,
)
from hipkit.server.storage.stores.session import Value

__all__ = ["USED_BYTES", "PostgresDatabase", "stores_over"]

T = TypeVar("T")

READERS = 8
SCANNERS = 2
"""Long reads at a time: one that takes its full time does not hold up all the others."""

WRITING = {
    # Somebody who holds the lock and does nothing (a process that was halted, a machine that
    # vanished) loses it; who waits for it is told before that.
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "5s",
}
READING = {"default_transaction_read_only": "on", "statement_timeout": "30s"}
SCANNING = {
    "default_transaction_read_only": "on",
    # How a long read is best done depends on what is looked for.
    "plan_cache_mode": "force_custom_plan",
}

BEGIN = (
    f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({LOCK});"
    f" SAVEPOINT command; SELECT pg_current_xact_id()::text, ({VERSION})"
)
REWRITE_VERSION = "UPDATE hipkit_schema SET version = version"
NEXT = "RELEASE command; SAVEPOINT command"
UNDO = "ROLLBACK TO command"
COMMIT = "RELEASE command; COMMIT"
BECAME = (
    f"SELECT pg_advisory_lock({LOCK}); SELECT pg_advisory_unlock({LOCK});"
    " SELECT pg_xact_status('{}')"
)
"""What became of a transaction. Its lock is free once it has ended, so first that is waited for."""

USED_BYTES = (
    "SELECT SUM(pg_total_relation_size(oid) * LEAST(1, reltuples * (28 + width)"
    " / NULLIF(relpages * 8192, 0)))::bigint FROM pg_class LEFT JOIN"
    " (SELECT tablename, SUM(avg_width * (1 - null_frac)) AS width FROM pg_stats"
    " WHERE schemaname = current_schema() GROUP BY tablename) AS widths"
    " ON widths.tablename = relname"
    " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
)
"""Of each table the part that rows fill: 28 bytes for each, and its columns. A table that was not
counted yet is taken for full."""

RECOVERY_SECONDS = 20.0
"""How long a writer whose connection broke while it committed tries to learn what came of it."""
RECOVERY_PAUSE_SECONDS = 0.5


class PostgresDatabase:
    """A database on a server.

    Attributes:
        stores: For short reads.
        schema: The number of the last migration, when it was opened.
    """

    def __init__(
        self,
        address: Address,
        *,
        durable: bool = True,
        observer: Observer | None = None,
    ) -> None:
        self._address = address
        writing = WRITING if durable else {**WRITING, "synchronous_commit": "off"}
        self._writing = Connection(address, **writing)
        try:
            self.schema = migrate(self._writing, str(address))
        except BaseException:
            self._writing.close()
            raise
        self._readers = Readers(
            lambda: Connection(address, **READING), READERS, "hipkit-read"
        )
        self._scanners = Readers(
            lambda: Connection(address, **SCANNING), SCANNERS, "hipkit-scan"
        )
        self._reading = PostgresSession(self._read)
        self.stores = stores_over(self._read)
        self._writer_stores = stores_over(_direct(self._writing))
        self._writer = GroupCommit(self._commit, observer or Observer())

    @classmethod
    def open(
        cls,
        address: Address,
        *,
        durable: bool = True,
        observer: Observer | None = None,
    ) -> PostgresDatabase:
        """Open a database whose tables are made or brought up to date if need be.

        Without `durable` a commit does not wait for the disk. The observer is told of each.

        Raises:
            StorageError: It is no hipkit database, a newer one, or cannot be reached.
        """
        return cls(address, durable=durable, observer=observer)

    async def write(self, command: Command[T]) -> T:
        """Hand a command to the writer, and return its result once that is committed."""
        return await self._writer.write(command)

    async def scan(self, query: Query[T], *, seconds: float = SCAN_SECONDS) -> T:
        """Run a long read on a thread of its own, all on one connection."""
        deadline = time.monotonic() + seconds
        return await self._scanners.run(
            lambda connection: finish(
                query(stores_over(_bounded(connection, deadline)))
            )
        )

    async def used_bytes(self) -> int:
        """Return how many bytes tables and indexes take, but for what deleted rows left in them.

        That part is an estimate, by what PostgreSQL last counted of a table: it does so by itself,
        within a minute or so after many rows have changed.
        """
        return await self._reading.value(int, USED_BYTES) or 0

    async def check(self) -> None:
        """Read, and commit the version as it is."""
        await self.stores.groups.first()
        await self.write(self._rewrite_version)

    async def _rewrite_version(self, stores: Stores) -> None:
        await stores.groups.first()
        self._writing.script(REWRITE_VERSION)

    def close(self) -> None:
        """Write what was handed in, then close every connection."""
        if not self._writer.close():
            return
        self._readers.close()
        self._scanners.close()
        self._writing.close()

    async def _read(self, sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        return await self._readers.run(lambda connection: connection.run(sql, values))

    def _commit(self, group: list[Command[object]]) -> tuple[list[Outcome], bool]:
        """Run a group in one transaction, and return also whether that was committed.

        A failing commit fails them all.
        """
        try:
            transaction = self._begin()
            outcomes = [self._run(group[0])]
            for command in group[1:]:
                self._writing.script(NEXT)
                outcomes.append(self._run(command))
            self._end(transaction)
        except (
            Exception
        ) as error:  # a writer that dies would leave every caller waiting
            self._roll_back()
            return [Outcome(error=error) for _ in group], False
        return outcomes, True

    def _begin(self) -> str:
        """Begin a transaction that holds the lock, with a savepoint, and return its number."""
        was_open = self._writing.is_open
        try:
            rows = self._writing.script(BEGIN)
        except StorageError:
            # Nothing was done yet: a server that was restarted meanwhile is tried anew.
            if self._writing.is_open or not was_open:
                raise
            rows = self._writing.script(BEGIN)
        transaction, version = map(str, rows[0])
        if int(version) > self.schema:
            raise newer_schema_error(str(self._address), int(version))
        return transaction

    def _run(self, command: Command[object]) -> Outcome:
        """Run one command under a savepoint, so that its failure undoes only its own work."""
        try:
            value = finish(command(self._writer_stores))
            if self._writing.has_failed:
                raise StorageError("a command went on after a statement that failed")
        except BaseException as error:  # raised again where its result is awaited
            if not self._writing.is_open:
                # With the connection the whole transaction is gone.
                raise self._lost() from error
            self._writing.script(UNDO)
            return Outcome(error=error)
        return Outcome(value)

    def _end(self, transaction: str) -> None:
        """Commit, and find out whether it was committed if the answer was lost.

        Raises:
            StorageError: It was not, or nobody can tell.
        """
        try:
            self._writing.script(COMMIT)
        except StorageError:
            if self._writing.is_open:
                raise
            if not self._became_committed(transaction):
                raise

    def _became_committed(self, transaction: str) -> bool:
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                status = self._writing.script(BECAME.format(transaction))[0][0]
            except StorageError as error:
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"{self._address}: the connection was lost during a commit, and cannot be"
                        " made again: it is not known whether the changes were kept"
                    ) from error
                time.sleep(RECOVERY_PAUSE_SECONDS)
            else:
                return status == "committed"

    def _roll_back(self) -> None:
        if self._writing.is_in_transaction:
            try:
                self._writing.script("ROLLBACK")
            except StorageError:
                self._writing.close()

    def _lost(self) -> StorageError:
        return StorageError(
            f"{self._address}: the connection was lost; nothing was kept", may_pass=True
        )


def stores_over(execute: Execute) -> Stores:
    """Return every store, over a function that runs their statements."""
    session = PostgresSession(execute)
    return Stores(session, PostgresSearchStore(session), PostgresMessageStore)


def _direct(connection: Connection) -> Execute:
    """Return a function that runs statements at once, in the thread that asks."""

    async def execute(sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        return connection.run(sql, values)

    return execute


def _bounded(connection: Connection, deadline: float) -> Execute:
    """Return a function like `_direct`, whose statements end at a time."""

    async def execute(sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        left = int((deadline - time.monotonic()) * 1000)
        if left <= 0:
            raise ScanTooLongError
        try:
            connection.script(f"SET statement_timeout = {left}")
            return connection.run(sql, values)
        except StorageError as error:
            if time.monotonic() > deadline:
                raise ScanTooLongError from error
            raise

    return execute
