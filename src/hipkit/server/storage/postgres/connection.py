"""One connection to PostgreSQL, which comes back by itself after it was lost.

Errors lose what PostgreSQL tells of values: the detail of a violated constraint quotes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper, IntLoader

from hipkit.api.errors import StorageError
from hipkit.server.storage.postgres.address import Address
from hipkit.server.storage.stores.session import Value

__all__ = ["Connection", "Rows", "is_passing"]

T = TypeVar("T")

Rows = list[tuple[object, ...]]

MOST_PREPARED = 500
"""Statements that the server keeps prepared for a connection: more than the stores have."""

EVERY_CONNECTION = {"jit": "off"}
"""Settings of PostgreSQL. Compiling a statement takes longer than any of ours runs."""

PASSING_CLASSES = ("08", "25006", "25P03", "40", "53", "55", "57", "58")
"""What codes of errors begin with that a later retry may not meet: no connection, a standby that
is still read-only, a conflict, no resources, a lock, a server that stops, its disk or system."""

READ_ONLY = "25006"
WORD_ENDS = re.compile(r"(?<=[a-z])(?=[A-Z])")


class _TruthDumper(Int8BinaryDumper):
    """Sends truths as the numbers 0 and 1, which columns hold."""

    def dump(self, obj: object) -> Buffer | None:
        return super().dump(int(cast("bool", obj)))


class Connection:
    """A connection that is opened when it is first used. One thread may use it at a time.

    Args:
        address: Where the database is.
        settings: PostgreSQL's settings for the session.
    """

    def __init__(self, address: Address, **settings: str) -> None:
        self._address = address
        self._settings = {**EVERY_CONNECTION, **settings}
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._cursor: psycopg.RawCursor[tuple[object, ...]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as is known."""
        return self._connection is not None

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction has begun and not ended."""
        return self._status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)

    @property
    def has_failed(self) -> bool:
        """Whether a statement of the transaction failed, so that it takes no more of them."""
        return self._status is TransactionStatus.INERROR

    @property
    def _status(self) -> TransactionStatus:
        connection = self._connection
        if connection is None:
            return TransactionStatus.UNKNOWN
        return connection.info.transaction_status

    def run(self, sql: bytes, values: Sequence[Value]) -> tuple[Rows, int]:
        """Run a statement, and return its rows, and how many it changed or found.

        Raises:
            StorageError: It failed, or the server cannot be reached. If the connection is lost by
                this, `is_open` is false.
        """

        def work(cursor: psycopg.RawCursor[tuple[object, ...]]) -> tuple[Rows, int]:
            cursor.execute(sql, values)
            return _rows(cursor), cursor.rowcount

        return self._attempt(work)

    def script(self, sql: str) -> Rows:
        """Run statements without values in one round trip, and return the rows of the last.

        Raises:
            StorageError: As `run`.
        """

        def work(cursor: psycopg.RawCursor[tuple[object, ...]]) -> Rows:
            cursor.execute(sql.encode())
            while cursor.nextset():
                pass
            return _rows(cursor)

        return self._attempt(work)

    def close(self) -> None:
        """Close it. What uses it next opens it again."""
        connection, self._connection, self._cursor = self._connection, None, None
        if connection is not None:
            connection.close()

    def _attempt(self, work: Callable[[psycopg.RawCursor[tuple[object, ...]]], T]) -> T:
        # Raised behind the handler: the error would else lead to frames that hold passwords.
        try:
            return work(self._cursor or self._open())
        except psycopg.Error as error:
            failure = self._failure(error)
        except OverflowError:
            failure = StorageError("a number is too large for the database")
        raise failure

    def _open(self) -> psycopg.RawCursor[tuple[object, ...]]:
        connection = psycopg.connect(self._address.reveal(), autocommit=True)
        try:
            connection.prepared_max = MOST_PREPARED
            adapters = connection.adapters
            adapters.register_dumper(int, Int8BinaryDumper)
            adapters.register_dumper(bool, _TruthDumper)
            # What SUM makes of whole numbers.
            adapters.register_loader("numeric", IntLoader)
            settings = ", ".join(["set_config(%s, %s, false)"] * len(self._settings))
            names_and_values = list(chain.from_iterable(self._settings.items()))
            connection.execute(f"SELECT {settings}".encode(), names_and_values)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._cursor = psycopg.RawCursor(connection)
        return self._cursor

    def _failure(self, error: psycopg.Error) -> StorageError:
        connection = self._connection
        # One that leads to a standby is of no use for writing: the next may find the new primary.
        if connection is not None and (
            connection.closed or error.sqlstate == READ_ONLY
        ):
            self.close()
        return StorageError(
            f"{self._address}: {_describe(error)}", may_pass=is_passing(error)
        )


def is_passing(error: psycopg.Error) -> bool:
    """Return whether a later retry may succeed."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    return state.startswith(PASSING_CLASSES)


def _describe(error: psycopg.Error) -> str:
    """Return what went wrong in one line, without a value of any statement."""
    state = error.sqlstate
    if state is None:
        # The client's own words, of a connection or of a value that it cannot send.
        return "; ".join(line.strip() for line in str(error).splitlines() if line)
    if is_passing(error):
        return error.diag.message_primary or state
    name = WORD_ENDS.sub(" ", type(error).__name__).lower()
    places = filter(None, (error.diag.table_name, error.diag.constraint_name))
    return " ".join((f"{name} ({state})", *places))


def _rows(cursor: psycopg.RawCursor[tuple[object, ...]]) -> Rows:
    return [] if cursor.description is None else cursor.fetchall()
