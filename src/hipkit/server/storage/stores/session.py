"""The statements that a store runs, and the records that it gets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import msgspec

__all__ = ["Record", "Session", "Value", "all_in", "given_id", "in_parts"]

Value = str | int | bytes | None
"""What a column holds. Timestamps are microseconds since 1970; booleans are 0 and 1."""

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

    async def run(self, sql: str, *values: Value) -> int:
        """Change rows, and return how many."""

    async def insert(self, sql: str, *values: Value) -> int:
        """Insert one row, and return the id that the database chose."""


def given_id(row_id: int | None) -> tuple[str, str, tuple[int, ...]]:
    """Return how an `INSERT` begins that chooses the row's id: column, mark and value.

    Without an id all three are empty, and the database chooses the next one.
    """
    return ("", "", ()) if row_id is None else ("id, ", "?, ", (row_id,))


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


async def all_in(
    session: Session, kind: type[K], sql: str, *before: Value, values: Iterable[V]
) -> list[K]:
    """Return the rows of a statement that ends in `IN`, whose other values stand before."""
    found: list[K] = []
    for marks, part in in_parts(values):
        found += await session.all(kind, sql + marks, *before, *part)
    return found
