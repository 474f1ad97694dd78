"""The walk back through a history by date: which page is next, and what it adds (pure).

A history has no links to follow: messages arrive while it is read, and servers differ in how they
round dates, order messages and count. The walk therefore goes by the timestamps of the messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import inf
from operator import attrgetter
from types import NoneType
from typing import NamedTuple

import msgspec

from hipkit.api.bodies.writing import check_timestamp
from hipkit.api.errors import ResponseError
from hipkit.api.unreadable import HistoryPosition, OnUnreadable, UnreadableItem
from hipkit.client.decoding import report
from hipkit.client.paging import in_order
from hipkit.v2.models import Message, MessagePage
from hipkit.v2.rooms import GetRoomHistory
from hipkit.v2.users import GetPrivatechatHistory

__all__ = ["HistoryCursor", "HistoryOperation"]

HistoryOperation = GetRoomHistory | GetPrivatechatHistory
LARGEST_PAGE = 1_000
"""The server's limit for `max-results`."""
ROUNDING = timedelta(seconds=1)
"""Servers may truncate the requested date to whole seconds. The iteration therefore asks for one
second more, and drops messages that it has already returned."""
UNREADABLE = "unreadable-"
"""Prefix of the ids that are generated for unreadable messages."""
OLDEST = datetime.min.replace(tzinfo=UTC)


class HistoryCursor:
    """Walks back through a history by date and yields each message once, newest first.

    Args:
        room: A room's id or name, or an operation that names the room or user. Its `timezone`,
            `include_deleted` and `expand` are kept, `max_results` is the page size, `date` the
            newest timestamp to include, and `end_date` the same as `since`.
        since: Oldest timestamp to include, with UTC offset.
        limit: Maximum number of messages.
        resume: Position to continue after.
        on_unreadable: Called with each message that cannot be read.
        now: Time at which the walk begins, in UNIX seconds.

    Raises:
        TypeError: An argument is of another type.
        ValueError: A timestamp has no UTC offset.
    """

    def __init__(
        self,
        room: HistoryOperation | str | int,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        resume: HistoryPosition | None = None,
        on_unreadable: OnUnreadable | None = None,
        now: float,
    ) -> None:
        operation = _operation_of(room)
        bounds = (("since", since), ("end_date", operation.end_date))
        given = [check_timestamp(name, at) for name, at in bounds if at is not None]
        if not isinstance(limit, (int, NoneType)):
            raise TypeError(f"limit must be a whole number, not {_kind_of(limit)}")
        self.position = position = _begin(operation.date, resume)
        self._operation = operation
        self._since = max(given, default=None)
        self._left = inf if limit is None else limit
        self._ended = False
        self._date: datetime | None = None
        self._start_index = 0
        self._stale: list[str] = []
        # Tomorrow, since the server's clock may be ahead of this one.
        self._latest = datetime.fromtimestamp(now, UTC) + timedelta(days=1)
        self._handler = on_unreadable
        self._unreadable: list[UnreadableItem] = []
        self.on_unreadable = self._unreadable.append
        # The ids of what was returned and may come again -> the timestamp down to which it may.
        self._returned: dict[str, datetime] = {}
        if position is not None:
            self._date = _shifted(position.date, ROUNDING)
            self._returned = {
                id: OLDEST if id.startswith(UNREADABLE) else position.date
                for id in position.ids
            }

    def next_call(self) -> tuple[HistoryOperation, None] | None:
        """Return the call for the next page, or `None` at the end."""
        if self._ended or self._left <= 0:
            return None
        # A read by date may miss the newest messages, so the first page is read without one.
        is_first = self._date is None
        operation = msgspec.structs.replace(
            self._operation,
            date=self._date or "recent",
            reverse=False,
            start_index=None if is_first else self._start_index,
            max_results=None if is_first else self._page_size(),
            end_date=None,
        )
        return operation, None

    def take(self, page: MessagePage) -> Iterator[Message]:
        """Yield the page's messages that were not returned before, newest first.

        `position` advances just before each message is yielded or passed to `on_unreadable`.

        Raises:
            ResponseError: The next message is unreadable and there is no `on_unreadable`, or the
                server returns the same page again and again.
        """
        entries = self._entries(in_order(page.items or (), self._unreadable))
        for entry in entries:
            if entry.id in self._returned:
                self._returned[entry.id] = max(self._returned[entry.id], entry.until)
        fresh = [entry for entry in entries if self._is_new(entry)]
        fresh.sort(key=attrgetter("date"), reverse=True)
        self._choose_next(page, entries, fresh)
        for entry in fresh:
            if self._left <= 0:
                return
            if not self._is_new(entry):
                continue  # The page holds it twice.
            if self._since is not None and entry.date < self._since:
                self._ended = True
                return
            self._advance(entry)
            if isinstance(entry.content, UnreadableItem):
                item = msgspec.structs.replace(entry.content, position=self.position)
                report(item, self._handler)
            else:
                self._left -= 1
                yield entry.content

    def _page_size(self) -> int:
        return self._operation.max_results or LARGEST_PAGE

    def _entries(self, items: Sequence[Message | UnreadableItem]) -> list[_Entry]:
        """Return a page's items with timestamps; an unreadable one gets its newer neighbour's.

        Its own date is not trusted, since a wrong one would end the walk. The assumed timestamp
        is never older than the true one, so that resuming misses nothing.
        """
        known = [item.date for item in items if isinstance(item, Message)]
        if known and known[0] < known[-1]:
            items = items[::-1]  # A server that ignores `reverse=false`.
        is_sorted = bool(known) and known[0] != known[-1]
        dates = [
            item.date if isinstance(item, Message) and is_sorted else None
            for item in items
        ]
        last = self.position
        latest = max([self._latest, *known]) if last is None else last.date
        before, after = _filled(dates), _filled(dates[::-1])[::-1]
        entries = []
        times: Counter[str] = Counter()
        for item, newer, older in zip(items, before, after, strict=True):
            if isinstance(item, Message):
                entries.append(_Entry(item.date, item.id, item, item.date))
                continue
            id = _id_of(item)
            times[id] += 1
            date = min(newer or latest, latest)
            until = _shifted(older, -2 * ROUNDING) if newer and older else OLDEST
            entries.append(_Entry(date, f"{id}-{times[id]}", item, until))
        return entries

    def _choose_next(
        self, page: MessagePage, entries: list[_Entry], fresh: list[_Entry]
    ) -> None:
        """Set the date and the offset with which to continue."""
        stale = [] if fresh else [entry.id for entry in entries]
        if not fresh:
            has_next = page.links is not None and page.links.next is not None
            is_full = len(entries) >= (page.max_results or self._page_size())
            if not entries or not (has_next or is_full):
                self._ended = True
                return
            if stale == self._stale:
                raise ResponseError(
                    f"{self._operation}: the server returns the same messages again and again",
                    operation=self._operation,
                    where="$.items",
                )
        self._stale = stale
        # If no message is readable, no timestamp is reliable: continue by counting.
        is_sure = any(isinstance(entry.content, Message) for entry in fresh)
        # More messages within one second than a page holds are reached by counting.
        if fresh and (
            self._date is None
            or (is_sure and self._date - fresh[-1].date > 2 * ROUNDING)
        ):
            self._date = _shifted(fresh[-1].date, ROUNDING)
            self._start_index = 0
        else:
            self._start_index += len(entries)

    def _is_new(self, entry: _Entry) -> bool:
        last = self.position
        if last is None:
            return True
        if isinstance(entry.content, Message) and entry.date != last.date:
            return entry.date < last.date
        return entry.id not in self._returned

    def _advance(self, entry: _Entry) -> None:
        # A later page may begin with one of these, and so may a later walk.
        self._returned = {
            id: until for id, until in self._returned.items() if until <= entry.date
        }
        self._returned[entry.id] = entry.until
        self.position = HistoryPosition(entry.date, frozenset(self._returned))


