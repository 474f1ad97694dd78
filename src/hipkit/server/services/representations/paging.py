"""Paging: which part of a list a request asks for, and the page that answers it (pure).

Every service that lists does the same: `Slice.of` the request, read `count` items from `start`,
represent `items`, and return `page`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self, TypeVar
from urllib.parse import urlencode

from hipkit.server.services.representations.expansion import Expansion
from hipkit.v2.models import PageLinks

__all__ = ["DEFAULT_RESULTS", "RECENT_RESULTS", "ListRequest", "Slice"]

DEFAULT_RESULTS = 100
RECENT_RESULTS = 75

LARGEST_START = 1 << 62
"""No list is as long, and a larger number does not fit into a database's integers."""

T = TypeVar("T")
P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True)


class ListRequest(Protocol):
    """What every operation that lists has, its limits checked already."""

    @property
    def start_index(self) -> int | None:
        """How many items to skip."""

    @property
    def max_results(self) -> int | None:
        """How many items a page may hold."""

    @property
    def expand(self) -> list[str] | None:
        """What to return in full."""


class PageModel(Protocol[T, P_co]):
    """The class of a page: `RoomPage`, `UserPage`."""

    def __call__(
        self,
        *,
        items: list[T],
        start_index: int | None,
        max_results: int | None,
        links: PageLinks | None,
    ) -> P_co:
        """Create a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The part of a list that a page holds."""

    address: str
    """The list's, without a query."""
    start: int = 0
    size: int = DEFAULT_RESULTS
    expand: Expansion = field(default_factory=Expansion)
    query: Mapping[str, str] = field(default_factory=dict)
    """What requests for neighbouring pages have to repeat."""
    has_neighbours: bool = True
    """Whether the list has more than this page."""

    @classmethod
    def of(
        cls,
        address: str,
        request: ListRequest,
        query: Mapping[str, str | bool] | None = None,
    ) -> Self:
        """Return the slice that a request asks for; `query` is what else it chose."""
        chosen = {
            name: value if isinstance(value, str) else str(value).lower()
            for name, value in (query or {}).items()
        }
        if request.expand:
            chosen["expand"] = ",".join(request.expand)
        size = request.max_results
        return cls(
            address=address,
            start=min(request.start_index or 0, LARGEST_START),
            size=DEFAULT_RESULTS if size is None else size,
            expand=Expansion(request.expand),
            query=chosen,
        )

    def at(self, address: str) -> Self:
        """Return the same slice of another list."""
        return replace(self, address=address)

    @property
    def count(self) -> int:
        """How many items to read: one more than fit, to see whether another page follows."""
        return self.size + 1 if self.size and self.has_neighbours else self.size

    def items(self, found: Sequence[T]) -> Sequence[T]:
        """Return what belongs on the page."""
        return found[: self.size]

    def page(
        self, model: PageModel[T, P], found: Sequence[object], items: list[T]
    ) -> P:
        """Return a page, with links to its neighbours.

        Args:
            model: The page's class.
            found: What `count` items were read.
            items: The representations of `items(found)`.
        """
        has_next = len(found) > self.size > 0
        has_previous = self.start > 0 and self.size > 0
        return model(
            items=items,
            start_index=self.start,
            max_results=self.size,
            links=PageLinks(
                # Without a query on every page: old clients recognise a list by this address.
                self_=self.address,
                prev=self._at(max(0, self.start - self.size)) if has_previous else None,
                next=self._at(self.start + self.size) if has_next else None,
            ),
        )

    def _at(self, start: int) -> str:
        query = {
            **self.query,
            "start-index": str(start),
            "max-results": str(self.size),
        }
        return f"{self.address}?{urlencode(query)}"
