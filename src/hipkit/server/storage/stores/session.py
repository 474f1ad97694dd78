"""What stores stand on: the session that runs statements, records of rows, texts of statements.

Statements are written in SQL. Only lists of columns are made here, from records' fields, so that
a column is named once. Stores do that at import: a text that stays the same is prepared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import msgspec

__all__ = [
    "Record",
    "Session",
    "Store",
    "Value",
    "in_parts",
    "insert",
    "select",
    "update",
    "upsert",
]

Value = str | int | bytes | None
"""What a column holds. Timestamps are microseconds since 1970; booleans are stored as 0 and 1."""

K = TypeVar("K")
V = TypeVar("V", int, str)

LARGEST_PART = 512
"""Databases limit how many values one statement takes; 999 is the least of those in use."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A row, its members in the order of the columns that a store selects.

    Structs and not dataclasses: msgspec converts a page of a thousand rows in one call.
    """

    def __repr__(self) -> str:
        # A row holds message texts, keys and hashes: none of it may get into a log.
        return f"<{type(self).__name__}>"


class Session(Protocol):
    """Runs statements: each by itself to read, within the writer's transaction to write."""

    async def one(self, kind: type[K], sql: str, *values: Value) -> K | None:
        """Return the first row as a `kind`, or `None`."""

    async def all(self, kind: type[K], sql: str, *values: Value) -> list[K]:
        """Return every row as a `kind`."""

    async def value(self, kind: type[K], sql: str, *values: Value) -> K | None:
        """Return the first row's only column, or `None` where it is `NULL` or there is no row."""

    async def run(self, sql: str, *values: Value) -> int:
        """Change rows, and return how many."""

    async def insert(self, sql: str, *values: Value) -> int:
        """Insert one row, and return its id. The database chooses the next for a `None`."""


class Store:
    """Reads and writes tables over a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._one = session.one
        self._all = session.all
        self._value = session.value
        self._run = session.run
        self._insert = session.insert

    async def _all_in(
        self, kind: type[K], sql: str, *before: Value, values: Iterable[V]
    ) -> list[K]:
        """Return the rows of a statement that ends in `IN`, whose other values stand before."""
        found: list[K] = []
        for marks, part in in_parts(values):
            found += await self._all(kind, sql + marks, *before, *part)
        return found


def select(kind: type[Record], source: str, **columns: str) -> str:
    """Return a `SELECT` of a record from a table or a join, and what else follows its `FROM`.

    Columns are named like the record's fields, but for those in `columns`.
    """
    names = [columns.get(field, field) for field in kind.__struct_fields__]
    return " ".join(("SELECT", ", ".join(names), "FROM", source, ""))


def insert(table: str, *columns: type[Record] | str) -> str:
    """Return an `INSERT` of one row: of columns as SQL lists them, and of records' fields."""
    names = _names(columns)
    marks = ", ".join("?" * len(names))
    return " ".join(("INSERT INTO", table, f"({', '.join(names)}) VALUES ({marks})"))


def upsert(table: str, key: str, *columns: type[Record] | str) -> str:
    """Return an `INSERT` that updates the row with the same key columns if there is one."""
    keys = _names([key])
    changes = [
        f"{name} = excluded.{name}" for name in _names(columns) if name not in keys
    ]
    conflict = f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(changes)}"
    return insert(table, *columns) + conflict


def update(table: str, *columns: type[Record] | str) -> str:
    """Return an `UPDATE` of the row whose id is the last value."""
    changes = ", ".join(f"{name} = ?" for name in _names(columns))
    return " ".join(("UPDATE", table, "SET", changes, "WHERE id = ?"))


def in_parts(values: Iterable[V]) -> Iterator[tuple[str, list[V]]]:
    """Yield `(?, ?)` and values for `IN`, part by part.

    Sizes are powers of two, filled up with the last value: a database prepares few statements.
    """
    ordered = sorted(set(values))
    for start in range(0, len(ordered), LARGEST_PART):
        part = ordered[start : start + LARGEST_PART]
        size = 1 << (len(part) - 1).bit_length()
        part += part[-1:] * (size - len(part))
        yield f"({', '.join('?' * size)})", part


def _names(columns: Iterable[type[Record] | str]) -> list[str]:
    names: list[str] = []
    for part in columns:
        names += part.split(", ") if isinstance(part, str) else part.__struct_fields__
    return names