class _Entry(NamedTuple):
    """An item of a history's page, with its assumed timestamp."""

    date: datetime
    id: str
    content: Message | UnreadableItem
    until: datetime
    """The timestamp of a walk down to which a later page may hold the item again."""


def _operation_of(room: HistoryOperation | str | int) -> HistoryOperation:
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


def _begin(
    date: datetime | str | None, resume: HistoryPosition | None
) -> HistoryPosition | None:
    """Return the position to continue after, or `None` to begin with the newest message."""
    if isinstance(date, str):
        try:
            date = None if date == "recent" else datetime.fromisoformat(date)
        except ValueError:
            raise ValueError(
                "date must be recent, or like 2016-09-09T12:30:00+00:00"
            ) from None
    if date is not None:
        check_timestamp("date", date)
    if resume is None:
        return None if date is None else HistoryPosition(date)
    if not isinstance(resume, HistoryPosition):
        raise TypeError(
            "resume must be a position, not "
            f"{_kind_of(resume)}: HistoryPosition.from_json reads a stored one"
        )
    check_timestamp("resume.date", resume.date)
    return resume


def _shifted(date: datetime, by: timedelta) -> datetime:
    try:
        return date + by
    except OverflowError:
        return date


def _filled(dates: list[datetime | None]) -> list[datetime | None]:
    """Replace each missing date by the last one before it."""
    last: datetime | None = None
    return [last := date or last for date in dates]


def _id_of(item: UnreadableItem) -> str:
    """Return an id for an unreadable message, from its content: its own id may be invalid."""
    text = msgspec.json.encode(item.raw, order="sorted")
    return f"{UNREADABLE}{sha256(text).hexdigest()[:24]}"
