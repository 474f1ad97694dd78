"""Pages: which part of a list was asked for, and where its neighbours are (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, TypeVar
from urllib.parse import urlencode

from hipkit.v2.models import PageLinks

__all__ = ["DEFAULT_RESULTS", "RECENT_RESULTS", "Slice"]

DEFAULT_RESULTS = 100
RECENT_RESULTS = 75

LARGEST_START = 1 << 62
"""Beyond this a database would take the number for no number; no list is as long."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of a list that a page holds."""

    address: str
    """The list's, without a query."""
    start: int = 0
    size: int = DEFAULT_RESULTS
    query: Mapping[str, str] = field(default_factory=dict)
    """What neighbouring pages have to be asked for in the same way."""

    @classmethod
    def of(
        cls,
        address: str,
        start: int | None,
        size: int | None,
        query: Mapping[str, str] | None = None,
    ) -> Self:
        """Make a part of what the caller asked for, whose limits are checked already."""
        return cls(
            address=address,
            start=min(start or 0, LARGEST_START),
            size=DEFAULT_RESULTS if size is None else size,
            query=query or {},
        )

    def at(self, address: str) -> Self:
        """Return the same part of another list."""
        return replace(self, address=address)

    @property
    def count(self) -> int:
        """How many items to read: one more than fit, to see whether another page follows."""
        return self.size + 1 if self.size else 0

    def items(self, found: Sequence[T]) -> Sequence[T]:
        """Return what belongs on the page."""
        return found[: self.size]

    def links(self, found: Sequence[object]) -> PageLinks:
        """Return the addresses of the list and of this page's neighbours.

        The list's has no query on any of its pages: old clients tell by it what they read.
        """
        has_next = len(found) > self.size > 0
        has_previous = self.start > 0 and self.size > 0
        return PageLinks(
            self_=self.address,
            prev=self._at(max(0, self.start - self.size)) if has_previous else None,
            next=self._at(self.start + self.size) if has_next else None,
        )

    def _at(self, start: int) -> str:
        query = {
            **self.query,
            "start-index": str(start),
            "max-results": str(self.size),
        }
        return f"{self.address}?{urlencode(query)}"
