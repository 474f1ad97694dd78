"""From one page to the next: pure decisions, and the walk back through a history.

The loops that fetch stand in `client.py`, two lines each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from hipkit.errors import ResponseError
from hipkit.model import DateTime, Model
from hipkit.operation import Operation
from hipkit.v2.models import Message, MessagePage
from hipkit.v2.rooms import GetRoomHistory
from hipkit.v2.users import GetPrivatechatHistory

__all__ = [
    "HistoryOperation",
    "HistoryPosition",
    "HistoryWalk",
    "Page",
    "PageQueries",
    "history_operation",
    "page_items",
]

T_co = TypeVar("T_co", covariant=True)

HistoryOperation = GetRoomHistory | GetPrivatechatHistory
LARGEST_PAGE = 1_000
"""The server's limit for `max-results`."""
ROUNDING = timedelta(seconds=1)
"""Servers may cut the date that they are asked for to whole seconds. Asking for a second more
misses nothing all the same, and what was given before is dropped."""


class NextLink(Protocol):
    """The part of a page's links that leads on."""

    @property
    def next(self) -> str | None:
        """The address of the next page; `None` on the last."""


class Page(Protocol[T_co]):
    """What every list operation answers."""

    @property
    def items(self) -> Sequence[T_co] | None:
        """The page's part of the list."""

    @property
    def links(self) -> NextLink | None:
        """`links.next` is there as long as there is another page."""


def page_items(page: Page[T_co]) -> Sequence[T_co]:
    """Return a page's items.

    Raises:
        TypeError: What was answered is no page: the operation lists nothing.
    """
    if not hasattr(page, "items"):
        raise TypeError(
            f"{type(page).__name__} is no page: this operation lists nothing"
        )
    return page.items or ()


class PageQueries:
    """Tells which page comes next, and stops a list that runs in a circle."""

    def __init__(self, operation: Operation[object]) -> None:
        self._operation = operation
        self._asked = parse_qsl(operation.call().target.partition("?")[2])
        self._seen = {frozenset(self._asked)}

    def next_query(self, page: object) -> str | None:
        """Return the query of the next page, or `None` after the last.

        Only the query of `links.next` is followed, on the operation's own address: whatever
        host, scheme or path a link names, a token never leaves the base URL by it. What was
        asked for and the link leaves out, such as `expand`, is asked for again.

        Raises:
            ResponseError: The link was followed before, or is none.
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
        told = {name for name, _ in pairs} | {"start-index"}
        kept = [pair for pair in self._asked if pair[0] not in told]
        return f"{query}&{urlencode(kept, quote_via=quote)}" if kept else query


def _query_of(link: str) -> str:
    """Return the query of a link; none where it could not stand in a request."""
    query = link.partition("#")[0].partition("?")[2]
    is_plain = query.isascii() and query.isprintable() and " " not in query
    return query if is_plain else ""


class HistoryPosition(Model, frozen=True, omit_defaults=True):
    """A place in a history: everything newer has been given. Survives as JSON.

    Attributes:
        date: The moment of the last message given.
        ids: The messages of that very moment that were given.
    """

    date: DateTime
    ids: frozenset[str] = frozenset()


def history_operation(room: HistoryOperation | str | int) -> HistoryOperation:
    """Return the operation for a room named by id or name, or the one given."""
    return GetRoomHistory(room) if isinstance(room, (str, int)) else room


class HistoryWalk:
    """Walks back through a history by date, giving each message once, the newest first.

    Args:
        operation: Names the room or person, and may carry `timezone`, `include_deleted`, `expand`,
            `max_results`, the size of a page, `date`, the newest moment wanted, and `end_date`,
            which counts as `since`.
        since: The oldest moment wanted.
        limit: The most messages wanted.
        resume: A position to go on from.
    """

    def __init__(
        self,
        operation: HistoryOperation,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
    ) -> None:
        begin = operation.date if operation.date != "recent" else None
        if isinstance(begin, str):
            begin = datetime.fromisoformat(begin)
        bounds = [each for each in (since, operation.end_date) if each is not None]
        if any(each.tzinfo is None for each in [*bounds, begin] if each is not None):
            raise ValueError(
                "a date needs an offset: datetime(2016, 9, 9, tzinfo=UTC), for example"
            )
        self._operation = operation
        self._since = max(bounds, default=None)
        self._left = limit
        self._finished = limit is not None and limit <= 0
        self.position = resume
        if resume is None and begin is not None:
            self.position = HistoryPosition(begin)
        self._date = None if self.position is None else _later(self.position.date)
        self._start_index = 0
        self._stale: list[str] = []

    def next_operation(self) -> HistoryOperation | None:
        """Return the page to fetch next, or `None` at the end."""
        if self._finished:
            return None
        if self._date is None:
            # A dated read may miss the newest messages: the first page is the live one.
            return msgspec.structs.replace(
                self._operation,
                date="recent",
                reverse=False,
                start_index=None,
                max_results=None,
                end_date=None,
            )
        return msgspec.structs.replace(
            self._operation,
            date=self._date,
            reverse=False,
            start_index=self._start_index,
            max_results=self._operation.max_results or LARGEST_PAGE,
            end_date=None,
        )

    def take(self, page: MessagePage) -> Iterator[Message]:
        """Give the page's messages that were not given before, the newest first.

        `position` moves on just before each is given.
        """
        items = page.items or []
        fresh = [message for message in items if self._is_new(message)]
        fresh.sort(key=attrgetter("date"), reverse=True)
        self._choose_next(page, fresh)
        for message in fresh:
            if not self._is_new(message):
                continue  # It stands there twice.
            if self._since is not None and message.date < self._since:
                self._finished = True
                return
            if self._left is not None:
                self._left -= 1
                self._finished = self._finished or self._left <= 0
            self._advance(message)
            yield message
            if self._left is not None and self._left <= 0:
                return

    def _choose_next(self, page: MessagePage, fresh: list[Message]) -> None:
        """Decide from which date, and how far behind it, to read on."""
        items = page.items or []
        if fresh:
            self._stale = []
        else:
            size = page.max_results or self._operation.max_results or LARGEST_PAGE
            has_next = page.links is not None and page.links.next is not None
            if not items or not (has_next or len(items) >= size):
                self._finished = True
                return
            ids = [message.id for message in items]
            if ids == self._stale:
                raise ResponseError(
                    f"{self._operation}: the same messages come again and again",
                    operation=self._operation,
                    where="$.items",
                )
            self._stale = ids
        oldest = fresh[-1].date if fresh else None
        # Within the same second, more messages than a page holds are reached by counting.
        if oldest is not None and (
            self._date is None or self._date - oldest > 2 * ROUNDING
        ):
            self._date = _later(oldest)
            self._start_index = 0
        else:
            self._start_index += len(items)

    def _is_new(self, message: Message) -> bool:
        last = self.position
        return (
            last is None
            or message.date < last.date
            or (message.date == last.date and message.id not in last.ids)
        )

    def _advance(self, message: Message) -> None:
        ids = frozenset([message.id])
        if self.position is not None and self.position.date == message.date:
            ids |= self.position.ids
        self.position = HistoryPosition(message.date, ids)


def _later(date: datetime) -> datetime:
    try:
        return date + ROUNDING
    except OverflowError:
        return date
