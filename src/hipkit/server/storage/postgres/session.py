"""The stores' session on PostgreSQL.

Stores write `?` for values, PostgreSQL `$1`, `$2` and so on: no text of a store holds the character
otherwise. And PostgreSQL tells the id of an inserted row only if it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from itertools import count
from typing import TypeVar, cast

import msgspec

from hipkit.server.storage.postgres.connection import Rows
from hipkit.server.storage.stores.session import Value

__all__ = ["Execute", "PostgresSession"]

K = TypeVar("K")

Execute = Callable[[bytes, Sequence[Value]], Awaitable[tuple[Rows, int]]]
"""Runs a statement, and returns its rows, and how many it changed."""

MOST_TEXTS = 2_000
MARK = re.compile(r"\?")
INTO_MESSAGES = "INSERT INTO messages "


class PostgresSession:
    """Runs statements through a function, which may be one that never waits."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    async def one(self, kind: type[K], sql: str, *values: Value) -> K | None:
        """Return the first row as a `kind`, or `None`."""
        rows, _ = await self._execute(_numbered(sql), values)
        return msgspec.convert(rows[0], kind, strict=False) if rows else None

    async def all(self, kind: type[K], sql: str, *values: Value) -> list[K]:
        """Return every row as a `kind`."""
        rows, _ = await self._execute(_numbered(sql), values)
        return cast(
            "list[K]",
            msgspec.convert(rows, list[kind], strict=False),  # type: ignore[valid-type]  # the element type is only known now
        )

    async def value(self, kind: type[K], sql: str, *values: Value) -> K | None:
        """Return the first row's only column, or `None`."""
        rows, _ = await self._execute(_numbered(sql), values)
        value = rows[0][0] if rows else None
        return None if value is None else msgspec.convert(value, kind, strict=False)

    async def run(self, sql: str, *values: Value) -> int:
        """Change rows, and return how many."""
        _, changed = await self._execute(_numbered(sql), values)
        return changed

    async def insert(self, sql: str, *values: Value) -> int:
        """Insert one row, and return its id."""
        rows, _ = await self._execute(_returning(sql), values)
        return cast("int", rows[0][0])


@lru_cache(MOST_TEXTS)
def _numbered(sql: str) -> bytes:
    numbers = count(1)
    return MARK.sub(lambda _: f"${next(numbers)}", sql).encode()


@lru_cache(MOST_TEXTS)
def _returning(sql: str) -> bytes:
    # Messages have two numbers: their id is HipChat's, a text.
    key = b"sequence" if sql.startswith(INTO_MESSAGES) else b"id"
    return _numbered(sql) + b" RETURNING " + key
