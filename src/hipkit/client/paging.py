"""Pagination: decisions without I/O.

The loops that fetch are in `client.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from hipkit.api.errors import ResponseError
from hipkit.api.operation import Operation
from hipkit.api.unreadable import UnreadableItem
from hipkit.client.decoding import OnUnreadable, item_error

__all__ = ["Page", "PageQueries", "items_in_order", "page_items"]

T_co = TypeVar("T_co", covariant=True)


class NextLink(Protocol):
    """The links of a page."""

    @property
    def next(self) -> str | None:
        """URL of the next page; `None` on the last."""


class Page(Protocol[T_co]):
    """The result of every list operation."""

    @property
    def items(self) -> Sequence[T_co] | None:
        """The items on this page."""

    @property
    def links(self) -> NextLink | None:
        """`links.next` is set if there is another page."""


def page_items(page: Page[T_co]) -> Sequence[T_co]:
    """Return a page's items.

    Raises:
        TypeError: The result is not a page, since the operation is not a list operation.
    """
    if not hasattr(page, "items"):
        raise TypeError(
            f"{type(page).__name__} is not a page: this operation returns no list"
        )
    return page.items or ()


def items_in_order(
    page: Page[T_co],
    unreadable: Sequence[UnreadableItem],
    on_unreadable: OnUnreadable | None,
) -> Iterator[T_co]:
    """Yield a page's items in order, passing unreadable ones to `on_unreadable` in their place.

    Raises:
        ResponseError: An item is unreadable and there is no `on_unreadable`.
        TypeError: The result is not a page.
    """
    readable = page_items(page)
    by_index = {item.index: item for item in unreadable}
    rest = iter(readable)
    for index in range(len(readable) + len(by_index)):
        item = by_index.get(index)
        if item is None:
            yield next(rest)
        elif on_unreadable is None:
            raise item_error(item)
        else:
            on_unreadable(item)


class PageQueries:
    """Finds the query of the next page, and detects links that form a cycle."""

    def __init__(self, operation: Operation[object]) -> None:
        self._operation = operation
        self._asked = parse_qsl(operation.call().target.partition("?")[2])
        self._seen = {frozenset(self._asked)}

    def next_query(self, page: object) -> str | None:
        """Return the query of the next page, or `None` after the last.

        Only the query of `links.next` is used, on the operation's own URL: whatever host,
        scheme or path a link names, the token is never sent elsewhere. Arguments that the link
        leaves out, such as `expand`, are added again.

        Raises:
            ResponseError: The link was followed before, or is invalid.
        """
        links = getattr(page, "links", None)
        link = getattr(links, "next", None)
        if not isinstance(link, str) or not link:
            return None
        query = _query_of(link)
        pairs = frozenset(parse_qsl(query, keep_blank_values=True))
        if not pairs or pairs in self._seen:
            raise ResponseError(
                f"{self._operation}: links.next does not lead to a further page",
                operation=self._operation,
                where="$.links.next",
            )
        self._seen.add(pairs)
        linked = {name for name, _ in pairs} | {"start-index"}
        kept = [pair for pair in self._asked if pair[0] not in linked]
        return f"{query}&{urlencode(kept, quote_via=quote)}" if kept else query


def _query_of(link: str) -> str:
    """Return the query of a link, or `None` if a request cannot carry it."""
    query = link.partition("#")[0].partition("?")[2]
    is_plain = query.isascii() and query.isprintable() and " " not in query
    return query if is_plain else ""
