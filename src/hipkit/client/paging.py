"""Lists that are read page by page: which call is next, and what its page adds (pure).

The loop that makes the calls is in `client.py`. Read next: `history.py`, the cursor of histories.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from hipkit.api.errors import ResponseError
from hipkit.api.operation import Operation
from hipkit.api.unreadable import OnUnreadable, UnreadableItem
from hipkit.client.decoding import report

__all__ = ["Cursor", "ItemCursor", "Page", "PageCursor", "in_order"]

P = TypeVar("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

NextCall = tuple[Operation[P], str | None]
"""An operation, and the query that replaces its own."""


class Page(Protocol[T_co]):
    """The result of every list operation; `links.next` is set if there is another page."""

    @property
    def items(self) -> Sequence[T_co] | None:
        """The items on this page."""


class Cursor(Protocol[P, T_co]):
    """A place in a list. Repeat until there is no next call: make it, then take its page."""

    @property
    def on_unreadable(self) -> OnUnreadable | None:
        """The function to make the calls with."""

    def next_call(self) -> NextCall[P] | None:
        """Return the call for the next page, or `None` at the end."""

    def take(self, page: P) -> Iterator[T_co]:
        """Yield what a page adds, and move on.

        Raises:
            ResponseError: The list does not continue as lists do, or an item is unreadable and
                nothing is to be called with it.
        """


class PageCursor(Generic[P]):
    """Yields pages, by the links between them; detects links that form a cycle."""

    def __init__(
        self, operation: Operation[P], on_unreadable: OnUnreadable | None = None
    ) -> None:
        self.on_unreadable = on_unreadable
        self._operation = operation
        self._asked = parse_qsl(operation.call().target.partition("?")[2])
        self._seen = {frozenset(self._asked)}
        self._next: NextCall[P] | None = (operation, None)

    def next_call(self) -> NextCall[P] | None:
        """Return the call for the next page, or `None` after the last."""
        return self._next

    def take(self, page: P) -> Iterator[P]:
        """Yield the page.

        Raises:
            ResponseError: The link to the next page was followed before, or is invalid.
        """
        yield page
        link = getattr(getattr(page, "links", None), "next", None)
        self._next = None
        if isinstance(link, str) and link:
            self._next = (self._operation, self._query_of(link))

    def _query_of(self, link: str) -> str:
        """Return the query of the next page.

        Only the query of `links.next` is used, on the operation's own URL: whatever host,
        scheme or path a link names, the token is never sent elsewhere. Arguments that the link
        leaves out, such as `expand`, are added again.
        """
        query = link.partition("#")[0].partition("?")[2]
        can_be_sent = query.isascii() and query.isprintable() and " " not in query
        pairs = frozenset(parse_qsl(query, keep_blank_values=True))
        if not can_be_sent or not pairs or pairs in self._seen:
            raise ResponseError(
                f"{self._operation}: links.next does not lead to a further page",
                operation=self._operation,
                where="$.links.next",
            )
        self._seen.add(pairs)
        linked = {name for name, _ in pairs} | {"start-index"}
        kept = [pair for pair in self._asked if pair[0] not in linked]
        return f"{query}&{urlencode(kept, quote_via=quote)}" if kept else query


class ItemCursor(Generic[T]):
    """Yields the items of pages; passes unreadable ones to `on_unreadable` in their place."""

    def __init__(
        self, operation: Operation[Page[T]], on_unreadable: OnUnreadable | None
    ) -> None:
        self._pages = PageCursor(operation)
        self._unreadable: list[UnreadableItem] = []
        self._handler = on_unreadable
        self.on_unreadable = self._unreadable.append
        self.next_call = self._pages.next_call

    def take(self, page: Page[T]) -> Iterator[T]:
        """Yield the page's items.

        Raises:
            ResponseError: An item is unreadable and there is no `on_unreadable`, or the link to
                the next page was followed before or is invalid.
            TypeError: The result is not a page, since the operation is not a list operation.
        """
        if not hasattr(page, "items"):
            kind = type(page).__name__
            raise TypeError(f"{kind} is not a page: this operation returns no list")
        # Going on after the page reads its link: an invalid one costs none of the items before.
        for each in self._pages.take(page):
            for item in in_order(each.items or (), self._unreadable):
                if isinstance(item, UnreadableItem):
                    report(item, self._handler)
                else:
                    yield item


def in_order(
    readable: Sequence[T], unreadable: list[UnreadableItem]
) -> list[T | UnreadableItem]:
    """Return a page's items in the order of the response; empties `unreadable`."""
    items: list[T | UnreadableItem] = [*readable]
    for item in unreadable:
        items.insert(item.index, item)
    unreadable.clear()
    return items
