"""From one page to the next: pure decisions, and the walk back through a history.

The loops that fetch stand in `client.py`, two lines each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from operator import attrgetter
from types import NoneType
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from hipkit.api.errors import ResponseError
from hipkit.api.operation import Operation, check_timestamp
from hipkit.api.unreadable import HistoryPosition, UnreadableItem
from hipkit.client.decoding import OnUnreadable, item_error
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
    "items_in_order",
    "page_items",
]

T_co = TypeVar("T_co", covariant=True)

HistoryOperation = GetRoomHistory | GetPrivatechatHistory
LARGEST_PAGE = 1_000
"""The server's limit for `max-results`."""
ROUNDING = timedelta(seconds=1)
"""Servers may cut the date that they are asked for to whole seconds. Asking for a second more
misses nothing all the same, and what was given before is dropped."""


UNREADABLE = "unreadable-"
"""How the ids that are made for unreadable messages begin."""


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


def items_in_order(
    page: Page[T_co],
    unreadable: Sequence[UnreadableItem],
    on_unreadable: OnUnreadable | None,
) -> Iterator[T_co]:
    """Give a page's items, and hand over those that cannot be read when it is their turn.

    Raises:
        ResponseError: There is one, and nobody to hand it to.
        TypeError: What was answered is no page.
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


def history_operation(room: HistoryOperation | str | int) -> HistoryOperation:
    """Return the operation for a room named by id or name, or the one given.

    Raises:
        TypeError: It is none that reads a history.
    """
    if isinstance(room, (str, int)):
        return GetRoomHistory(room)
    if not isinstance(room, HistoryOperation):
        raise TypeError(
            "history takes a room's id or name, GetRoomHistory(...) or "
            f"GetPrivatechatHistory(...), not {_kind_of(room)}"
        )
    return room


def _kind_of(value: object) -> str:
    return value.__name__ if isinstance(value, type) else type(value).__name__


class HistoryWalk:
    """Walks back through a history by date, giving each message once, the newest first.

    Args:
        operation: Names the room or person, and may carry `timezone`, `include_deleted`, `expand`,
            `max_results`, the size of a page, `date`, the newest moment wanted, and `end_date`,
            which counts as `since`.
        since: The oldest moment wanted.
        limit: The most messages wanted.
        resume: A position to go on from.
        on_unreadable: Called with each message that cannot be read.
        now: The moment at which the walk begins, in UNIX seconds.
    """

    def __init__(
        self,
        operation: HistoryOperation,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
        on_unreadable: OnUnreadable | None = None,
        now: float | None = None,
    ) -> None:
        begin = _begin(operation.date)
        bounds = [
            check_timestamp(name, each)
            for name, each in (("since", since), ("end_date", operation.end_date))
            if each is not None
        ]
        if resume is not None:
            if not isinstance(resume, HistoryPosition):
                raise TypeError(
                    "resume must be a position, not "
                    f"{_kind_of(resume)}: HistoryPosition.from_json reads a stored one"
                )
            check_timestamp("resume.date", resume.date)
        if not isinstance(limit, (int, NoneType)):
            raise TypeError(f"limit must be a whole number, not {_kind_of(limit)}")
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
        self._on_unreadable = on_unreadable
        self._now = now
        # The unreadable messages that later pages may show again, and a moment that each of them
        # is not older than, where that is known.
        self._unreadable: dict[str, datetime | None] = {}
        if resume is not None:
            self._unreadable = dict.fromkeys(
                each for each in resume.ids if each.startswith(UNREADABLE)
            )

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

    def take(
        self, page: MessagePage, unreadable: Sequence[UnreadableItem] = ()
    ) -> Iterator[Message]:
        """Give the page's messages that were not given before, the newest first.

        `position` moves on just before each is given, or handed over.

        Args:
            page: The answer.
            unreadable: What of it could not be read.

        Raises:
            ResponseError: It is the turn of an unreadable one, and nobody to hand it to.
        """
        entries = self._entries(page.items or [], unreadable)
        for entry in entries:
            if entry.not_before is not None and entry.id in self._unreadable:
                self._unreadable[entry.id] = entry.not_before
        fresh = [entry for entry in entries if self._is_new(entry)]
        fresh.sort(key=attrgetter("date"), reverse=True)
        self._choose_next(page, entries, fresh)
        for entry in fresh:
            if not self._is_new(entry):
                continue  # It stands there twice.
            if self._since is not None and entry.date < self._since:
                self._finished = True
                return
            if isinstance(entry.content, UnreadableItem):
                self._unreadable[entry.id] = entry.not_before
                self._advance(entry)
                self._hand_over(entry.content)
                continue
            if self._left is not None:
                self._left -= 1
                self._finished = self._finished or self._left <= 0
            self._advance(entry)
            yield entry.content
            if self._left is not None and self._left <= 0:
                return

    def _hand_over(self, item: UnreadableItem) -> None:
        item = replace(item, position=self.position)
        if self._on_unreadable is None:
            raise item_error(item)
        self._on_unreadable(item)

    def _entries(
        self, messages: Sequence[Message], unreadable: Sequence[UnreadableItem]
    ) -> list[_Entry]:
        """Give each item of a page its moment; an unreadable one takes that of the one before it.

        Its own date is not trusted, even where it has one: a wrong one would end the walk. The
        moment taken is never older than the true one, so that whoever resumes misses nothing.
        """
        by_index = {item.index: item for item in unreadable}
        rest = iter(messages)
        items = [
            by_index[index] if index in by_index else next(rest)
            for index in range(len(messages) + len(by_index))
        ]
        known = [message.date for message in messages]
        if known and known[0] < known[-1]:
            items.reverse()  # A server that does not know `reverse=false`.
        is_sure = bool(known) and known[0] != known[-1]
        dates = [item.date if isinstance(item, Message) else None for item in items]
        before, after = _filled(dates), _filled(dates[::-1])[::-1]
        entries = []
        times: Counter[str] = Counter()
        for item, newer, older in zip(items, before, after, strict=True):
            if isinstance(item, Message):
                entries.append(_Entry(item.date, item.id, item))
                continue
            id = _id_of(item)
            times[id] += 1
            date = newer if newer and is_sure else self._newest_timestamp(item, known)
            if self.position is not None:
                date = min(date, self.position.date)
            not_before = older if newer and is_sure else None
            entries.append(_Entry(date, f"{id}-{times[id]}", item, not_before))
        return entries

    def _newest_timestamp(
        self, item: UnreadableItem, known: list[datetime]
    ) -> datetime:
        """Return a moment that nothing on a page is newer than."""
        if self.position is not None:
            return self.position.date
        if self._now is None:
            raise item_error(item)
        # Tomorrow: the server's clock need not be this one.
        tomorrow = datetime.fromtimestamp(self._now, UTC) + timedelta(days=1)
        return max([tomorrow, *known])

    def _choose_next(
        self, page: MessagePage, entries: list[_Entry], fresh: list[_Entry]
    ) -> None:
        """Decide from which date, and how far behind it, to read on."""
        if fresh:
            self._stale = []
        else:
            size = page.max_results or self._operation.max_results or LARGEST_PAGE
            has_next = page.links is not None and page.links.next is not None
            if not entries or not (has_next or len(entries) >= size):
                self._finished = True
                return
            ids = [entry.id for entry in entries]
            if ids == self._stale:
                raise ResponseError(
                    f"{self._operation}: the same messages come again and again",
                    operation=self._operation,
                    where="$.items",
                )
            self._stale = ids
        # Where no message can be read, none of the moments is sure: the page is counted.
        is_sure = any(isinstance(entry.content, Message) for entry in fresh)
        oldest = fresh[-1].date if fresh and (is_sure or self._date is None) else None
        # Within the same second, more messages than a page holds are reached by counting.
        if oldest is not None and (
            self._date is None or self._date - oldest > 2 * ROUNDING
        ):
            self._date = _later(oldest)
            self._start_index = 0
        else:
            self._start_index += len(entries)

    def _is_new(self, entry: _Entry) -> bool:
        last = self.position
        if last is None:
            return True
        if isinstance(entry.content, UnreadableItem):
            return entry.id not in self._unreadable
        return entry.date < last.date or (
            entry.date == last.date and entry.id not in last.ids
        )

    def _advance(self, entry: _Entry) -> None:
        ids = {entry.id}
        if self.position is not None and self.position.date == entry.date:
            ids |= self.position.ids
        # A later page may begin with one of these, and a later walk too.
        self._unreadable = {
            id: not_before
            for id, not_before in self._unreadable.items()
            if not_before is None or not_before - entry.date <= 2 * ROUNDING
        }
        self.position = HistoryPosition(
            entry.date, frozenset(ids | self._unreadable.keys())
        )


def _filled(dates: list[datetime | None]) -> list[datetime | None]:
    """Put the last moment before it wherever there is none."""
    last: datetime | None = None
    return [last := date or last for date in dates]


class _Entry(NamedTuple):
    """An item of a history's page, and the moment at which the walk takes it to be."""

    date: datetime
    id: str
    content: Message | UnreadableItem
    not_before: datetime | None = None


def _id_of(item: UnreadableItem) -> str:
    """Return what tells an unreadable message from others; its own id may be what is wrong."""
    text = msgspec.json.encode(item.raw, order="sorted")
    return f"{UNREADABLE}{sha256(text).hexdigest()[:24]}"


def _begin(date: datetime | str | None) -> datetime | None:
    """Return the newest moment wanted, or `None` for now."""
    if date is None or date == "recent":
        return None
    if isinstance(date, str):
        try:
            date = datetime.fromisoformat(date)
        except ValueError:
            raise ValueError(
                "date must be recent, or like 2016-09-09T12:30:00+00:00"
            ) from None
    return check_timestamp("date", date)


def _later(date: datetime) -> datetime:
    try:
        return date + ROUNDING
    except OverflowError:
        return date
