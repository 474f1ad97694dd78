"""What a store asks of a database, and what it gets back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import msgspec

__all__ = ["Record", "Session", "Value", "given_id", "in_parts"]

Value = str | int | bytes | None
"""What a column holds. Moments are microseconds since 1970 in UTC; truths are 0 and 1."""

K = TypeVar("K")
V = TypeVar("V", int, str)

LARGEST_PART = 512
"""Databases limit how many values one statement takes; 999 is the least of those in use."""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A row, its members in the order of the columns that a store selects.

    Structs and not dataclasses: a page of a thousand rows is made in one call.
    """

    def __repr__(self) -> str:
        # A row holds message texts and the like: none of it belongs into a log.
        return f"<{type(self).__name__}>"


class Session(Protocol):
    """Runs statements: alone while reading, inside the writer's transaction while writing."""

    async def one(self, kind: type[K], sql: str, *values: Value) -> K | None:
        """Return the first row as a `kind`, or `None`."""

    async def all(self, kind: type[K], sql: str, *values: Value) -> list[K]:
        """Return every row as a `kind`."""

    async def run(self, sql: str, *values: Value) -> int:
        """Change rows, and return how many."""

    async def insert(self, sql: str, *values: Value) -> int:
        """Add one row, and return the number that the database gave it."""


def given_id(row_id: int | None) -> tuple[str, str, tuple[int, ...]]:
    """Return what stands before the other columns, their marks and their values in an `INSERT`.

    Without a number the column is left out, so that every database gives its own.
    """
    return ("", "", ()) if row_id is None else ("id, ", "?, ", (row_id,))


def in_parts(values: Iterable[V]) -> Iterator[tuple[str, list[V]]]:
    """Split values for `IN`: give `(?, ?)` and the values, part by part.

    Parts grow in powers of two, the last value repeated, so that few statements differ.
    """
    ordered = sorted(set(values))
    for start in range(0, len(ordered), LARGEST_PART):
        part = ordered[start : start + LARGEST_PART]
        size = 1 << (len(part) - 1).bit_length()
        part += part[-1:] * (size - len(part))
        yield f"({', '.join('?' * size)})", part
